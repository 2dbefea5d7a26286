//! The tier on the Upstash REST API, for places from which no Redis connection can be kept.

mod client;
mod config;

use std::sync::Arc;

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use clearcut_cache::{
    CacheKey, CacheTier, Clock, Entry, Pattern, PutOptions, PutOutcome, SystemClock, TierError, envelope,
};

use self::client::{Client, Reply};
pub use self::config::UpstashConfig;
use crate::{
    keys::Keys,
    stored,
    sweep::{self, Walk},
    tier::ttl_ms,
};

/// The name in errors, metrics and `X-Cache-Tier`.
const TIER_NAME: &str = "upstash";
/// Room in a request for everything but key and value: brackets, quotes, the command's name and its expiry.
const COMMAND_BYTES: usize = 128;

/// Keeps entries in an Upstash database over HTTPS: one request for each call, and no connection to lose.
///
/// A request is text, so values travel and stand there as base64, a third longer than the entry. A
/// [`RedisTier`](crate::RedisTier) on the same database reads them, and this one reads that one's.
#[derive(Debug)]
pub struct UpstashTier {
    client: Client,
    keys: Keys,
    request_limit_bytes: usize,
    clock: Arc<dyn Clock>,
}

impl UpstashTier {
    /// Nothing is sent yet. Fails with [`Configuration`](clearcut_cache::TierErrorKind::Configuration) alone.
    pub fn new(config: &UpstashConfig) -> Result<Self, TierError> {
        Ok(Self {
            client: Client::new(config)?,
            keys: Keys::below(&config.key_prefix),
            request_limit_bytes: config.request_limit_bytes,
            clock: Arc::new(SystemClock),
        })
    }

    /// Judges expiry by `clock`. The database itself goes on removing entries by its own.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Whether a value of `bytes` fits into one request.
    fn fits(&self, key: &str, bytes: usize) -> bool {
        // A key is printable ASCII, of which JSON escapes some with one more byte.
        bytes.div_ceil(3) * 4 + key.len() * 2 + COMMAND_BYTES <= self.request_limit_bytes
    }
}

#[async_trait]
impl CacheTier for UpstashTier {
    fn name(&self) -> &str {
        TIER_NAME
    }

    async fn get(&self, key: &CacheKey) -> Result<Option<Entry>, TierError> {
        let Some(value) = self.client.command(&["GET", &self.keys.entry(key)]).await?.bytes()? else {
            return Ok(None);
        };
        match stored::decode(&value) {
            Ok(entry) => Ok(Some(entry).filter(|entry| !entry.is_expired(self.clock.now()))),
            Err(error) => {
                self.remove(key).await?;
                Err(error.in_tier(TIER_NAME))
            }
        }
    }

    async fn put(&self, key: &CacheKey, entry: &Entry, options: &PutOptions) -> Result<PutOutcome, TierError> {
        let key = self.keys.entry(key);
        // Asked twice, so that what is far too large is not even copied.
        if options.ttl.is_zero() || !self.fits(&key, entry.body.len()) {
            return Ok(PutOutcome::Declined);
        }
        let Ok(value) = envelope::encode(entry) else { return Ok(PutOutcome::Declined) };
        if !self.fits(&key, value.len()) {
            return Ok(PutOutcome::Declined);
        }
        let ttl = ttl_ms(options.ttl).to_string();
        self.client.command(&["SET", &key, &STANDARD.encode(value), "PX", &ttl]).await?;
        Ok(PutOutcome::Stored)
    }

    async fn remove(&self, key: &CacheKey) -> Result<bool, TierError> {
        Ok(self.client.command(&["UNLINK", &self.keys.entry(key)]).await?.count()? > 0)
    }

    async fn clear(&self, pattern: &Pattern) -> Result<u64, TierError> {
        sweep::clear(&self.client, &self.keys, pattern).await
    }

    async fn probe(&self) -> Result<(), TierError> {
        self.client.command(&["PING"]).await.map(drop)
    }
}

#[async_trait]
impl Walk for Client {
    async fn page(&self, cursor: &str, glob: &str) -> Result<(String, Vec<String>), TierError> {
        let count = sweep::PAGE_KEYS.to_string();
        let scan = ["SCAN", cursor, "MATCH", glob, "COUNT", &count, "TYPE", "string"];
        self.command(&scan).await?.page()
    }

    async fn heads(&self, keys: &[String]) -> Result<Vec<Bytes>, TierError> {
        let last = (stored::HEAD_BYTES - 1).to_string();
        let commands = keys.iter().map(|key| ["GETRANGE", key.as_str(), "0", &last]).collect::<Vec<_>>();
        let replies = self.pipeline(&commands).await?;
        replies.into_iter().map(|reply| Ok(reply.bytes()?.unwrap_or_default())).collect()
    }

    async fn unlink(&self, keys: &[String]) -> Result<u64, TierError> {
        let commands = keys.iter().map(|key| ["UNLINK", key.as_str()]).collect::<Vec<_>>();
        self.pipeline(&commands).await?.into_iter().map(Reply::count).sum()
    }
}
