//! Which Redis is asked, and how patiently.

use std::time::Duration;

use clearcut_cache::{TierError, TierErrorKind};
use fred::types::{
    RespVersion,
    config::{Config, ConnectionConfig, PerformanceConfig, ReconnectPolicy, TcpConfig, UnresponsiveConfig},
};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::tls;

/// The name in errors, metrics and `X-Cache-Tier`.
pub(crate) const TIER_NAME: &str = "redis";

/// What may follow the `?` of a URL. Anything else is refused: a misspelt or foreign option would be ignored.
const QUERY_OPTIONS: [&str; 4] = ["node", "sentinelServiceName", "sentinelUsername", "sentinelPassword"];

/// Shortest wait before another attempt to connect, in milliseconds; it doubles with every failure.
const RECONNECT_MIN_MS: u32 = 25;
/// Spread of that wait, so that the processes of a fleet do not return all at once, in milliseconds.
const RECONNECT_JITTER_MS: u32 = 100;
/// Commands that may wait for one connection. More are refused at once: a queue that long is an outage.
const MAX_QUEUED_COMMANDS: usize = 4096;
/// Events kept for a listener that is busy. One that falls further behind is told so.
const EVENT_BUFFER: usize = 1024;

/// Which Redis is asked, and how patiently.
///
/// ```
/// use std::time::Duration;
/// use clearcut_cache_redis::RedisConfig;
///
/// let config = RedisConfig::from_url("rediss://app:p%40ss@cache.example:6380/2")?
///     .pool_size(8)
///     .command_timeout(Duration::from_millis(250));
/// assert!(!format!("{config:?}").contains("p%40ss"));
/// # Ok::<(), clearcut_cache::TierError>(())
/// ```
#[derive(Clone)]
pub struct RedisConfig {
    url: SecretString,
    address: String,
    tls: bool,
    ca_certificates_pem: Vec<u8>,
    protocol: RespVersion,
    pub(crate) pool_size: usize,
    pub(crate) key_prefix: String,
    pub(crate) value_limit_bytes: usize,
    pub(crate) command_timeout: Duration,
    pub(crate) connect_timeout: Duration,
    reconnect_max: Duration,
}

impl RedisConfig {
    /// Reads a URL, without connecting.
    ///
    /// | scheme | server |
    /// |---|---|
    /// | `redis://`, `valkey://` | one server |
    /// | `redis-cluster://`, `valkey-cluster://` | a cluster; further nodes as `?node=host:port&node=…` |
    /// | `redis-sentinel://`, `valkey-sentinel://` | sentinels, with `?sentinelServiceName=…`; further sentinels as `node`, their account as `sentinelUsername` and `sentinelPassword` |
    /// | the same with `rediss` and `valkeys` | over TLS |
    ///
    /// Then `[user][:password]@`, percent-encoded; `host[:port]`; `/database`.
    ///
    /// Fails with [`TierErrorKind::Configuration`] for anything else; the message never repeats the URL.
    pub fn from_url(url: impl Into<SecretString>) -> Result<Self, TierError> {
        let url = url.into();
        let parsed = Url::parse(url.expose_secret()).map_err(|error| misconfigured(format!("invalid URL: {error}")))?;
        let (server, _) = split_scheme(parsed.scheme());
        let tls = match server {
            "redis" | "valkey" => false,
            "rediss" | "valkeys" => true,
            _ => return Err(misconfigured("the URL starts with redis://, rediss://, valkey:// or valkeys://")),
        };
        if let Some((option, _)) = parsed.query_pairs().find(|(option, _)| !QUERY_OPTIONS.contains(&option.as_ref())) {
            return Err(misconfigured(format!("unknown option {option} in the URL")));
        }
        let host = parsed.host_str().ok_or_else(|| misconfigured("the URL names no host"))?;
        let port = parsed.port().map(|port| format!(":{port}")).unwrap_or_default();
        let config = Self {
            address: format!("{}://{host}{port}{}", parsed.scheme(), parsed.path()),
            url,
            tls,
            ca_certificates_pem: Vec::new(),
            protocol: RespVersion::RESP3,
            pool_size: 4,
            key_prefix: String::new(),
            value_limit_bytes: 8 << 20,
            command_timeout: Duration::from_millis(500),
            connect_timeout: Duration::from_secs(2),
            reconnect_max: Duration::from_secs(2),
        };
        config.server()?;
        Ok(config)
    }

