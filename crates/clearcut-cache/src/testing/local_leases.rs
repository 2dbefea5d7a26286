//! Leases inside one process, for several caches that play several processes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use tokio::time::Instant;

use crate::{CacheKey, LeaseGrant, LeaseKeeper, TierError, random};

/// Keeps leases in a map, and expires them by tokio's clock. Clones share the map.
#[derive(Debug, Clone, Default)]
pub struct LocalLeases(Arc<Mutex<HashMap<CacheKey, Lease>>>);

#[derive(Debug, Default)]
struct Lease {
    fence: u64,
    held: Option<(u128, Instant)>,
}

impl Lease {
    fn is_held_by(&self, owner: u128) -> bool {
        self.held.is_some_and(|(holder, until)| holder == owner && until > Instant::now())
    }
}

impl LocalLeases {
    /// Takes the lease of `key` away from whoever holds it.
    pub fn revoke(&self, key: &CacheKey) {
        self.leases().entry(key.clone()).or_default().held = None;
    }

    /// Whether anybody holds the lease of `key`.
    pub fn is_held(&self, key: &CacheKey) -> bool {
        self.leases().get(key).is_some_and(|lease| lease.held.is_some_and(|(_, until)| until > Instant::now()))
    }

    fn leases(&self) -> MutexGuard<'_, HashMap<CacheKey, Lease>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl LeaseKeeper for LocalLeases {
    async fn acquire(&self, key: &CacheKey, ttl: Duration) -> Result<Option<LeaseGrant>, TierError> {
        tokio::task::yield_now().await;
        let mut leases = self.leases();
        let lease = leases.entry(key.clone()).or_default();
        let now = Instant::now();
        if lease.held.is_some_and(|(_, until)| until > now) {
            return Ok(None);
        }
        let owner = u128::from(random::bits()) << 64 | u128::from(random::bits());
        lease.fence += 1;
        lease.held = Some((owner, now + ttl));
        Ok(Some(LeaseGrant { key: key.clone(), owner, fence: lease.fence }))
    }

    async fn renew(&self, grant: &LeaseGrant, ttl: Duration) -> Result<bool, TierError> {
        tokio::task::yield_now().await;
        let mut leases = self.leases();
        let Some(lease) = leases.get_mut(&grant.key).filter(|lease| lease.is_held_by(grant.owner)) else {
            return Ok(false);
        };
        lease.held = Some((grant.owner, Instant::now() + ttl));
        Ok(true)
    }

    async fn release(&self, grant: &LeaseGrant) -> Result<bool, TierError> {
        tokio::task::yield_now().await;
        let mut leases = self.leases();
        let Some(lease) = leases.get_mut(&grant.key).filter(|lease| lease.is_held_by(grant.owner)) else {
            return Ok(false);
        };
        lease.held = None;
        Ok(true)
    }
}
