//! `POST /v1/cutouts`: pictures and descriptions, as the client accepts them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::{
    RequestBuilder, Response,
    multipart::{Form, Part},
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Server, client, photo};

/// Status and `code` of a problem.
async fn refusal(request: RequestBuilder) -> (u16, String) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let problem: Value = answer.json().await.unwrap();
    (status, problem["code"].as_str().unwrap().to_owned())
}

async fn ok(request: RequestBuilder) -> Response {
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer
}

#[tokio::test]
async fn a_picture_carries_its_headers() {
    let server = Server::start();
    let photo = photo(1);
    let answer = ok(client().post(server.at("/v1/cutouts?crop=true")).body(photo.clone())).await;
    let headers = answer.headers().clone();
    let text = |name: &str| headers[name].to_str().unwrap().to_owned();
    let number = |name: &str| text(name).parse::<usize>().unwrap();
    assert_eq!(text("content-type"), "image/png");
    assert_eq!(text("x-cache"), "miss");
    assert_eq!(text("vary").to_lowercase().matches("accept").count(), 1 + text("vary").matches("ncoding").count());
    assert_eq!(text("content-location"), format!("/v1/cutouts/{}", text("x-cache-key")));
    assert_eq!(number("x-width"), number("x-foreground-width"), "cropped to the subject");
    assert_eq!(number("x-original-size"), photo.len());
    for stage in ["queue", "decode", "segment", "refine", "compose", "encode"] {
        assert!(text("server-timing").contains(&format!("{stage};dur=")));
    }
    assert!(headers.contains_key("x-request-id"));
    assert!(text("etag").starts_with('"'), "the tag is strong");
    let optimized = number("x-optimized-size");
    let picture = answer.bytes().await.unwrap();
    assert_eq!(picture.len(), optimized);
    assert!(picture.starts_with(b"\x89PNG"));
}

#[tokio::test]
async fn the_format_follows_accept_unless_it_is_given() {
    let server = Server::start();
    let post = |query: &str, accept: &'static str| {
        client().post(server.at(&format!("/v1/cutouts{query}"))).header("accept", accept).body(photo(1))
    };
    for (accept, media) in
        [("image/webp,*/*;q=0.8", "image/webp"), ("image/*", "image/png"), ("image/jpeg", "image/jpeg")]
    {
        let answer = ok(post("", accept)).await;
        assert_eq!(answer.headers()["content-type"], media);
        assert!(answer.headers().get_all("vary").iter().any(|vary| vary == "Accept"));
    }
    assert_eq!(ok(post("?format=webp", "image/png")).await.headers()["content-type"], "image/webp");
    assert_eq!(refusal(post("", "text/html")).await, (406, "not_acceptable".to_owned()));
}

#[tokio::test]
async fn json_describes_the_cut_out_and_holds_it_on_request() {
    let server = Server::start();
    let post = |query: &str| {
        client().post(server.at(&format!("/v1/cutouts{query}"))).header("accept", "application/json").body(photo(1))
    };
    let answer = ok(post("?crop=true&include=image")).await;
    assert_eq!(answer.headers()["x-cache"], "miss");
    let description: Value = answer.json().await.unwrap();
    assert_eq!(description["cache"], "miss");
    assert_eq!(description["tier"], "none");
    assert_eq!(description["media_type"], "image/png");
    assert_eq!(description["foreground"]["width"], description["width"]);
    assert!(description["foreground"]["coverage"].as_f64().unwrap() > 0.0);
    assert!(description["timings"]["segment_ms"].as_f64().unwrap() > 0.0);
    let image = STANDARD.decode(description["image_base64"].as_str().unwrap()).unwrap();
    assert_eq!(description["size"], image.len());

    let again: Value = ok(post("?crop=true")).await.json().await.unwrap();
    assert_eq!((&again["cache"], &again["tier"]), (&json!("hit"), &json!("memory")));
    assert!(again.get("image_base64").is_none());
    let picture = ok(client().get(again["url"].as_str().unwrap())).await.bytes().await.unwrap();
    assert_eq!(picture, image, "the URL answers the same bytes");
}

