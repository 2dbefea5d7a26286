//! The seam that makes single flight hold across processes.

use std::time::Duration;

use async_trait::async_trait;

use crate::{CacheKey, TierError};

/// Lets one process among many compute a key.
///
/// # Contract
///
/// - At most one holder at a time, as long as it renews in time; a holder that dies loses the lease after `ttl`.
/// - `fence` grows with every acquisition of the same key, so that a holder that lost its lease can be told from
///   the one that has it.
/// - `renew` and `release` act only while `grant` still holds; otherwise they are `Ok(false)`.
#[async_trait]
pub trait LeaseKeeper: std::fmt::Debug + Send + Sync {
    /// Takes the lease, or `None` while another holds it.
    async fn acquire(&self, key: &CacheKey, ttl: Duration) -> Result<Option<LeaseGrant>, TierError>;

    /// Extends it by `ttl` from now on; whether it was still held.
    async fn renew(&self, grant: &LeaseGrant, ttl: Duration) -> Result<bool, TierError>;

    /// Gives it back; whether it was still held.
    async fn release(&self, grant: &LeaseGrant) -> Result<bool, TierError>;
}

/// Proof of an acquired lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseGrant {
    /// What may be computed.
    pub key: CacheKey,
    /// Random, unique to this acquisition.
    pub owner: u128,
    /// Grows with every acquisition of `key`.
    pub fence: u64,
}
