//! `GET` and `HEAD /v1/cutouts/{key}`: what clients and caches on the way may rely on.

use reqwest::{Method, Response};
use rstest::rstest;
use serde_json::Value;

use crate::support::{Server, client, photo};

/// A server and the address, entity tag and bytes of a rendition on it.
struct Rendition {
    server: Server,
    url: String,
    tag: String,
    bytes: Vec<u8>,
}

async fn rendition() -> Rendition {
    let server = Server::start();
    let answer = client().post(server.at("/v1/cutouts?border=2&border_color=red")).body(photo(1)).send().await.unwrap();
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    let (url, tag) = (server.at(&header("content-location")), header("etag"));
    Rendition { server, url, tag, bytes: answer.bytes().await.unwrap().to_vec() }
}

impl Rendition {
    async fn ask(&self, method: Method, headers: &[(&str, &str)]) -> Response {
        let request = client().request(method, &self.url);
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).send().await.unwrap()
    }
}

#[tokio::test]
async fn a_rendition_is_found_by_its_key_and_may_be_kept_for_ever() {
    let rendition = rendition().await;
    let answer = rendition.ask(Method::GET, &[]).await;
    assert_eq!(answer.status(), 200);
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "image/png");
    assert_eq!(header("cache-control"), "public, max-age=31536000, immutable, s-maxage=86400");
    assert_eq!(header("etag"), rendition.tag);
    assert_eq!(header("accept-ranges"), "bytes");
    assert_eq!(header("x-cache"), "hit");
    assert!(!answer.headers().contains_key("x-original-size"), "the upload is not known here");
    assert_eq!(answer.bytes().await.unwrap(), rendition.bytes);
}

#[tokio::test]
async fn a_head_has_the_length_and_no_body() {
    let rendition = rendition().await;
    let answer = rendition.ask(Method::HEAD, &[("range", "bytes=0-9")]).await;
    assert_eq!(answer.status(), 200, "a range means nothing to HEAD");
    assert_eq!(answer.headers()["content-length"], rendition.bytes.len().to_string());
    assert_eq!(answer.headers()["etag"], rendition.tag);
    assert!(answer.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_known_entity_tag_is_answered_304() {
    let rendition = rendition().await;
    let weak = format!("W/{}", rendition.tag);
    let among_others = format!("\"other\", {}", rendition.tag);
    for known in [rendition.tag.as_str(), &weak, &among_others, "*"] {
        for method in [Method::GET, Method::HEAD] {
            let answer = rendition.ask(method, &[("if-none-match", known)]).await;
            assert_eq!(answer.status(), 304, "{known}");
            assert_eq!(answer.headers()["etag"], rendition.tag);
            assert!(answer.headers().contains_key("cache-control"));
            assert!(answer.bytes().await.unwrap().is_empty());
        }
    }
    for unknown in ["\"other\"", "", "nonsense"] {
        assert_eq!(rendition.ask(Method::GET, &[("if-none-match", unknown)]).await.status(), 200, "{unknown}");
    }
}

#[tokio::test]
async fn one_range_is_answered_with_that_part() {
    let rendition = rendition().await;
    let total = rendition.bytes.len();
    let past_the_end = format!("bytes=10-{}", total + 100);
    let longer = format!("bytes=-{}", total + 100);
    for (range, expected) in [
        ("bytes=0-0", 0..1),
        ("bytes=3-9", 3..10),
        ("bytes=10-", 10..total),
        ("bytes=-7", total - 7..total),
        (past_the_end.as_str(), 10..total),
        (longer.as_str(), 0..total),
    ] {
        let answer = rendition.ask(Method::GET, &[("range", range)]).await;
        assert_eq!(answer.status(), 206, "{range}");
        let stated = format!("bytes {}-{}/{total}", expected.start, expected.end - 1);
        assert_eq!(answer.headers()["content-range"], stated, "{range}");
        assert_eq!(answer.headers()["content-length"], expected.len().to_string(), "{range}");
        assert_eq!(answer.bytes().await.unwrap(), rendition.bytes[expected], "{range}");
    }
}

#[tokio::test]
async fn a_range_beyond_the_end_is_refused_with_the_length() {
    let rendition = rendition().await;
    let total = rendition.bytes.len();
    for range in [format!("bytes={total}-"), "bytes=-0".to_owned()] {
        let answer = rendition.ask(Method::GET, &[("range", &range)]).await;
        assert_eq!(answer.status(), 416, "{range}");
        assert_eq!(answer.headers()["content-range"], format!("bytes */{total}"));
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], "range_not_satisfiable");
    }
}

