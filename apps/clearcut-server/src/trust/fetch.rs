//! Fetching pictures by URL without becoming somebody's door into the own network.

mod delivery;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use clearcut_image::{DecodeError, Limits, probe};
use reqwest::{
    Client, Response, StatusCode,
    header::{ACCEPT, LOCATION},
    redirect::Policy,
};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use url::Url;

pub(crate) use self::delivery::Undelivered;
use super::destination::{Destinations, Refused};
use crate::{
    failure::{Code, Failure, Outcome},
    settings::FetchSettings,
};

/// For the connection alone, of the time for the whole picture.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// So many bytes tell a picture from something else; the rest of something else is not fetched.
const SIGNATURE_BYTES: usize = 1 << 10;
/// Room that is made at first; a length that is announced is only announced.
const FIRST_BYTES: u64 = 256 << 10;

/// Fetches pictures from the public internet, and from nowhere else.
#[derive(Debug)]
pub struct Fetcher {
    client: Client,
    destinations: Destinations,
    enabled: bool,
    timeout: Duration,
    max_redirects: usize,
}

/// What a host answered.
enum Answer {
    Body(Response),
    Redirect(String),
}

impl Fetcher {
    /// A fetcher with the limits of the settings.
    ///
    /// # Errors
    ///
    /// The client cannot be set up.
    pub fn new(settings: &FetchSettings) -> anyhow::Result<Self> {
        let destinations = Destinations::new(&settings.allowed_networks);
        let client = Client::builder()
            .user_agent(concat!("clearcut/", env!("CARGO_PKG_VERSION")))
            // A proxy would connect to what was never checked, and so would a redirect that is followed unseen.
            .no_proxy()
            .redirect(Policy::none())
            .dns_resolver(Arc::new(destinations.clone()))
            .tls_backend_preconfigured(tls()?)
            .connect_timeout(CONNECT_TIMEOUT.min(settings.timeout))
            // Hosts are chosen by strangers: no connection to one is kept.
            .pool_max_idle_per_host(0)
            .build()?;
        let FetchSettings { enabled, timeout, max_redirects, .. } = *settings;
        Ok(Self { client, destinations, enabled, timeout, max_redirects })
    }

    /// The bytes behind `url`, at most `limit_bytes` of them.
    ///
    /// # Errors
    ///
    /// [`Code::UrlRefused`] for what may not be fetched, [`Code::UrlFailed`] for what gives no picture, and
    /// [`Code::TooLarge`]. The sentence names the host and its status; the log has the cause.
    pub async fn fetch(&self, url: &str, limit_bytes: u64) -> Outcome<Bytes> {
        self.check_picture(url)?;
        let url = self.destinations.parse(url).map_err(|reason| refused(&reason))?;
        let host = host(&url);
        match tokio::time::timeout(self.timeout, self.follow(url, limit_bytes)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(failed(&host, "took too long to answer")),
        }
    }

    /// Whether a picture may be fetched from `url`, as far as that can be told without asking anybody.
    ///
    /// # Errors
    ///
    /// [`Code::UrlRefused`]
    pub(crate) fn check_picture(&self, url: &str) -> Outcome<()> {
        if !self.enabled {
            return Err(Failure::new(Code::UrlRefused, "this server fetches no pictures; upload the picture itself"));
        }
        self.check(url)
    }

    /// Goes where redirects lead, each of which is checked like the first address.
    async fn follow(&self, mut url: Url, limit_bytes: u64) -> Outcome<Bytes> {
        for _ in 0..=self.max_redirects {
            let location = match self.ask(&url).await? {
                Answer::Body(response) => return picture(&host(&url), response, limit_bytes).await,
                Answer::Redirect(location) => location,
            };
            url = self.redirected(&url, &location)?;
        }
        Err(failed(&host(&url), "redirects too often"))
    }

    /// Where a redirect leads, if it may be followed.
    fn redirected(&self, from: &Url, location: &str) -> Outcome<Url> {
        let to = from.join(location).map_err(|_| failed(&host(from), "redirects to something that is no URL"))?;
        if from.scheme() == "https" && to.scheme() == "http" {
            return Err(refused(&Refused::DOWNGRADE));
        }
        self.destinations.check(&to).map_err(|reason| refused(&reason))?;
        Ok(to)
    }

