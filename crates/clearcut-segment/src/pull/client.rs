//! The HTTP client of the downloads.

use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

use super::PullError;

/// No byte for this long means that the connection is dead.
const SILENCE: Duration = Duration::from_mins(1);
const CONNECT: Duration = Duration::from_secs(30);

/// A client for `source`. It never leaves a protected connection for an unprotected one, and asks a server on this
/// machine without a proxy.
pub(super) fn build(source: &str, max_redirects: usize) -> Result<Client, PullError> {
    let redirects = Policy::custom(move |attempt| {
        let downgraded =
            attempt.url().scheme() != "https" && attempt.previous().iter().any(|url| url.scheme() == "https");
        if downgraded || attempt.previous().len() > max_redirects {
            attempt.error("redirected too often or to an unprotected address")
        } else {
            attempt.follow()
        }
    });
    let mut builder = Client::builder()
        .user_agent(concat!("clearcut/", env!("CARGO_PKG_VERSION")))
        .redirect(redirects)
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        .tls_backend_preconfigured(tls(source)?);
    if is_loopback(source) {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| PullError::Tls(error.to_string()))
}

/// TLS by ring and the system's root certificates, without installing a provider for the whole process.
fn tls(source: &str) -> Result<ClientConfig, PullError> {
    let failed = |error: rustls::Error| PullError::Tls(error.to_string());
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(failed)?;
    match builder.clone().with_platform_verifier() {
        Ok(builder) => Ok(builder.with_no_client_auth()),
        Err(error) if source.starts_with("https:") => Err(failed(error)),
        // Without root certificates no protected server is trusted, but none was asked for.
        Err(_) => Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth()),
    }
}

fn is_loopback(source: &str) -> bool {
    let host = Url::parse(source).ok().and_then(|url| url.host_str().map(str::to_owned));
    host.is_some_and(|host| host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback()))
}