#[tokio::test]
async fn what_is_no_single_range_of_the_same_picture_is_answered_whole() {
    let rendition = rendition().await;
    let weak = format!("W/{}", rendition.tag);
    for headers in [
        [("range", "bytes=0-1,4-5"), ("accept", "*/*")],
        [("range", "pages=1-2"), ("accept", "*/*")],
        [("range", "bytes=b-a"), ("accept", "*/*")],
        [("range", "bytes=0-3"), ("if-range", "\"other\"")],
        [("range", "bytes=0-3"), ("if-range", weak.as_str())],
        [("range", "bytes=0-3"), ("if-range", "Sat, 29 Oct 1994 19:43:31 GMT")],
    ] {
        let answer = rendition.ask(Method::GET, &headers).await;
        assert_eq!(answer.status(), 200, "{headers:?}");
        assert_eq!(answer.bytes().await.unwrap(), rendition.bytes, "{headers:?}");
    }
    let same = rendition.ask(Method::GET, &[("range", "bytes=0-3"), ("if-range", &rendition.tag)]).await;
    assert_eq!(same.status(), 206);
}

#[tokio::test]
async fn keys_are_found_in_every_spelling_of_the_path() {
    let rendition = rendition().await;
    let encoded = rendition.url.replacen("remove_bg:", "remove%5Fbg%3A", 1);
    assert_eq!(client().get(encoded).send().await.unwrap().status(), 200);
}

#[rstest]
#[case::unknown("/v1/cutouts/remove_bg:00:0:ffffff:00")]
#[case::no_key("/v1/cutouts/nonsense")]
#[case::a_matte("/v1/cutouts/matte:00:00")]
#[case::encoded("/v1/cutouts/%23%3A%ff%00")]
#[case::a_slash("/v1/cutouts/a%2Fb")]
#[tokio::test]
async fn other_keys_are_not_found(#[case] path: &str) {
    let server = Server::start();
    let answer = client().get(server.at(path)).send().await.unwrap();
    assert_eq!(answer.status(), 404);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
}

#[tokio::test]
async fn other_verbs_are_told_which_ones_are_answered() {
    let rendition = rendition().await;
    for (path, allowed) in [("/v1/cutouts/key", "GET, HEAD"), ("/v1/cutouts", "POST"), ("/v1/models", "GET")] {
        let answer = client().delete(rendition.server.at(path)).send().await.unwrap();
        assert_eq!(answer.status(), 405, "{path}");
        assert_eq!(answer.headers()["allow"], allowed, "{path}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], "method_not_allowed");
    }
}

#[tokio::test]
async fn where_a_key_is_needed_a_signed_url_is_one() {
    let server = Server::start_with(|settings| {
        settings.access.signing_keys = vec!["2026:a secret of the operator".to_owned().into()];
    });
    let request = client().post(server.at("/v1/cutouts")).header("accept", "application/json").body(photo(1));
    let description: Value = request.send().await.unwrap().json().await.unwrap();
    let signed = description["url"].as_str().unwrap();
    assert!(signed.contains("expires=") && signed.contains("signature="), "{signed}");
    let answer = client().get(signed).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let altered = signed.replace("expires=1", "expires=2");
    assert_eq!(client().get(altered).send().await.unwrap().status(), 403);

    // The same keys on a server that lets nobody in without one.
    let closed = Server::start_with(|settings| {
        settings.access.signing_keys = vec!["2026:a secret of the operator".to_owned().into()];
        settings.access.require_key = true;
    });
    let there = signed.replace(&server.url, &closed.url);
    let answer = client().get(&there).send().await.unwrap();
    assert_eq!(answer.status(), 404, "let in, although there is nothing");
    let answer = client().get(there.split('?').next().unwrap()).send().await.unwrap();
    assert_eq!(answer.status(), 401);
}
