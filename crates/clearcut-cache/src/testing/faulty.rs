//! A tier that fails, dawdles or corrupts on demand.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;

use crate::{CacheKey, CacheTier, Entry, Pattern, PutOptions, PutOutcome, TierError, TierErrorKind, envelope};

/// What is wrong with a [`Faulty`] tier at the moment. The default is nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// Every call fails in this way.
    pub error: Option<TierErrorKind>,
    /// Every call takes this much longer.
    pub delay: Duration,
    /// One bit of every entry that is read is flipped on its way.
    pub flip_bits: bool,
    /// Every call panics.
    pub panics: bool,
}

/// Wraps a tier with faults that are switched on and off while it is used. Clones share the faults.
#[derive(Debug, Clone)]
pub struct Faulty<T> {
    inner: T,
    faults: Arc<Mutex<Faults>>,
    calls: Arc<std::sync::atomic::AtomicU64>,
}

impl<T: CacheTier> Faulty<T> {
    /// Nothing is wrong yet.
    pub fn new(inner: T) -> Self {
        Self { inner, faults: Arc::default(), calls: Arc::default() }
    }

    /// From now on `faults` are what is wrong.
    pub fn set(&self, faults: Faults) {
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    /// From now on nothing is wrong.
    pub fn heal(&self) {
        self.set(Faults::default());
    }

    /// How many calls of any kind have begun.
    pub fn calls(&self) -> u64 {
        self.calls.load(std::sync::atomic::Ordering::Relaxed)
    }

    async fn suffer(&self) -> Result<Faults, TierError> {
        self.calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let faults = *self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        if !faults.delay.is_zero() {
            tokio::time::sleep(faults.delay).await;
        }
        assert!(!faults.panics, "an injected panic");
        match faults.error {
            Some(kind) => Err(TierError::new(self.inner.name(), kind, "an injected fault")),
            None => Ok(faults),
        }
    }
}

#[async_trait]
impl<T: CacheTier> CacheTier for Faulty<T> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    async fn get(&self, key: &CacheKey) -> Result<Option<Entry>, TierError> {
        let faults = self.suffer().await?;
        match self.inner.get(key).await? {
            Some(entry) if faults.flip_bits => {
                self.inner.remove(key).await?;
                decode_flipped(&entry).map(Some).map_err(|error| error.in_tier(self.name()))
            }
            found => Ok(found),
        }
    }

    async fn put(&self, key: &CacheKey, entry: &Entry, options: &PutOptions) -> Result<PutOutcome, TierError> {
        self.suffer().await?;
        self.inner.put(key, entry, options).await
    }

    async fn remove(&self, key: &CacheKey) -> Result<bool, TierError> {
        self.suffer().await?;
        self.inner.remove(key).await
    }

    async fn clear(&self, pattern: &Pattern) -> Result<u64, TierError> {
        self.suffer().await?;
        self.inner.clear(pattern).await
    }

    async fn probe(&self) -> Result<(), TierError> {
        self.suffer().await?;
        self.inner.probe().await
    }
}

/// Sends the entry over a line that flips the last bit of the frame.
fn decode_flipped(entry: &Entry) -> Result<Entry, envelope::EnvelopeError> {
    let mut frame = envelope::encode(entry)?.to_vec();
    if let Some(last) = frame.last_mut() {
        *last ^= 1;
    }
    envelope::decode(&frame.into())
}