    /// Connections that share the work; each carries many commands at a time. At least 1, default 4.
    #[must_use]
    pub fn pool_size(mut self, connections: usize) -> Self {
        self.pool_size = connections.max(1);
        self
    }

    /// Put before every key, so that one Redis serves several environments. Default none.
    #[must_use]
    pub fn key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.key_prefix = prefix.into();
        self
    }

    /// What stands before every key, for whoever else keeps something in the same Redis.
    pub fn prefix(&self) -> &str {
        &self.key_prefix
    }

    /// Longest body that is kept; longer ones are declined. Default 8 MiB.
    #[must_use]
    pub fn value_limit_bytes(mut self, bytes: usize) -> Self {
        self.value_limit_bytes = bytes;
        self
    }

    /// How long one command may take before it counts as failed. Default 500 ms.
    #[must_use]
    pub fn command_timeout(mut self, timeout: Duration) -> Self {
        self.command_timeout = timeout;
        self
    }

    /// How long connecting may take, with the TLS handshake and the login. Default 2 s.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Longest pause between two attempts to reconnect. Default 2 s.
    #[must_use]
    pub fn reconnect_max(mut self, pause: Duration) -> Self {
        self.reconnect_max = pause;
        self
    }

    /// Certificates, in PEM, to trust besides the system's: of a private authority, or of the server itself.
    #[must_use]
    pub fn ca_certificates_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca_certificates_pem = pem.into();
        self
    }

    /// Speaks RESP2, for servers and proxies that do not know `HELLO 3`.
    #[must_use]
    pub fn resp2(mut self) -> Self {
        self.protocol = RespVersion::RESP2;
        self
    }

    /// Where the server is, without user and password: for logs.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The driver's own form of it. Holds the password in clear.
    pub(crate) fn driver(&self) -> Result<Config, TierError> {
        let tls = self.tls.then(|| tls::client_config(TIER_NAME, &self.ca_certificates_pem)).transpose()?;
        Ok(Config { fail_fast: false, version: self.protocol.clone(), tls: tls.map(Into::into), ..self.server()? })
    }

    /// Server, account and database. The driver would read the system's certificates while it parses a TLS URL, and
    /// panic where two TLS providers are compiled in, so it is shown the plain scheme.
    fn server(&self) -> Result<Config, TierError> {
        let url = self.url.expose_secret();
        let (scheme, rest) = url.split_once(':').unwrap_or((url, ""));
        let (server, kind) = split_scheme(scheme);
        let plain = format!("{}{kind}:{rest}", server.strip_suffix('s').filter(|_| self.tls).unwrap_or(server));
        Config::from_url(&plain).map_err(|error| misconfigured(error.details()))
    }

    pub(crate) fn connection(&self) -> ConnectionConfig {
        ConnectionConfig {
            connection_timeout: self.connect_timeout,
            internal_command_timeout: self.connect_timeout,
            max_command_buffer_len: MAX_QUEUED_COMMANDS,
            // A server that stopped answering keeps its sockets open: hang up, so that commands fail at once.
            unresponsive: UnresponsiveConfig {
                max_timeout: Some(self.command_timeout * 2),
                interval: self.command_timeout / 2,
            },
            tcp: TcpConfig { nodelay: Some(true), ..TcpConfig::default() },
            ..ConnectionConfig::default()
        }
    }

    pub(crate) fn performance(&self) -> PerformanceConfig {
        PerformanceConfig {
            default_command_timeout: self.command_timeout,
            broadcast_channel_capacity: EVENT_BUFFER,
            ..PerformanceConfig::default()
        }
    }

    /// Forever, ever slower.
    pub(crate) fn reconnection(&self) -> ReconnectPolicy {
        let max_ms = self.reconnect_max.as_millis().try_into().unwrap_or(u32::MAX);
        let mut policy = ReconnectPolicy::new_exponential(0, RECONNECT_MIN_MS, max_ms, 2);
        policy.set_jitter(RECONNECT_JITTER_MS);
        policy
    }
}

