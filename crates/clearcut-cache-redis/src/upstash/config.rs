//! Which Upstash database is asked, and how patiently.

use std::time::Duration;

use clearcut_cache::{TierError, TierErrorKind};
use secrecy::SecretString;
use url::Url;

use super::TIER_NAME;

/// Which Upstash database is asked, and how patiently.
///
/// ```
/// use clearcut_cache_redis::{UpstashConfig, UpstashTier};
///
/// // UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN, as the console shows them.
/// let config = UpstashConfig::new("https://eu1-able-cat-1.upstash.io", "AXOPAAIjcDE…")?.key_prefix("shop:");
/// let tier = UpstashTier::new(&config)?;
/// # Ok::<(), clearcut_cache::TierError>(())
/// ```
#[derive(Debug, Clone)]
pub struct UpstashConfig {
    pub(super) url: Url,
    pub(super) token: SecretString,
    pub(super) ca_certificates_pem: Vec<u8>,
    pub(crate) key_prefix: String,
    pub(super) request_limit_bytes: usize,
    pub(super) timeout: Duration,
}

impl UpstashConfig {
    /// `url` begins with `https://`, or with `http://` for a proxy nearby: the token then travels in clear.
    ///
    /// Fails with [`TierErrorKind::Configuration`] for anything else.
    pub fn new(url: &str, token: impl Into<SecretString>) -> Result<Self, TierError> {
        let misconfigured = |reason: String| TierError::new(TIER_NAME, TierErrorKind::Configuration, reason);
        let mut url = Url::parse(url).map_err(|error| misconfigured(format!("invalid URL: {error}")))?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(misconfigured("the REST URL starts with https://".to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(misconfigured("the REST URL holds no user and password; the token is given apart".to_owned()));
        }
        // Endpoints are joined below it.
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Ok(Self {
            url,
            token: token.into(),
            ca_certificates_pem: Vec::new(),
            key_prefix: String::new(),
            request_limit_bytes: 10_000_000,
            timeout: Duration::from_secs(3),
        })
    }

    /// Put before every key, so that one database serves several environments. Default none.
    #[must_use]
    pub fn key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.key_prefix = prefix.into();
        self
    }

    /// Longest request that the plan allows; an entry that needs a longer one is declined. Default 10 MB, which is
    /// about 7.4 MB of picture.
    #[must_use]
    pub fn request_limit_bytes(mut self, bytes: usize) -> Self {
        self.request_limit_bytes = bytes;
        self
    }

    /// How long one request may take, with connecting, before it counts as failed. Default 3 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Certificates, in PEM, to trust besides the system's.
    #[must_use]
    pub fn ca_certificates_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca_certificates_pem = pem.into();
        self
    }
}
