//! What the tests of the whole cache share.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use clearcut_cache::{
    CacheKey, CacheTier, ComputeError, ComputeOptions, Entry, Lookup, LookupError, MemoryOptions, MemoryTier,
    TierPolicy, TieredBuilder, TieredCache,
    testing::{LocalLeases, ManualClock, MapTier},
};

pub const HOUR: Duration = Duration::from_hours(1);

/// A failure that may not happen again.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no luck today")]
pub struct NoLuck;

pub fn key(text: &str) -> CacheKey {
    CacheKey::parse(text).expect("it is a key")
}

pub fn memory() -> Arc<dyn CacheTier> {
    Arc::new(MemoryTier::new(MemoryOptions::default(), Arc::new(ManualClock::default())))
}

/// Memory before `remote`, by the clock that stands still.
pub fn process(remote: impl CacheTier + 'static) -> TieredBuilder {
    TieredCache::builder()
        .clock(Arc::new(ManualClock::default()))
        .tier(memory(), TierPolicy::local())
        .tier(Arc::new(remote), TierPolicy::shared())
}

/// Processes that share one server and its leases.
pub fn processes(count: usize, remote: &MapTier, leases: &LocalLeases) -> Vec<TieredCache> {
    (0..count).map(|_| process(remote.clone()).lease(Arc::new(leases.clone())).build()).collect()
}

/// An entry that lives an hour by the clock that stands still.
pub fn entry(body: &'static str) -> Entry {
    use clearcut_cache::Clock as _;
    Entry::new(body, "text/plain", ManualClock::default().now(), HOUR)
}

/// Computes, takes time for it, and counts.
#[derive(Debug, Clone, Default)]
pub struct Inference(Arc<AtomicU64>);

impl Inference {
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    pub async fn run(self, takes: Duration) -> Result<Entry, ComputeError<NoLuck>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(takes).await;
        Ok(entry("cut-out"))
    }

    /// Wants `key` of `cache`, and computes it for `takes` if need be.
    pub async fn want(
        &self,
        cache: &TieredCache,
        key: &CacheKey,
        takes: Duration,
    ) -> Result<Lookup, LookupError<NoLuck>> {
        let inference = self.clone();
        cache.get_or_compute(key, &ComputeOptions::new(HOUR), move || inference.run(takes)).await
    }
}