impl std::fmt::Debug for RedisConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisConfig")
            .field("address", &self.address)
            .field("key_prefix", &self.key_prefix)
            .field("pool_size", &self.pool_size)
            .field("value_limit_bytes", &self.value_limit_bytes)
            .field("command_timeout", &self.command_timeout)
            .finish_non_exhaustive()
    }
}

/// `rediss-cluster` is `rediss` and `-cluster`.
fn split_scheme(scheme: &str) -> (&str, &str) {
    ["-cluster", "-sentinel"]
        .into_iter()
        .find_map(|kind| Some((scheme.strip_suffix(kind)?, kind)))
        .unwrap_or((scheme, ""))
}

fn misconfigured(reason: impl std::fmt::Display) -> TierError {
    TierError::new(TIER_NAME, TierErrorKind::Configuration, reason)
}

#[cfg(test)]
mod tests {
    use fred::types::config::ServerConfig;

    use super::*;

    fn server(url: &str) -> Config {
        RedisConfig::from_url(url).unwrap().server().unwrap()
    }

    #[test]
    fn user_password_and_database_are_read_percent_decoded() {
        let config = server("redis://app%2Fweb:p%40ss%3Aw%2Frd@localhost:6390/3");
        assert_eq!(config.username.as_deref(), Some("app/web"));
        assert_eq!(config.password.as_deref(), Some("p@ss:w/rd"));
        assert_eq!(config.database, Some(3));
        assert_eq!(config.server, ServerConfig::new_centralized("localhost", 6390));
    }

    #[test]
    fn the_scheme_says_which_kind_of_server_and_whether_tls() {
        for (url, clustered, sentinel, tls) in [
            ("redis://h", false, false, false),
            ("valkey://h", false, false, false),
            ("rediss://h", false, false, true),
            ("valkeys://h", false, false, true),
            ("redis-cluster://h:7000?node=i:7001", true, false, false),
            ("rediss-cluster://h:7000", true, false, true),
            ("valkeys-sentinel://h?sentinelServiceName=main", false, true, true),
        ] {
            let config = RedisConfig::from_url(url).unwrap();
            let server = config.server().unwrap().server;
            assert_eq!((server.is_clustered(), server.is_sentinel(), config.tls), (clustered, sentinel, tls), "{url}");
        }
    }

    #[test]
    fn a_url_that_is_none_is_a_configuration_error_which_keeps_the_password() {
        for url in [
            "http://u:sesame@h",
            "u:sesame@h:6379",
            "redis+unix://u:sesame@h/run/redis.sock",
            "redis://u:sesame@h:port",
            "redis://u:sesame@h/not-a-number",
            "redis://u:sesame@h?ssl_cert_reqs=none",
            "redis-sentinel://u:sesame@h",
        ] {
            let error = RedisConfig::from_url(url).unwrap_err();
            assert_eq!(error.kind(), TierErrorKind::Configuration, "{url}");
            assert!(!format!("{error} {error:?}").contains("sesame"), "{error}");
        }
    }

    #[test]
    fn debug_shows_no_password() {
        let config = RedisConfig::from_url("rediss://app:sesame@cache.example:6380/2").unwrap();
        let shown = format!("{config:?} {}", config.address());
        assert!(shown.contains("rediss://cache.example:6380/2") && !shown.contains("sesame"), "{shown}");
    }
}
