//! Signed URLs: for a while, and for one rendition, they stand for a key.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clearcut_server::trust::{
    key_file::{KeyFile, NewKey},
    keys::Role,
    signature::Signer,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::support::{Server, client, photo};

const OLD: &str = "2025:the secret of last year";
const NEW: &str = "2026:the secret of this year";

fn signer(key: &str) -> Signer {
    Signer::from_settings(&[SecretString::from(key)]).unwrap().unwrap()
}

#[tokio::test]
async fn a_signed_url_opens_its_rendition_and_no_other_until_it_expires() {
    let mut key = String::new();
    let server = Server::start_with(|settings| {
        let new = NewKey { name: "a test".to_owned(), role: Role::User, quota_per_day: None };
        let made = KeyFile::at(&settings.access.keys_file).add(new, SystemTime::now()).unwrap();
        key = made.key.expose_secret().to_owned();
        settings.access.require_key = true;
        settings.access.signing_keys = [NEW, OLD].map(SecretString::from).into();
    });
    let request =
        client().post(server.at("/v1/cutouts")).header("X-Api-Key", &key).header("Accept", "application/json");
    let described: Value = request.body(photo(1)).send().await.unwrap().json().await.unwrap();
    let url = described["url"].as_str().unwrap();
    let path = &url[server.url.len()..url.find('?').unwrap()];
    let status = async |url: &str| client().get(url).send().await.unwrap().status().as_u16();

    assert_eq!(status(url).await, 200, "{url}");
    let later = SystemTime::now() + Duration::from_mins(1);
    assert_eq!(status(&server.at(&signer(OLD).sign(path, later))).await, 200, "the key before");

    let expired = client().get(server.at(&signer(NEW).sign(path, UNIX_EPOCH + Duration::from_secs(1))));
    let expired = expired.send().await.unwrap();
    assert_eq!(expired.status(), 403);
    let problem: Value = expired.json().await.unwrap();
    assert_eq!(problem["code"], "forbidden");
    assert!(problem["detail"].as_str().unwrap().contains("expired"), "{problem}");

    let foreign = signer("2026:somebody else's secret").sign(path, later);
    let other = signer(NEW).sign("/v1/cutouts/other", later);
    for altered in [foreign, format!("{path}{}", &other[other.find('?').unwrap()..])] {
        assert_eq!(status(&server.at(&altered)).await, 403, "{altered}");
    }
    assert_eq!(status(&server.at(path)).await, 401, "without a signature it takes a key");
}
