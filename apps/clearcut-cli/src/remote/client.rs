//! The server and the connections to it: the same call again until it is answered, or patience ends.

use std::{
    error::Error,
    net::IpAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::{Bytes, BytesMut};
use reqwest::{
    Client, RequestBuilder, Response, StatusCode, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION},
    redirect::Policy,
};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use secrecy::{ExposeSecret as _, SecretString};

use crate::exit::{Exit, Failure};

use super::{
    patience::{Calls, Patience, retry_after},
    problem::Problem,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// For a call that carries a picture, over a slow line.
const PICTURE_TIMEOUT: Duration = Duration::from_mins(10);
/// For one that carries a few words.
const WORDS_TIMEOUT: Duration = Duration::from_secs(30);
/// Notices a machine that is gone without a word.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// The longest answer that is read.
const MAX_ANSWER_BYTES: usize = 512 << 20;
/// How often a call is made that the server stumbles over.
const ATTEMPTS_AT_ERRORS: u32 = 3;
const MAX_REDIRECTS: usize = 5;

/// A Clearcut server.
#[derive(Debug)]
pub struct Server {
    client: Client,
    base: Url,
    key: Option<HeaderValue>,
    patience: Patience,
}

/// What the server answered, all of it.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Server {
    /// The server at `address`, which is given without a path below it.
    pub fn new(address: &Url, key: Option<&SecretString>, patience: Patience) -> Result<Self, Failure> {
        let base = base(address)?;
        let key = key.map(SecretString::expose_secret).filter(|key| !key.is_empty()).map(header_value).transpose()?;
        let mut builder = Client::builder()
            .user_agent(concat!("clearcut/", env!("CARGO_PKG_VERSION")))
            // Neither a picture nor the key goes where nobody sent it.
            .redirect(Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_keepalive(KEEP_ALIVE)
            .tls_backend_preconfigured(tls(&base)?);
        if is_loopback(&base) {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| tls_failure(&error))?;
        Ok(Self { client, base, key, patience })
    }

    /// Its address.
    pub fn address(&self) -> &str {
        self.base.as_str()
    }

    /// The address of one of its calls.
    pub fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        url.path_segments_mut().expect("the scheme was checked").pop_if_empty().extend(segments);
        url
    }

    /// An address in an answer: whole, or a path here.
    pub fn resolve(&self, address: &str) -> Option<Url> {
        self.base.join(address).ok().filter(|url| may_follow(&self.base, url))
    }

    /// Whether the server itself is at `url`.
    pub fn is_at(&self, url: &Url) -> bool {
        url.origin() == self.base.origin()
    }

    /// Sends something.
    ///
    /// # Errors
    ///
    /// Patience ended.
    pub async fn post(&self, url: &Url, fill: impl Fn(RequestBuilder) -> RequestBuilder) -> Result<Answer, Failure> {
        self.ask(Calls::NewPictures, url, || fill(self.client.post(url.clone()).timeout(PICTURE_TIMEOUT))).await
    }

    /// Asks for a few words.
    ///
    /// # Errors
    ///
    /// Patience ended.
    pub async fn get(&self, url: &Url) -> Result<Answer, Failure> {
        self.ask(Calls::All, url, || self.client.get(url.clone()).timeout(WORDS_TIMEOUT)).await
    }

    /// Asks for a file, wherever the server sends us for it.
    ///
    /// # Errors
    ///
    /// Patience ended.
    pub async fn get_file(&self, url: &Url) -> Result<Answer, Failure> {
        let mut url = url.clone();
        for _ in 0..MAX_REDIRECTS {
            let get = || self.client.get(url.clone()).timeout(PICTURE_TIMEOUT);
            let answer = self.ask(Calls::All, &url, get).await?;
            match answer.location(&url).filter(|to| may_follow(&url, to)) {
                Some(to) => url = to,
                None => return Ok(answer),
            }
        }
        let message = format!("{} redirects in a circle; nothing can be fetched from there", host(&url));
        Err(Failure::new(Exit::Server, "redirected", message))
    }

    async fn ask(&self, calls: Calls, url: &Url, request: impl Fn() -> RequestBuilder) -> Result<Answer, Failure> {
        let (mut attempt, mut errors) = (0, 0);
        loop {
            self.patience.pass(calls).await;
            let request = match &self.key {
                Some(key) if self.is_at(url) => request().header("x-api-key", key),
                _ => request(),
            };
            match receive(request).await {
                Ok(answer) => {
                    errors += u32::from(answer.status == StatusCode::INTERNAL_SERVER_ERROR);
                    let Some(reason) = answer.why_later(errors) else {
                        self.patience.good();
                        return Ok(answer);
                    };
                    let pause = retry_after(&answer.headers, SystemTime::now());
                    let calls = if reason.is_full_line() { Calls::NewPictures } else { Calls::All };
                    let reason = format!("{}: {}", host(url), reason.detail);
                    self.patience.pause(calls, pause, attempt, &reason)?;
                }
                Err(reason) => self.patience.pause(Calls::All, None, attempt, &format!("{}: {reason}", host(url)))?,
            }
            attempt += 1;
        }
    }
}

impl Answer {
    /// The type of its body, without parameters.
    pub fn media_type(&self) -> &str {
        let value = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim()
    }

    /// Where it redirects to, if it does.
    pub fn location(&self, from: &Url) -> Option<Url> {
        let location = self.status.is_redirection().then(|| self.headers.get(LOCATION)).flatten()?;
        from.join(location.to_str().ok()?).ok()
    }

