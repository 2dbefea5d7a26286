//! One request as operators see it: its id, its span, its line in the log, its counts.

use std::{
    borrow::Cow,
    fmt,
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    pin::Pin,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::{Instant, SystemTime},
};

use actix_web::{
    body::{BodySize, BoxBody, MessageBody},
    dev::ServiceRequest,
    http::{
        Method, StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    web::{Bytes, Data},
};
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::{Span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use uuid::{Builder, Uuid};

use super::metrics::Request;
use crate::{load::Unread, native::renditions, service::Service, trust::address};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What is logged where the client left before there was an answer; nginx's number for it.
const CLIENT_LEFT: u16 = 499;

/// Names a request in the log, in traces and in its answer.
#[derive(Debug)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    /// The id that the client sent, if it is short and plain enough for a log; a new one that sorts by time otherwise.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let plain = |id: &&HeaderValue| {
            let id = id.as_bytes();
            (1..=64).contains(&id.len())
                && id.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        };
        Self(headers.get(REQUEST_ID).filter(plain).cloned().unwrap_or_else(|| {
            let mut text = Uuid::encode_buffer();
            HeaderValue::from_str(new_id().hyphenated().encode_lower(&mut text)).expect("digits and dashes")
        }))
    }

    /// For the answer, which is the last to be told.
    pub(crate) fn into_header(self) -> (HeaderName, HeaderValue) {
        (REQUEST_ID, self.0)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.to_str().expect("letters, digits, dashes and dots"))
    }
}

/// A version 7 id: the time, and 74 bits that no other request of this or another server has. `Uuid::now_v7` asks the
/// system for them, and takes a lock that all workers share: dearer than all else that a cached answer's watching costs.
fn new_id() -> Uuid {
    static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    // A keyed hash of a number that was not there before, which tells nobody what the next one will be.
    let (high, low) = (SEED.hash_one((count, 0_u8)).to_be_bytes(), SEED.hash_one((count, 1_u8)).to_be_bytes());
    let mut random = [0; 10];
    random[..8].copy_from_slice(&high);
    random[8..].copy_from_slice(&low[..2]);
    let now_ms = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    Builder::from_unix_timestamp_millis(now_ms.try_into().unwrap_or(u64::MAX), &random).into_uuid()
}

/// Watches a request until its answer is sent or its client is gone; then it is logged and counted.
#[derive(Debug)]
pub(crate) struct Watch {
    service: Data<Service>,
    span: Span,
    route: Cow<'static, str>,
    method: &'static str,
    client: IpAddr,
    received_bytes: u64,
    sent_bytes: u64,
    status: Option<StatusCode>,
    started: Instant,
}

impl Watch {
    pub(crate) fn begin(service: Data<Service>, request: &ServiceRequest, id: &RequestId) -> Self {
        let route = route(request);
        let method = method(request.method());
        let traced = service.settings.seeing.otlp_endpoint.is_some();
        let span = if traced { traced_span(request, method, &route, id) } else { span(method, &route, id) };
        let length = request.headers().get(header::CONTENT_LENGTH);
        let client = address::client(request.request(), &service.settings.access.trusted_proxies);
        service.metrics.request_began();
        Self {
            span,
            route,
            method,
            client,
            received_bytes: length.and_then(|length| length.to_str().ok()?.parse().ok()).unwrap_or(0),
            sent_bytes: 0,
            status: None,
            started: Instant::now(),
            service,
        }
    }

