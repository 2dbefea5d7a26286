//! The seam between the cache and a place that keeps entries.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::{CacheKey, Entry, Pattern, TierError};

/// A place that keeps entries: process memory, Redis, a database, or yours.
///
/// # Contract
///
/// - Absent and expired entries are `Ok(None)`. An unreadable one (wrong version, wrong checksum) is removed by the
///   tier that found it, which answers [`TierErrorKind::Corrupt`](crate::TierErrorKind::Corrupt): the cache counts it
///   and takes it for a miss. Any other error means that the tier could not answer.
/// - What `get` returns is what `put` was given, to the last byte, or nothing.
/// - Every call may be dropped at any await point without leaving half an entry.
/// - [`crate::conformance`] holds one named test for each of these sentences.
#[async_trait]
pub trait CacheTier: std::fmt::Debug + Send + Sync {
    /// Short, stable and bounded: it is a metric label and stands in `X-Cache-Tier` (`memory`, `redis`, `postgres`).
    fn name(&self) -> &str;

    /// The entry under `key`, unless it is absent or expired.
    async fn get(&self, key: &CacheKey) -> Result<Option<Entry>, TierError>;

    /// Keeps `entry` for `options.ttl`. Replaces what was there.
    async fn put(&self, key: &CacheKey, entry: &Entry, options: &PutOptions) -> Result<PutOutcome, TierError>;

    /// Removes one entry; whether there was one.
    async fn remove(&self, key: &CacheKey) -> Result<bool, TierError>;

    /// Removes every entry whose key matches; how many there were (an estimate where counting is dear).
    async fn clear(&self, pattern: &Pattern) -> Result<u64, TierError>;

    /// Whether the tier answers at all, by the cheapest round trip it has.
    async fn probe(&self) -> Result<(), TierError>;
}

#[async_trait]
impl<T: CacheTier + ?Sized> CacheTier for Arc<T> {
    fn name(&self) -> &str {
        (**self).name()
    }

    async fn get(&self, key: &CacheKey) -> Result<Option<Entry>, TierError> {
        (**self).get(key).await
    }

    async fn put(&self, key: &CacheKey, entry: &Entry, options: &PutOptions) -> Result<PutOutcome, TierError> {
        (**self).put(key, entry, options).await
    }

    async fn remove(&self, key: &CacheKey) -> Result<bool, TierError> {
        (**self).remove(key).await
    }

    async fn clear(&self, pattern: &Pattern) -> Result<u64, TierError> {
        (**self).clear(pattern).await
    }

    async fn probe(&self) -> Result<(), TierError> {
        (**self).probe().await
    }
}

/// How to keep an entry.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PutOptions {
    /// Time to live from now on. Frees room; truth never depends on it.
    pub ttl: Duration,
}

impl PutOptions {
    /// Keep for `ttl`.
    pub fn new(ttl: Duration) -> Self {
        Self { ttl }
    }
}

/// What became of a put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PutOutcome {
    /// The entry is kept.
    Stored,
    /// The tier does not want it (over its size limit, read-only): not a failure.
    Declined,
}