    /// What the server says about a call that should be made again; `None` about any other. `errors` says how often it
    /// has stumbled over this one.
    fn why_later(&self, errors: u32) -> Option<Problem> {
        let again = match self.status {
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::BAD_GATEWAY
            | StatusCode::GATEWAY_TIMEOUT
            | StatusCode::REQUEST_TIMEOUT
            | StatusCode::INSUFFICIENT_STORAGE => true,
            StatusCode::INTERNAL_SERVER_ERROR => errors < ATTEMPTS_AT_ERRORS,
            _ => false,
        };
        again.then(|| Problem::of(self))
    }
}

/// Only to a web address, and from a protected one only to another.
fn may_follow(from: &Url, to: &Url) -> bool {
    to.scheme() == "https" || to.scheme() == "http" && from.scheme() == "http"
}

async fn receive(request: RequestBuilder) -> Result<Answer, String> {
    let reason = |error: reqwest::Error| innermost(&error);
    let mut response: Response = request.send().await.map_err(reason)?;
    let mut body = BytesMut::new();
    while let Some(piece) = response.chunk().await.map_err(reason)? {
        if body.len() + piece.len() > MAX_ANSWER_BYTES {
            return Err(format!("sends more than {MAX_ANSWER_BYTES} bytes"));
        }
        body.extend_from_slice(&piece);
    }
    let (status, headers) = (response.status(), response.headers().clone());
    Ok(Answer { status, headers, body: body.freeze() })
}

/// The cause that says most, and nothing of a query that may be a signature.
fn innermost(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "takes too long to answer".to_owned();
    }
    let mut reason: &dyn Error = error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    let what = if error.is_connect() { "cannot be reached" } else { "the connection broke off" };
    format!("{what} ({reason})")
}

fn base(address: &Url) -> Result<Url, Failure> {
    let wrong = |what: &str| Err(Failure::usage(format!("--remote {what}; give it as https://clearcut.example.com")));
    if !matches!(address.scheme(), "http" | "https") {
        return wrong("needs an address that begins with https:// or http://");
    }
    if !address.username().is_empty() || address.password().is_some() {
        return wrong("takes no password in the address, and a key only as --api-key or CLEARCUT_API_KEY");
    }
    if address.query().is_some() || address.fragment().is_some() {
        return wrong("takes an address without ? and #");
    }
    let mut base = address.clone();
    base.path_segments_mut().expect("the scheme was checked").pop_if_empty().push("");
    Ok(base)
}

fn header_value(key: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(key.trim())
        .map_err(|_| Failure::usage("--api-key holds characters that no key has; copy it again"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn host(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// A server on this machine is asked without a proxy.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// TLS by ring and the system's root certificates, without installing a provider for the whole process.
fn tls(base: &Url) -> Result<ClientConfig, Failure> {
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| tls_failure(&error))?;
    match builder.clone().with_platform_verifier() {
        Ok(builder) => Ok(builder.with_no_client_auth()),
        Err(error) if base.scheme() == "https" => Err(tls_failure(&error)),
        // Without root certificates no protected server is trusted, but none was asked for.
        Err(_) => Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth()),
    }
}

fn tls_failure(error: &dyn Error) -> Failure {
    let message = format!("cannot set up TLS: {error}; install the system's root certificates (ca-certificates)");
    Failure::new(Exit::Server, "tls_unavailable", message)
}

#[cfg(test)]
mod tests {
    use indicatif::ProgressBar;

    use super::*;

    fn server(address: &str) -> Result<Server, Failure> {
        let patience = Patience::new(Duration::ZERO, ProgressBar::hidden(), true);
        Server::new(&address.parse().unwrap(), Some(&SecretString::from("cc_secret")), patience)
    }

    #[test]
    fn calls_stand_below_the_address_that_was_given() {
        for (address, expected) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v1/jobs/a%2Fb"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/v1/jobs/a%2Fb"),
            ("http://127.0.0.1/clearcut", "http://127.0.0.1/clearcut/v1/jobs/a%2Fb"),
            ("http://127.0.0.1/clearcut/", "http://127.0.0.1/clearcut/v1/jobs/a%2Fb"),
        ] {
            assert_eq!(server(address).unwrap().url(&["v1", "jobs", "a/b"]).as_str(), expected);
        }
    }

    #[test]
    fn addresses_that_cannot_be_meant_are_refused() {
        for (address, words) in [
            ("ftp://127.0.0.1", "begins with https://"),
            ("mailto:a@b", "begins with https://"),
            ("http://me:secret@127.0.0.1", "takes no password"),
            ("http://127.0.0.1/?key=1", "without ? and #"),
        ] {
            let failure = server(address).unwrap_err();
            assert!(failure.message.contains(words), "{failure}");
            assert!(!failure.message.contains("secret"), "{failure}");
        }
    }

    #[test]
    fn the_key_is_for_the_server_alone_and_never_shown() {
        let server = server("http://127.0.0.1:8080").unwrap();
        let at = |url: &str| server.is_at(&url.parse().unwrap());
        assert!(at("http://127.0.0.1:8080/x?y"));
        assert!(!at("http://127.0.0.1:8081/") && !at("https://127.0.0.1:8080/") && !at("http://cdn.example.com/"));
        assert!(!format!("{server:?}").contains("cc_secret"));
    }

    #[test]
    fn a_protected_server_leads_to_no_unprotected_place() {
        let plain = server("http://127.0.0.1").unwrap();
        assert_eq!(plain.resolve("/v1/cutouts/a").unwrap().as_str(), "http://127.0.0.1/v1/cutouts/a");
        assert!(plain.resolve("https://cdn.example.com/a").is_some());
        assert!(plain.resolve("file:///etc/passwd").is_none());
        let url = |text: &str| text.parse::<Url>().unwrap();
        assert!(!may_follow(&url("https://a/"), &url("http://a/")));
    }
}