    async fn ask(&self, url: &Url) -> Outcome<Answer> {
        let host = host(url);
        let response =
            self.client.get(url.clone()).header(ACCEPT, "image/*").send().await.map_err(
                |error| match Refused::behind(&error) {
                    Some(reason) => refused(reason),
                    None => broken(&host, error, "cannot be reached"),
                },
            )?;
        let status = response.status();
        match status {
            StatusCode::OK => Ok(Answer::Body(response)),
            StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT => {
                let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
                let location = location.ok_or_else(|| failed(&host, "redirects without saying where to"))?;
                Ok(Answer::Redirect(location.to_owned()))
            }
            _ => Err(failed(&host, &format!("answered {}", status.as_u16()))),
        }
    }
}

/// The picture in an answer, no more of which is read than may be kept.
async fn picture(host: &str, mut response: Response, limit_bytes: u64) -> Outcome<Bytes> {
    let too_large = || {
        let detail = format!("the picture at {host} has more than {limit_bytes} bytes; send a smaller one");
        Failure::new(Code::TooLarge, detail)
    };
    let announced = response.content_length().unwrap_or_default();
    if announced > limit_bytes {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(announced.min(FIRST_BYTES) as usize);
    let mut is_known = false;
    while let Some(chunk) =
        response.chunk().await.map_err(|error| broken(host, error, "broke off in the middle of the picture"))?
    {
        if (bytes.len() + chunk.len()) as u64 > limit_bytes {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
        if !is_known && bytes.len() >= SIGNATURE_BYTES {
            sniff(host, &bytes)?;
            is_known = true;
        }
    }
    if !is_known {
        sniff(host, &bytes)?;
    }
    Ok(bytes.into())
}

/// That the first bytes are those of a picture. Which damage it may have is for the decoder to say.
fn sniff(host: &str, bytes: &[u8]) -> Outcome<()> {
    match probe(bytes, &Limits::default()) {
        Err(DecodeError::NotAPicture { .. } | DecodeError::Empty) => {
            Err(failed(host, "gave something else than a picture"))
        }
        _ => Ok(()),
    }
}

fn refused(reason: &Refused) -> Failure {
    Failure::new(Code::UrlRefused, format!("the address may not be fetched: {reason}"))
}

fn failed(host: &str, what: &str) -> Failure {
    Failure::new(Code::UrlFailed, format!("{host} {what}; send the address of a picture, or the picture itself"))
}

/// An error of the connection: its cause is for the operator, not for whoever probes hosts through this server.
fn broken(host: &str, error: reqwest::Error, what: &str) -> Failure {
    let error = anyhow::Error::from(error.without_url());
    tracing::info!(url.host = host, error = %format_args!("{error:#}"), "a picture could not be fetched");
    failed(host, what)
}

/// The host as the log and errors name it.
fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

/// TLS by ring and the system's root certificates, without installing a provider for the whole process.
fn tls() -> anyhow::Result<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?;
    Ok(match builder.clone().with_platform_verifier() {
        Ok(builder) => builder.with_no_client_auth(),
        Err(error) => {
            tracing::warn!(%error, "no https addresses can be fetched: install ca-certificates");
            builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    fn fetcher() -> Fetcher {
        Fetcher::new(&Settings::default().fetch).unwrap()
    }

    #[test]
    fn redirects_are_checked_like_the_first_address() {
        let fetcher = fetcher();
        let from = |from: &str, to| fetcher.redirected(&Url::parse(from).unwrap(), to);
        for (to, expected) in [
            ("/b.jpg?c", "https://example.com/b.jpg?c"),
            ("//images.example.com/b.jpg", "https://images.example.com/b.jpg"),
            ("https://8.8.8.8/b.jpg", "https://8.8.8.8/b.jpg"),
        ] {
            assert_eq!(from("https://example.com/a.jpg", to).unwrap().as_str(), expected);
        }
        for to in [
            "http://example.com/a.jpg",
            "file:///etc/passwd",
            "https://127.0.0.1/",
            "https://[::1]/",
            "//169.254.169.254/latest/meta-data/",
            "https://user:password@example.com/",
            "data:image/png;base64,AAAA",
        ] {
            assert_eq!(from("https://example.com/a.jpg", to).unwrap_err().code(), Code::UrlRefused, "{to}");
        }
        assert!(from("http://example.com/a.jpg", "http://example.com/b.jpg").is_ok());
        assert_eq!(from("https://example.com/", "https://[").unwrap_err().code(), Code::UrlFailed);
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_refused_when_it_is_connected_to() {
        // As if it had been another name when it was checked.
        let failure = fetcher().ask(&Url::parse("http://localhost:9/").unwrap()).await.err().unwrap();
        assert_eq!(failure.code(), Code::UrlRefused);
        assert!(!failure.detail().contains("127"), "{failure}");
    }
}
