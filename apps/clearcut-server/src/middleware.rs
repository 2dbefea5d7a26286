//! What happens around every request: its id, its span, security headers, counts, and a panic's answer.

use std::panic::AssertUnwindSafe;

use actix_cors::Cors;
use actix_web::{
    Error, HttpMessage as _,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::header::{
        self, AcceptEncoding, CONTENT_ENCODING, CONTENT_TYPE, Encoding, HeaderMap, HeaderName, HeaderValue,
    },
    middleware::{Compress, Condition, Next},
    web::Data,
};
use futures::FutureExt as _;
use tracing::Instrument as _;

use crate::{
    failure::Failure,
    load::Unread,
    seeing::watch::{RequestId, Watch, Watched},
    service::Service,
    settings::{AccessSettings, Settings},
};

/// What every answer says, unless a handler said otherwise.
const SECURITY: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin"),
];

/// The outermost layer: names and watches the request, answers for panics, puts id and security headers on answers.
pub async fn respond(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let service = request.app_data::<Data<Service>>().cloned().expect("the service is mounted in the same breath");
    let id = RequestId::of(request.headers());
    let mut watch = Watch::begin(service.clone(), &request, &id);
    tame_encodings(&mut request);
    let unread = Unread::hold(&mut request);
    let answered = AssertUnwindSafe(next.call(request)).catch_unwind().instrument(watch.span().clone()).await;
    let error = match answered {
        Ok(Ok(mut response)) => {
            finish(response.headers_mut(), id, &service.settings);
            watch.answered(response.status());
            return Ok(response.map_body(|_, body| Watched::new(body, watch, unread)));
        }
        Ok(Err(error)) => error,
        Err(panic) => watch.span().in_scope(|| Failure::internal(format_args!("panic: {}", message(&*panic)))).into(),
    };
    let mut response = error.as_response_error().error_response();
    finish(response.headers_mut(), id, &service.settings);
    watch.answered(response.status());
    Err(InternalError::from_response(
        error,
        response.map_body(|_, body| Watched::new(body, watch, unread)).map_into_boxed_body(),
    )
    .into())
}

/// Text is compressed by the next layer outside; everything else is compressed already, and says so until
/// [`respond`] takes it back.
pub async fn keep_pictures(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    let kind = headers.get(CONTENT_TYPE);
    if !kind.is_some_and(is_left_alone) && !kind.is_some_and(is_text) && !headers.contains_key(CONTENT_ENCODING) {
        headers.insert(CONTENT_ENCODING, IDENTITY);
    }
    Ok(response)
}

/// Compresses what [`keep_pictures`] leaves to it.
pub fn compress() -> Compress {
    Compress::default()
}

/// Which origins browsers may call from; cookies never come along.
pub fn cors(access: &AccessSettings) -> Condition<Cors> {
    let mut cors = Cors::default().allow_any_method().allow_any_header().expose_any_header().max_age(3600);
    for origin in &access.cors_origins {
        cors = if origin == "*" { cors.allow_any_origin().send_wildcard() } else { cors.allowed_origin(origin) };
    }
    Condition::new(!access.cors_origins.is_empty(), cors)
}

const IDENTITY: HeaderValue = HeaderValue::from_static("identity");

/// What [`compress`] leaves alone by itself: pictures but drawings, the bulk of all answers.
fn is_left_alone(content_type: &HeaderValue) -> bool {
    let content_type = content_type.as_bytes();
    content_type.starts_with(b"image/") && !content_type.starts_with(b"image/svg")
}

fn is_text(content_type: &HeaderValue) -> bool {
    let Ok(content_type) = content_type.to_str() else { return false };
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.starts_with("text/")
        || essence.ends_with("+json")
        || matches!(essence, "application/json" | "application/javascript" | "image/svg+xml")
}

fn finish(headers: &mut HeaderMap, id: RequestId, settings: &Settings) {
    let (name, id) = id.into_header();
    headers.insert(name, id);
    if headers.get(CONTENT_ENCODING) == Some(&IDENTITY) {
        headers.remove(CONTENT_ENCODING);
    }
    let is_page = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let mut unless_said = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    for (name, value) in SECURITY {
        unless_said(name, value);
    }
    if settings.listen.tls_certificate.is_some() {
        unless_said(header::STRICT_TRANSPORT_SECURITY, "max-age=63072000");
    }
    if !is_page {
        unless_said(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    }
}

/// A client that accepts no encoding that there is gets none, which RFC 9110 (12.5.3) prefers to an error; the layer
/// that compresses would refuse it in a shape that no wire knows.
fn tame_encodings(request: &mut ServiceRequest) {
    let Some(sent) = request.headers().get(header::ACCEPT_ENCODING) else { return };
    let ours = [Encoding::identity(), Encoding::brotli(), Encoding::gzip(), Encoding::deflate()];
    // Nothing is excluded without a weight of 0: the usual header costs one search.
    let excluded = sent.as_bytes().windows(3).any(|part| part == b"q=0");
    let refused = excluded
        && request.get_header::<AcceptEncoding>().is_some_and(|accepted| accepted.negotiate(ours.iter()).is_none());
    if refused {
        request.headers_mut().remove(header::ACCEPT_ENCODING);
    }
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use actix_web::{App, body::to_bytes, middleware::from_fn, test as actix_test, web};
    use clearcut::Engine;

    use super::*;

    async fn broken() -> &'static str {
        panic!("a bug with a secret name")
    }

    #[actix_web::test]
    async fn a_panic_is_a_problem_that_names_the_request_and_not_the_bug() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::default();
        settings.access.keys_file = folder.path().join("keys.toml");
        let service = Data::new(Service::new(Engine::builder().build().unwrap(), settings).unwrap());
        let app = App::new().app_data(service.clone()).route("/broken", web::get().to(broken)).wrap(from_fn(respond));
        let app = actix_test::init_service(app).await;

        let request = actix_test::TestRequest::get().uri("/broken").insert_header(("x-request-id", "order-19"));
        let error = actix_test::try_call_service(&app, request.to_request()).await.map(drop).unwrap_err();
        let response = error.as_response_error().error_response();

        assert_eq!(response.status(), 500);
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap());
        assert_eq!(header("content-type"), Some("application/problem+json"));
        assert_eq!((header("x-request-id"), header("x-content-type-options")), (Some("order-19"), Some("nosniff")));
        let body = to_bytes(response.into_body()).await.unwrap();
        let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem["code"], "internal_error");
        assert!(!problem.to_string().contains("secret name"), "{problem}");
        let counted = "clearcut_http_requests_total{route=\"/broken\",method=\"GET\",status=\"500\"} 1";
        assert!(crate::seeing::metrics::Metrics::scrape(&service).contains(counted));
    }

    #[test]
    fn text_is_told_from_what_is_compressed_already() {
        for (content_type, expected) in [
            ("text/html; charset=utf-8", true),
            ("application/json", true),
            ("application/problem+json", true),
            ("image/svg+xml", true),
            ("image/png", false),
            ("application/zip", false),
            ("application/octet-stream", false),
            ("video/mp4", false),
        ] {
            assert_eq!(is_text(&HeaderValue::from_static(content_type)), expected, "{content_type}");
        }
    }
}
