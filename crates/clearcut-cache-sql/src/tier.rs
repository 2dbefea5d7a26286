//! The tier: a handle to a store and its timer.

use std::sync::Arc;

use async_trait::async_trait;
use clearcut_cache::{CacheKey, CacheTier, Entry, Pattern, PutOptions, PutOutcome, TierError};

use crate::{SqlLease, database::Database, keeping::Keeping, store::Store, timer::Timer};

/// A cache tier in a database: [`PostgresTier`](crate::PostgresTier) or [`SqliteTier`](crate::SqliteTier).
///
/// Also its reports ([`CacheReports`](crate::CacheReports)), its upkeep ([`CacheUpkeep`](crate::CacheUpkeep)) and,
/// by [`SqlTier::lease`], its leases. A background task writes what was counted and cleans up; it ends with the last
/// clone of the tier. Call [`CacheUpkeep::close`](crate::CacheUpkeep::close) before the program ends, or the last few
/// seconds of hits are not counted.
#[derive(Debug)]
pub struct SqlTier<D> {
    pub(crate) store: Arc<Store<D>>,
    timer: Arc<Timer>,
}

impl<D: Database> SqlTier<D> {
    /// Must be called within a tokio runtime.
    pub(crate) fn start(database: D, keeping: Keeping) -> Self {
        let store = Arc::new(Store::new(database, keeping));
        let timer = Arc::new(Timer::start(&store));
        Self { store, timer }
    }

    /// Leases in the same database, on the same connections.
    pub fn lease(&self) -> SqlLease<D> {
        SqlLease::new(Arc::clone(&self.store))
    }
}

impl<D> Clone for SqlTier<D> {
    fn clone(&self) -> Self {
        Self { store: Arc::clone(&self.store), timer: Arc::clone(&self.timer) }
    }
}

#[async_trait]
impl<D: Database> CacheTier for SqlTier<D> {
    fn name(&self) -> &str {
        D::NAME
    }

    async fn get(&self, key: &CacheKey) -> Result<Option<Entry>, TierError> {
        self.store.get(key).await
    }

    async fn put(&self, key: &CacheKey, entry: &Entry, options: &PutOptions) -> Result<PutOutcome, TierError> {
        self.store.put(key, entry, options).await
    }

    async fn remove(&self, key: &CacheKey) -> Result<bool, TierError> {
        self.store.remove(key).await
    }

    async fn clear(&self, pattern: &Pattern) -> Result<u64, TierError> {
        self.store.clear(pattern).await
    }

    async fn probe(&self) -> Result<(), TierError> {
        self.store.probe().await
    }
}