#[tokio::test]
async fn urls_stand_under_the_configured_address() {
    let server = Server::start_with(|settings| {
        settings.results.api_base_url = Some("https://cdn.example/pictures/".to_owned());
    });
    let request = client().post(server.at("/v1/cutouts")).header("accept", "application/json").body(photo(1));
    let description: Value = ok(request).await.json().await.unwrap();
    let key = description["key"].as_str().unwrap();
    assert_eq!(description["url"], format!("https://cdn.example/pictures/v1/cutouts/{key}"));
}

#[tokio::test]
async fn a_background_picture_is_a_file_or_base64() {
    let server = Server::start();
    let url = server.at("/v1/cutouts");
    let file = |name| Part::bytes(photo(7)).file_name(name);
    let form =
        Form::new().part("image", Part::bytes(photo(1)).file_name("a.png")).part("background_image", file("b.png"));
    let one = ok(client().post(&url).multipart(form)).await.bytes().await.unwrap();
    let json =
        json!({ "image_base64": STANDARD.encode(photo(1)), "background_image_base64": STANDARD.encode(photo(7)) });
    let other = ok(client().post(&url).json(&json)).await.bytes().await.unwrap();
    assert_eq!(one, other);
    let plain = ok(client().post(&url).body(photo(1))).await.bytes().await.unwrap();
    assert_ne!(one, plain);
}

#[rstest]
#[case::no_picture(json!({ "format": "png" }), 400, "missing_image")]
#[case::unknown_field(json!({ "image_base64": "QQ", "colour": "red" }), 400, "invalid_field")]
#[case::unknown_value(json!({ "image_base64": "QQ", "format": "bmp" }), 400, "invalid_field")]
#[case::out_of_range(json!({ "image_base64": "QQ", "quality": 101 }), 400, "invalid_field")]
#[case::exclusive_fields(json!({ "image_base64": "QQ", "channels": "alpha", "background": "red" }), 400, "invalid_plan")]
#[case::two_backgrounds(json!({ "image_base64": "QQ", "background": "red", "background_image_base64": "QQ" }), 400, "invalid_plan")]
#[case::two_pictures(json!({ "image_base64": "QQ", "image_url": "https://example.org/a.png" }), 400, "invalid_field")]
#[case::unknown_include(json!({ "image_base64": "QQ", "include": "matte" }), 400, "invalid_field")]
#[case::empty_picture(json!({ "image_base64": "" }), 400, "empty_input")]
#[case::no_picture_format(json!({ "image_base64": "QUJDREVGR0g" }), 415, "not_a_picture")]
#[case::private_address(json!({ "image_url": "http://127.0.0.1:1/a.png" }), 400, "url_refused")]
#[tokio::test]
async fn a_wrong_request_is_told_what_is_wrong(#[case] body: Value, #[case] status: u16, #[case] code: &str) {
    let server = Server::start();
    let refused = refusal(client().post(server.at("/v1/cutouts")).json(&body)).await;
    assert_eq!(refused, (status, code.to_owned()), "{body}");
}

#[tokio::test]
async fn doubled_fields_are_refused_wherever_they_stand() {
    let server = Server::start();
    let invalid = (400, "invalid_field".to_owned());
    for query in ["format=png&format=png", "max_width=9&max-width=9", "include=image&include=image"] {
        let request = client().post(server.at(&format!("/v1/cutouts?{query}"))).body(photo(1));
        assert_eq!(refusal(request).await, invalid, "{query}");
    }
    let image = || Part::bytes(photo(1)).file_name("a.png");
    let query_and_form = Form::new().text("format", "png").part("image", image());
    let request = client().post(server.at("/v1/cutouts?format=png")).multipart(query_and_form);
    assert_eq!(refusal(request).await, invalid);
    let two_images = Form::new().part("image", image()).part("image", image());
    assert_eq!(refusal(client().post(server.at("/v1/cutouts")).multipart(two_images)).await, invalid);
}

#[tokio::test]
async fn the_models_name_the_one_that_answers() {
    let server = Server::start();
    let models: Value = ok(client().get(server.at("/v1/models"))).await.json().await.unwrap();
    let active: Vec<&Value> =
        models["models"].as_array().unwrap().iter().filter(|model| model["active"] == true).collect();
    assert_eq!(active.len(), 1);
    assert_eq!(active[0]["name"], models["active"]);
    assert_eq!(active[0]["embedded"], true);
    assert_eq!(active[0]["input_side_px"], 320);
    assert!(active[0]["size"].as_u64().unwrap() > 0 && active[0]["license"].is_string());
}
