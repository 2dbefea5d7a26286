//! The seam by which a key cleared in one process is gone from every process's memory.

use async_trait::async_trait;
use futures::stream::BoxStream;

use crate::{CacheKey, Pattern, TierError};

/// What has been cleared somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invalidation {
    /// One key.
    Key(CacheKey),
    /// Every key that matches.
    Pattern(Pattern),
    /// Messages may have been missed (a reconnection): memory cannot be trusted to hold only uncleared keys.
    Missed,
}

impl Invalidation {
    /// Whether `key` can be trusted no more.
    pub fn covers(&self, key: &CacheKey) -> bool {
        match self {
            Self::Key(cleared) => cleared == key,
            Self::Pattern(pattern) => pattern.matches(key.as_str()),
            Self::Missed => true,
        }
    }
}

/// Tells other processes what was cleared here, and this one what was cleared there.
#[async_trait]
pub trait InvalidationBus: std::fmt::Debug + Send + Sync {
    /// Tells every other process. Own messages may come back; clearing twice does no harm.
    async fn publish(&self, invalidation: &Invalidation) -> Result<(), TierError>;

    /// Everything published from now on. Ends only when the bus is dropped.
    async fn subscribe(&self) -> Result<BoxStream<'static, Invalidation>, TierError>;
}
