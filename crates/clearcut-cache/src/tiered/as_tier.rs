//! A whole cache in the place of one tier.

use std::sync::Arc;

use async_trait::async_trait;
use futures::future::join;

use super::{Cleared, TieredCache};
use crate::{CacheKey, CacheTier, Entry, Pattern, PutOptions, PutOutcome, TierError, TierErrorKind, unix_ms};

/// A [`TieredCache`] as a [`CacheTier`]: for a cache of caches, and for the conformance suite.
///
/// Writes are waited for. It declines only if it has no tier; an error means that no tier did what was asked.
#[derive(Debug, Clone)]
pub struct TieredTier {
    name: Arc<str>,
    cache: TieredCache,
}

impl TieredTier {
    /// `cache` under one name.
    pub fn new(name: &str, cache: TieredCache) -> Self {
        Self { name: name.into(), cache }
    }

    fn removed(&self, cleared: Cleared) -> Result<u64, TierError> {
        let removed = cleared.removed();
        match cleared.tiers.into_iter().find_map(|(_, answer)| answer.err()) {
            Some(error) => Err(TierError::new(&*self.name, error.kind(), error)),
            None => Ok(removed),
        }
    }
}

#[async_trait]
impl CacheTier for TieredTier {
    fn name(&self) -> &str {
        &self.name
    }

    async fn get(&self, key: &CacheKey) -> Result<Option<Entry>, TierError> {
        Ok(self.cache.get(key).await.map(|lookup| lookup.entry))
    }

    async fn put(&self, key: &CacheKey, entry: &Entry, options: &PutOptions) -> Result<PutOutcome, TierError> {
        let shared = &self.cache.shared;
        if shared.tiers.is_empty() {
            return Ok(PutOutcome::Declined);
        }
        let ttl_ms = options.ttl.as_millis().try_into().unwrap_or(u64::MAX);
        let mut entry = entry.clone();
        entry.head.expires_ms = entry.head.expires_ms.min(unix_ms(shared.clock.now()).saturating_add(ttl_ms));
        let mark = shared.clearings.mark();
        join(shared.write_local(key, &entry, mark), shared.write_shared(key, &entry, mark)).await;
        Ok(PutOutcome::Stored)
    }

    async fn remove(&self, key: &CacheKey) -> Result<bool, TierError> {
        self.removed(self.cache.remove(key).await).map(|removed| removed > 0)
    }

    async fn clear(&self, pattern: &Pattern) -> Result<u64, TierError> {
        self.removed(self.cache.clear(pattern).await)
    }

    async fn probe(&self) -> Result<(), TierError> {
        let health = self.cache.probe().await;
        if health.is_empty() || health.iter().any(|tier| tier.answer.is_ok()) {
            return Ok(());
        }
        Err(TierError::new(&*self.name, TierErrorKind::Unavailable, "no tier answers"))
    }
}