    /// The request's span.
    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    /// Notes the answer's status. What becomes of its body is watched on.
    pub(crate) fn answered(&mut self, status: StatusCode) {
        self.status = Some(status);
        self.span.record("http.response.status_code", status.as_u16());
        if status.is_server_error() {
            self.span.record("otel.status_code", "ERROR");
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let took = self.started.elapsed();
        let status = self.status.map_or(CLIENT_LEFT, |status| status.as_u16());
        let (duration_ms, bytes, client) = (took.as_secs_f64() * 1e3, self.sent_bytes, self.client);
        // Named as the parent, the span is entered by nobody where the line is not wanted.
        let span = &self.span;
        if self.status.is_none() {
            tracing::info!(parent: span, status, duration_ms, bytes, client.address = %client, "the client left");
        } else if self.route.starts_with("/health") || self.route == "/metrics" {
            // Asked for every few seconds by machines.
            tracing::debug!(parent: span, status, duration_ms, bytes, client.address = %client, "answered");
        } else {
            tracing::info!(parent: span, status, duration_ms, bytes, client.address = %client, "answered");
        }
        self.service.metrics.request_ended(Request {
            route: std::mem::take(&mut self.route),
            method: self.method,
            status,
            took,
            received_bytes: self.received_bytes,
            sent_bytes: self.sent_bytes,
        });
    }
}

/// An answer's body whose bytes are counted while they are sent.
#[derive(Debug)]
pub(crate) struct Watched {
    body: Body,
    watch: Watch,
    /// Until the answer is sent.
    _unread: Option<Unread>,
}

#[derive(Debug)]
enum Body {
    /// What is there already says nothing while it is sent, and needs no span.
    Whole(Bytes),
    Made(BoxBody),
}

impl Watched {
    pub(crate) fn new(body: impl MessageBody + 'static, watch: Watch, unread: Option<Unread>) -> Self {
        let body = match (body.size(), BoxBody::new(body)) {
            (BodySize::Sized(1..), body) => body.try_into_bytes().map_or_else(Body::Made, Body::Whole),
            (_, body) => Body::Made(body),
        };
        Self { body, watch, _unread: unread }
    }
}

impl MessageBody for Watched {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        match &self.body {
            Body::Whole(bytes) => BodySize::Sized(bytes.len() as u64),
            Body::Made(body) => body.size(),
        }
    }

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let Self { body, watch, .. } = self.get_mut();
        let chunk = match body {
            Body::Whole(bytes) => Poll::Ready((!bytes.is_empty()).then(|| Ok(std::mem::take(bytes)))),
            Body::Made(body) => {
                let _inside = watch.span.enter();
                Pin::new(body).poll_next(context)
            }
        };
        if let Poll::Ready(Some(Ok(bytes))) = &chunk {
            watch.sent_bytes += bytes.len() as u64;
        }
        chunk
    }
}

/// The pattern of the route. Here it is not known yet, and to find it takes as long as routing does; pictures, which are
/// most of what is asked for, are told by a look.
fn route(request: &ServiceRequest) -> Cow<'static, str> {
    renditions::pattern(request.path())
        .map(Cow::Borrowed)
        .or_else(|| request.match_pattern().map(Cow::Owned))
        .unwrap_or(Cow::Borrowed("unmatched"))
}

/// At level error, so that every line has its request, whatever the log's level is.
fn span(method: &str, route: &str, id: &RequestId) -> Span {
    tracing::error_span!("request", method, route, request_id = %id)
}

/// With what OpenTelemetry wants to know, as a part of the client's trace if it sent one.
fn traced_span(request: &ServiceRequest, method: &str, route: &str, id: &RequestId) -> Span {
    let span = tracing::error_span!(
        "request",
        method,
        route,
        request_id = %id,
        otel.name = %format_args!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = Empty,
        http.response.status_code = Empty,
    );
    // Fails where nothing listens for traces, which is no failure.
    let _ = span.set_parent(TraceContextPropagator::new().extract(&Headers(request.headers())));
    span
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

/// A method as a label: those that nobody knows are one.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn new_ids_differ_and_sort_by_time() {
        let ms = |id: &Uuid| id.as_u128() >> 80;
        let before = new_id();
        let ids: HashSet<Uuid> = (0..10_000).map(|_| new_id()).collect();
        assert_eq!(ids.len(), 10_000);
        assert!(ids.iter().all(|id| id.get_version_num() == 7 && ms(id) >= ms(&before)));
    }
}
