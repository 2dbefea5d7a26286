//! The tier on Redis.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use clearcut_cache::{
    CacheKey, CacheTier, Clock, Entry, Pattern, PutOptions, PutOutcome, SystemClock, TierError, envelope,
};
use fred::{
    error::Error,
    interfaces::KeysInterface,
    types::{Expiration, config::Server, scan::ScanType},
};

use crate::{
    RedisConfig, RedisConnection,
    config::TIER_NAME,
    keys::Keys,
    stored,
    sweep::{self, Walk},
};

/// Longest time to live that Redis is asked for, a hundred years: it refuses what its clock cannot count to.
const MAX_TTL: Duration = Duration::from_hours(100 * 365 * 24);

/// Keeps entries in Redis, shared by every process that is connected to it.
///
/// A Redis that is down costs microseconds: its calls fail at once with
/// [`Unavailable`](clearcut_cache::TierErrorKind::Unavailable) until it answers again.
#[derive(Debug)]
pub struct RedisTier {
    redis: RedisConnection,
    keys: Keys,
    clock: Arc<dyn Clock>,
}

impl RedisTier {
    /// Connects and keeps entries there. See [`RedisConnection::open`] for what is an error.
    pub async fn connect(config: RedisConfig) -> Result<Self, TierError> {
        RedisConnection::open(config).await.map(|redis| Self::new(&redis))
    }

    /// Keeps entries over connections that others use too.
    pub fn new(redis: &RedisConnection) -> Self {
        Self { keys: Keys::below(&redis.config().key_prefix), redis: redis.clone(), clock: Arc::new(SystemClock) }
    }

    /// Judges expiry by `clock`. Redis itself goes on removing entries by its own.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    fn failure(&self, error: &Error) -> TierError {
        self.redis.failure(error)
    }
}

/// From this size on a value is most of the buffer that it was read into: the driver's buffers double from 8 KiB.
const LARGE_BYTES: usize = 64 << 10;

#[async_trait]
impl CacheTier for RedisTier {
    fn name(&self) -> &str {
        TIER_NAME
    }

    async fn get(&self, key: &CacheKey) -> Result<Option<Entry>, TierError> {
        let stored: Option<Bytes> =
            self.redis.commands().get(self.keys.entry(key)).await.map_err(|error| self.failure(&error))?;
        let Some(value) = stored else { return Ok(None) };
        // What was received is a slice of a read buffer, which a small entry in a memory tier would keep whole. A large
        // one fills at least half of it, and copying it would cost a third of the hit.
        let value = if value.len() < LARGE_BYTES { Bytes::copy_from_slice(&value) } else { value };
        match stored::decode(&value) {
            Ok(entry) => Ok(Some(entry).filter(|entry| !entry.is_expired(self.clock.now()))),
            Err(error) => {
                self.remove(key).await?;
                Err(error.in_tier(TIER_NAME))
            }
        }
    }

    async fn put(&self, key: &CacheKey, entry: &Entry, options: &PutOptions) -> Result<PutOutcome, TierError> {
        if entry.body.len() > self.redis.config().value_limit_bytes || options.ttl.is_zero() {
            return Ok(PutOutcome::Declined);
        }
        let Ok(value) = envelope::encode(entry) else { return Ok(PutOutcome::Declined) };
        self.redis
            .commands()
            .set::<(), _, _>(self.keys.entry(key), value, Some(Expiration::PX(ttl_ms(options.ttl))), None, false)
            .await
            .map_err(|error| self.failure(&error))?;
        Ok(PutOutcome::Stored)
    }

    async fn remove(&self, key: &CacheKey) -> Result<bool, TierError> {
        let removed: u64 =
            self.redis.commands().unlink(self.keys.entry(key)).await.map_err(|error| self.failure(&error))?;
        Ok(removed > 0)
    }

    async fn clear(&self, pattern: &Pattern) -> Result<u64, TierError> {
        let mut removed = 0;
        for server in self.redis.servers() {
            removed += sweep::clear(&Node { redis: &self.redis, server }, &self.keys, pattern).await?;
        }
        Ok(removed)
    }

    async fn probe(&self) -> Result<(), TierError> {
        self.redis.probe().await
    }
}

/// In milliseconds, as Redis takes it: at least one.
pub(crate) fn ttl_ms(ttl: Duration) -> i64 {
    ttl.min(MAX_TTL).as_millis().max(1) as i64
}

/// One server that holds keys.
struct Node<'a> {
    redis: &'a RedisConnection,
    server: Option<Server>,
}

#[async_trait]
impl Walk for Node<'_> {
    async fn page(&self, cursor: &str, glob: &str) -> Result<(String, Vec<String>), TierError> {
        self.redis
            .commands_on(self.server.clone())
            .scan_page(cursor.to_owned(), glob.to_owned(), Some(sweep::PAGE_KEYS), Some(ScanType::String))
            .await
            .map_err(|error| self.redis.failure(&error))
    }

    async fn heads(&self, keys: &[String]) -> Result<Vec<Bytes>, TierError> {
        let pipeline = self.redis.pipeline();
        for key in keys {
            // Within a pipeline a command is only put in line, so its answer says nothing.
            let _: Result<(), Error> = pipeline.getrange(key, 0, stored::HEAD_BYTES - 1).await;
        }
        pipeline.all().await.map_err(|error| self.redis.failure(&error))
    }

    async fn unlink(&self, keys: &[String]) -> Result<u64, TierError> {
        let pipeline = self.redis.pipeline();
        for key in keys {
            let _: Result<(), Error> = pipeline.unlink(key).await;
        }
        let removed: Vec<u64> = pipeline.all().await.map_err(|error| self.redis.failure(&error))?;
        Ok(removed.into_iter().sum())
    }
}
