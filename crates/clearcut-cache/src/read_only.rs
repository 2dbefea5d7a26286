//! A tier that is read and never changed.

use async_trait::async_trait;

use crate::{CacheKey, CacheTier, Entry, Pattern, PutOptions, PutOutcome, TierError};

/// Reads through to a tier that others write: a replica, a shared warm cache. Declines every put, removes nothing.
#[derive(Debug, Clone)]
pub struct ReadOnly<T>(T);

impl<T: CacheTier> ReadOnly<T> {
    /// Reads `inner`.
    pub fn new(inner: T) -> Self {
        Self(inner)
    }
}

#[async_trait]
impl<T: CacheTier> CacheTier for ReadOnly<T> {
    fn name(&self) -> &str {
        self.0.name()
    }

    async fn get(&self, key: &CacheKey) -> Result<Option<Entry>, TierError> {
        self.0.get(key).await
    }

    async fn put(&self, _: &CacheKey, _: &Entry, _: &PutOptions) -> Result<PutOutcome, TierError> {
        Ok(PutOutcome::Declined)
    }

    async fn remove(&self, _: &CacheKey) -> Result<bool, TierError> {
        Ok(false)
    }

    async fn clear(&self, _: &Pattern) -> Result<u64, TierError> {
        Ok(0)
    }

    async fn probe(&self) -> Result<(), TierError> {
        self.0.probe().await
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::testing::MapTier;

    #[tokio::test]
    async fn nothing_goes_in_and_nothing_goes_out() {
        let map = MapTier::new("map");
        let (key, options) = (CacheKey::parse("a").unwrap(), PutOptions::new(Duration::from_mins(1)));
        let entry = Entry::new("body", "text/plain", SystemTime::now(), Duration::from_mins(1));
        let tier = ReadOnly::new(map.clone());
        assert_eq!(tier.put(&key, &entry, &options).await.unwrap(), PutOutcome::Declined);
        assert_eq!(tier.get(&key).await.unwrap(), None);
        map.put(&key, &entry, &options).await.unwrap();
        assert!(!tier.remove(&key).await.unwrap());
        assert_eq!(tier.clear(&Pattern::all()).await.unwrap(), 0);
        assert_eq!(tier.get(&key).await.unwrap(), Some(entry));
    }
}
