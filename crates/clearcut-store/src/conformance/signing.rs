//! URLs for those without credentials.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, StatusCode, header};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use tokio::time::Instant;
use url::Url;

use super::subject::{LONG, Subject};
use crate::ObjectName;

/// By when a URL of a second's lifetime must be refused, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Somebody without credentials puts an upload, and it is there.
pub async fn a_signed_url_takes_a_put(subject: &Subject) {
    if !subject.signs() {
        return;
    }
    let name = ObjectName::upload("018f5a7e-signed").expect("an id");
    let url = upload_url(subject, &name, LONG).await;
    let answer = put(subject, url, "sent by somebody").send().await.expect("the server answers");
    assert!(answer.status().is_success(), "{}", answer.status());
    assert_eq!(subject.get(&name).await.expect("it was put").body, "sent by somebody");
}

/// Somebody without credentials gets a result, with what lets a browser and a CDN keep it.
pub async fn a_signed_url_answers_a_get_with_its_headers(subject: &Subject) {
    if !subject.signs() {
        return;
    }
    let name = subject.put("a picture").await;
    let url = subject.store().download_url(&name, LONG).await.expect("it signs").expect("it signs");
    let answer = client().get(url).send().await.expect("the server answers");
    assert_eq!(answer.status(), StatusCode::OK);
    let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
    assert_eq!(header(header::CONTENT_TYPE), Some("image/png"));
    assert_eq!(header(header::CACHE_CONTROL), Some("public, max-age=31536000, immutable"));
    assert_eq!(answer.bytes().await.expect("a body"), "a picture");
}

/// A URL is for one object, one method and one time.
pub async fn a_changed_or_expired_signature_is_refused(subject: &Subject) {
    if !(subject.signs() && subject.checks_signatures()) {
        return;
    }
    let [name, other] = ["name", "other"].map(|id| ObjectName::upload(id).expect("an id"));
    subject.put_upload("other", "not for everybody").await;
    let url = upload_url(subject, &name, LONG).await;

    let elsewhere = Url::parse(&url.as_str().replace(name.as_str(), other.as_str())).expect("a URL");
    let reading = client().request(Method::GET, elsewhere.clone());
    let mut extended = url.clone();
    extended.query_pairs_mut().clear();
    for (key, value) in url.query_pairs() {
        let value = if value.contains("20") && key == "se" { "2099-01-01T00:00:00Z".into() } else { value };
        extended.query_pairs_mut().append_pair(&key, &value);
    }
    assert_ne!(extended, url, "the behavior knows where the store writes the time");
    let mut unsigned = url.clone();
    unsigned.set_query(None);
    for request in [put(subject, elsewhere, "x"), reading, put(subject, extended, "x"), put(subject, unsigned, "x")] {
        let status = request.send().await.expect("the server answers").status();
        assert!(status.is_client_error(), "{status}");
    }
    assert_eq!(subject.get(&name).await, None);

    let short = upload_url(subject, &name, Duration::from_secs(1)).await;
    let signed = Instant::now();
    while put(subject, short.clone(), "late").send().await.expect("the server answers").status().is_success() {
        assert!(signed.elapsed() < PATIENCE, "a URL for a second was still taken after {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// A store that cannot sign answers no URL, and no error.
pub async fn a_store_that_signs_nothing_says_so(subject: &Subject) {
    let name = ObjectName::upload("unsigned").expect("an id");
    for url in [subject.store().upload_url(&name, LONG).await, subject.store().download_url(&name, LONG).await] {
        assert_eq!(url.expect("not signing is no error").is_some(), subject.signs());
    }
}

async fn upload_url(subject: &Subject, name: &ObjectName, lifetime: Duration) -> Url {
    subject.store().upload_url(name, lifetime).await.expect("it signs").expect("it signs")
}

fn put(subject: &Subject, url: Url, body: &'static str) -> RequestBuilder {
    let request = client().put(url).body(body);
    subject.store().upload_headers().iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

/// For servers on this machine, which have no TLS. A client wants to know its provider all the same.
fn client() -> Client {
    let tls = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    Client::builder().tls_backend_preconfigured(tls).no_proxy().build().expect("a client")
}
