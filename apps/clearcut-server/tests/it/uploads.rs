//! `PUT /v1/uploads/{id}`: the picture of a job that was announced.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clearcut_server::trust::signature::Signer;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::{
    support::{Server, client, photo},
    told::{ended, refusal, status},
};

const OLD: &str = "2025:the secret of last year";
const NEW: &str = "2026:the secret of this year";

async fn announce(server: &Server) -> (String, String) {
    let answer = client().post(server.at("/v1/jobs?crop=true")).send().await.unwrap();
    assert_eq!(answer.status(), 202);
    let job: Value = answer.json().await.unwrap();
    (job["job_id"].as_str().unwrap().to_owned(), job["upload_url"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn an_upload_starts_its_job_once() {
    let server = Server::start();
    let (id, url) = announce(&server).await;
    assert_eq!(status(&server, &id).await["status"], "awaiting_upload");
    let uploaded = client().put(&url).header("content-type", "image/png").body(photo(1)).send().await.unwrap();
    assert_eq!(uploaded.status(), 202);
    assert_eq!(uploaded.json::<Value>().await.unwrap()["job_id"], id);
    let done = ended(&server, &id).await;
    assert_eq!((&done["status"], &done["result"]["width"]), (&json!("done"), &done["result"]["foreground"]["width"]));
    assert_eq!(refusal(client().put(&url).body(photo(2))).await, (409, "upload_taken".to_owned()));
}

#[tokio::test]
async fn an_upload_that_came_past_the_server_is_noticed() {
    let server = Server::start();
    let (id, _) = announce(&server).await;
    let folder = server.folder.path().join("cache/store/uploads");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(&id), photo(1)).unwrap();
    assert_eq!(ended(&server, &id).await["status"], "done");
}

#[tokio::test]
async fn what_is_no_upload_leaves_the_job_waiting() {
    let server = Server::start_with(|settings| settings.load.max_upload_bytes = 100_000);
    let (id, url) = announce(&server).await;
    let put = || client().put(&url);
    let chunked = futures::stream::iter((0..11).map(|_| Ok::<_, std::io::Error>(vec![7_u8; 10_000])));
    for (request, expected) in [
        (put().body("<!doctype html>"), (415, "not_a_picture")),
        (put().header("content-type", "text/html").body(photo(1)), (415, "unsupported_format")),
        (put(), (400, "empty_input")),
        (put().body(vec![7; 100_001]), (413, "too_large")),
        (put().body(reqwest::Body::wrap_stream(chunked)), (413, "too_large")),
    ] {
        assert_eq!(refusal(request).await, (expected.0, expected.1.to_owned()));
    }
    assert_eq!(status(&server, &id).await["status"], "awaiting_upload");
    assert_eq!(put().body(photo(1)).send().await.unwrap().status(), 202);
}

#[tokio::test]
async fn a_signature_that_is_altered_or_has_expired_opens_nothing() {
    let server = Server::start();
    let (id, url) = announce(&server).await;
    let (_, other) = announce(&server).await;
    let forbidden = (403, "forbidden".to_owned());
    let (path, query) = url.split_once('?').unwrap();
    let expires = query.strip_prefix("expires=").unwrap().split_once('&').unwrap().0;
    let later = expires.parse::<u64>().unwrap() + 1;
    for altered in [
        path.to_owned(),
        url.replace(expires, &later.to_string()),
        format!("{path}?{}", other.split_once('?').unwrap().1),
        format!("{url}A"),
    ] {
        assert_eq!(refusal(client().put(&altered).body(photo(1))).await, forbidden, "{altered}");
    }
    assert_eq!(status(&server, &id).await["status"], "awaiting_upload");
}

#[tokio::test]
async fn the_operators_keys_sign_uploads_and_are_rotated() {
    let server = Server::start_with(|settings| {
        settings.access.signing_keys = [NEW, OLD].map(SecretString::from).into();
    });
    let (id, url) = announce(&server).await;
    assert!(url.contains("&key=2026&"), "{url}");
    let path = format!("/v1/uploads/{id}");
    let signed = |key: &str, at: SystemTime| {
        let signer = Signer::from_settings(&[SecretString::from(key)]).unwrap().unwrap();
        client().put(server.at(&signer.sign(&path, at))).body(photo(1))
    };
    let expired = signed(NEW, UNIX_EPOCH + Duration::from_secs(1));
    assert_eq!(refusal(expired).await, (403, "forbidden".to_owned()));
    let later = SystemTime::now() + Duration::from_mins(1);
    assert_eq!(refusal(signed("2026:somebody else's secret", later)).await, (403, "forbidden".to_owned()));
    assert_eq!(signed(OLD, later).send().await.unwrap().status(), 202, "the key before");
    let done = ended(&server, &id).await;
    let result = done["result_url"].as_str().unwrap();
    assert!(result.contains("signature="), "{result}");
    assert_eq!(client().get(result).send().await.unwrap().status(), 200);
}
