//! `/openapi.json` and `/docs`: complete, and from this server alone.

use serde_json::Value;

use crate::support::{Server, client};

#[tokio::test]
async fn the_document_describes_every_native_call_and_every_field_of_a_plan() {
    let server = Server::start();
    let document: Value = client().get(server.at("/openapi.json")).send().await.unwrap().json().await.unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    for (path, method) in [("/v1/cutouts", "post"), ("/v1/cutouts/{key}", "get"), ("/v1/models", "get")] {
        assert!(document["paths"][path][method].is_object(), "{method} {path}");
    }
    for (shape, extra) in [("CutoutForm", "image"), ("CutoutJson", "image_base64")] {
        let fields = &document["components"]["schemas"][shape]["properties"];
        let described = clearcut::plan::FIELDS.iter().map(|field| field.name).chain([extra]);
        for name in described {
            assert!(fields[name]["type"] == "string", "{shape}.{name}");
        }
    }
}

#[tokio::test]
async fn every_reference_of_the_document_leads_somewhere() {
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let server = Server::start();
    let document: Value = client().get(server.at("/openapi.json")).send().await.unwrap().json().await.unwrap();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn every_described_path_is_mounted_and_answers_no_other_verb() {
    let server = Server::start();
    let document: Value = client().get(server.at("/openapi.json")).send().await.unwrap().json().await.unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        let url = server.at(&path.replace(['{', '}'], ""));
        let answer = client().request("TRACE".parse().unwrap(), url).send().await.unwrap();
        assert_eq!(answer.status(), 405, "{path}");
        let allowed = answer.headers()["allow"].to_str().unwrap().to_lowercase();
        for method in item.as_object().unwrap().keys() {
            assert!(allowed.split(", ").any(|allowed| allowed == method), "{method} {path}: {allowed}");
        }
    }
}

#[tokio::test]
async fn the_page_and_its_files_come_from_the_binary() {
    let server = Server::start();
    let redirect = client().get(server.at("/docs")).send().await.unwrap();
    assert_eq!(redirect.headers()["location"], "/docs/");
    let page = client().get(server.at("/docs/")).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let page = page.text().await.unwrap();
    let sources = page.split(['"', '\'']).filter(|text| text.contains(".js") || text.contains(".css"));
    let sources: Vec<&str> = sources.filter(|text| !text.contains(char::is_whitespace)).collect();
    assert!(!sources.is_empty());
    for source in sources {
        assert!(!source.contains("//"), "{source} is somebody else's");
        let url = server.at(&format!("/docs/{}", source.trim_start_matches("./")));
        assert_eq!(client().get(url).send().await.unwrap().status(), 200, "{source}");
    }
}

#[test]
fn the_page_of_the_wire_lists_every_code_with_its_status() {
    let page = include_str!("../../../../docs/wire-native.md");
    for code in clearcut_server::failure::Code::ALL {
        let row = format!("| `{}` | {} |", code.as_str(), code.status().as_u16());
        assert!(page.contains(&row), "{row}");
    }
}
