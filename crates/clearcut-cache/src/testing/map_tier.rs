//! A remote server's stand-in: frames in a map, shared by every cache that is given the same one.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::time::Instant;

use crate::{CacheKey, CacheTier, Entry, Pattern, PutOptions, PutOutcome, TierError, envelope};

/// Keeps encoded frames in a map, as a server would, and counts what is asked of it. Clones share the map.
///
/// It yields once in every call, as a network would, and expires by tokio's clock.
#[derive(Debug, Clone)]
pub struct MapTier {
    name: Arc<str>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    frames: Mutex<HashMap<CacheKey, Kept>>,
    gets: AtomicU64,
    puts: AtomicU64,
}

#[derive(Debug)]
struct Kept {
    frame: Bytes,
    expires: Option<Instant>,
}

impl MapTier {
    /// An empty one.
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), shared: Arc::default() }
    }

    /// Puts raw bytes under `key`, readable or not, without an expiry.
    pub fn plant(&self, key: &CacheKey, frame: Bytes) {
        self.frames().insert(key.clone(), Kept { frame, expires: None });
    }

    /// The bytes under `key`, expired or not.
    pub fn frame(&self, key: &CacheKey) -> Option<Bytes> {
        self.frames().get(key).map(|kept| kept.frame.clone())
    }

    /// For how much longer the entry under `key` is kept.
    pub fn ttl(&self, key: &CacheKey) -> Option<Duration> {
        self.frames().get(key)?.expires.map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// How often it was asked for an entry.
    pub fn gets(&self) -> u64 {
        self.shared.gets.load(Ordering::Relaxed)
    }

    /// How often it was given an entry.
    pub fn puts(&self) -> u64 {
        self.shared.puts.load(Ordering::Relaxed)
    }

    fn frames(&self) -> MutexGuard<'_, HashMap<CacheKey, Kept>> {
        self.shared.frames.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl CacheTier for MapTier {
    fn name(&self) -> &str {
        &self.name
    }

    async fn get(&self, key: &CacheKey) -> Result<Option<Entry>, TierError> {
        tokio::task::yield_now().await;
        self.shared.gets.fetch_add(1, Ordering::Relaxed);
        let mut frames = self.frames();
        let Some(kept) = frames.get(key) else { return Ok(None) };
        if kept.expires.is_some_and(|at| at <= Instant::now()) {
            frames.remove(key);
            return Ok(None);
        }
        match envelope::decode(&kept.frame) {
            Ok(entry) => Ok(Some(entry)),
            Err(error) => {
                frames.remove(key);
                Err(error.in_tier(&self.name))
            }
        }
    }

    async fn put(&self, key: &CacheKey, entry: &Entry, options: &PutOptions) -> Result<PutOutcome, TierError> {
        tokio::task::yield_now().await;
        self.shared.puts.fetch_add(1, Ordering::Relaxed);
        let Ok(frame) = envelope::encode(entry) else { return Ok(PutOutcome::Declined) };
        self.frames().insert(key.clone(), Kept { frame, expires: Instant::now().checked_add(options.ttl) });
        Ok(PutOutcome::Stored)
    }

    async fn remove(&self, key: &CacheKey) -> Result<bool, TierError> {
        tokio::task::yield_now().await;
        Ok(self.frames().remove(key).is_some())
    }

    async fn clear(&self, pattern: &Pattern) -> Result<u64, TierError> {
        tokio::task::yield_now().await;
        let mut frames = self.frames();
        let before = frames.len();
        frames.retain(|key, _| !pattern.matches(key.as_str()));
        Ok((before - frames.len()) as u64)
    }

    async fn probe(&self) -> Result<(), TierError> {
        Ok(())
    }
}
