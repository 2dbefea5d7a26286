//! The tier in this process's memory.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use moka::future::Cache;

use crate::{CacheKey, CacheTier, Clock, Entry, Pattern, PutOptions, PutOutcome, TierError, unix_ms};

mod lifetime;

use lifetime::Lifetime;

/// How much a [`MemoryTier`] keeps, and for how long.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MemoryOptions {
    /// `memory`, unless there are several.
    pub name: String,
    /// Bound on keys, heads and bodies together. The least useful entries go first (`TinyLFU`).
    pub capacity_bytes: u64,
    /// A greater entry is declined: it would push out too many others. At most 4 GiB, whatever is said.
    pub largest_entry_bytes: u64,
    /// An entry that nobody reads for this long goes, whatever its time to live.
    pub idle: Option<Duration>,
}

impl MemoryOptions {
    /// At most `capacity_bytes`, of which one entry takes at most an eighth.
    pub fn new(capacity_bytes: u64) -> Self {
        Self { name: "memory".to_owned(), capacity_bytes, largest_entry_bytes: capacity_bytes / 8, idle: None }
    }
}

impl Default for MemoryOptions {
    /// 256 MiB.
    fn default() -> Self {
        Self::new(256 << 20)
    }
}

/// Keeps entries in memory, within a bound in bytes. Bodies are shared with whoever put and gets them, never copied.
///
/// A body that is a slice of something larger keeps the whole of it alive, which is not counted: frames from
/// [`envelope::decode`](crate::envelope::decode) are larger than their body by some 100 bytes.
pub struct MemoryTier {
    options: MemoryOptions,
    clock: Arc<dyn Clock>,
    entries: Cache<CacheKey, Kept>,
}

#[derive(Debug, Clone)]
struct Kept {
    entry: Entry,
    ttl: Duration,
    /// The same end by the wall clock, for when that jumps forward.
    expires_ms: u64,
}

impl MemoryTier {
    /// An empty one.
    pub fn new(options: MemoryOptions, clock: Arc<dyn Clock>) -> Self {
        let entries = Cache::builder()
            .name(&options.name)
            .max_capacity(options.capacity_bytes)
            .weigher(|key: &CacheKey, kept: &Kept| weight(key, &kept.entry).try_into().unwrap_or(u32::MAX))
            .expire_after(Lifetime { idle: options.idle })
            .build();
        Self { options, clock, entries }
    }

    /// How many bytes are kept at present, about.
    pub async fn used_bytes(&self) -> u64 {
        self.entries.run_pending_tasks().await;
        self.entries.weighted_size()
    }

    fn is_live(&self, kept: &Kept) -> bool {
        unix_ms(self.clock.now()) < kept.expires_ms
    }
}

/// What an entry takes of the capacity.
fn weight(key: &CacheKey, entry: &Entry) -> u64 {
    /// The entry's struct, its places in moka's map, queues and timers, and the allocator's headers.
    const OVERHEAD_BYTES: usize = 400;
    (OVERHEAD_BYTES + key.as_str().len() + entry.head.media_type.len() + entry.body.len()) as u64
}

#[async_trait]
impl CacheTier for MemoryTier {
    fn name(&self) -> &str {
        &self.options.name
    }

    async fn get(&self, key: &CacheKey) -> Result<Option<Entry>, TierError> {
        let Some(kept) = self.entries.get(key).await else { return Ok(None) };
        if self.is_live(&kept) {
            return Ok(Some(kept.entry));
        }
        self.entries.invalidate(key).await;
        Ok(None)
    }

    async fn put(&self, key: &CacheKey, entry: &Entry, options: &PutOptions) -> Result<PutOutcome, TierError> {
        let largest = self.options.largest_entry_bytes.min(self.options.capacity_bytes).min(u64::from(u32::MAX));
        if weight(key, entry) > largest {
            // Never leave the entry that was to be replaced.
            self.entries.invalidate(key).await;
            return Ok(PutOutcome::Declined);
        }
        let ttl_ms = options.ttl.as_millis().try_into().unwrap_or(u64::MAX);
        let expires_ms = unix_ms(self.clock.now()).saturating_add(ttl_ms);
        self.entries.insert(key.clone(), Kept { entry: entry.clone(), ttl: options.ttl, expires_ms }).await;
        Ok(PutOutcome::Stored)
    }

    async fn remove(&self, key: &CacheKey) -> Result<bool, TierError> {
        Ok(self.entries.remove(key).await.is_some_and(|kept| self.is_live(&kept)))
    }

    async fn clear(&self, pattern: &Pattern) -> Result<u64, TierError> {
        let matching: Vec<Arc<CacheKey>> =
            self.entries.iter().map(|(key, _)| key).filter(|key| pattern.matches(key.as_str())).collect();
        let mut removed = 0;
        for key in matching {
            removed += u64::from(self.remove(&key).await?);
        }
        Ok(removed)
    }

    async fn probe(&self) -> Result<(), TierError> {
        Ok(())
    }
}

impl fmt::Debug for MemoryTier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryTier")
            .field("options", &self.options)
            .field("entries", &self.entries.entry_count())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
