//! What stands before the paths of answered URLs.

use std::time::SystemTime;

use actix_web::{
    HttpRequest,
    http::{header, uri::Authority},
};

use crate::service::Service;

/// Scheme and host without a slash at the end: those of the settings or of the request. Empty where neither says any.
pub(crate) fn origin(service: &Service, request: &HttpRequest) -> String {
    if let Some(base) = &service.settings.results.api_base_url {
        return base.trim_end_matches('/').to_owned();
    }
    // HTTP/2 has the host in the address, HTTP/1 in a header.
    let header = || request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    match request.uri().authority().map(Authority::as_str).or_else(header) {
        Some(host) => format!("{}://{host}", if request.app_config().secure() { "https" } else { "http" }),
        None => String::new(),
    }
}

/// The same for pictures: the shared cache in front, where there is one.
pub(crate) fn picture_origin<'a>(service: &'a Service, origin: &'a str) -> &'a str {
    service.settings.results.cdn_base_url.as_deref().map_or(origin, |base| base.trim_end_matches('/'))
}

/// `path`, signed where URLs are.
pub(crate) fn signed(service: &Service, path: String) -> String {
    match &service.signer {
        Some(signer) => signer.sign(&path, SystemTime::now() + service.settings.access.session_ttl),
        None => path,
    }
}
