//! Into the tiers, unless it was cleared meanwhile.

use futures::future::join_all;

use super::{Shared, clearings::Mark, guarded::GuardedTier};
use crate::{CacheKey, Entry};

impl Shared {
    /// To the local tiers, one after another: each takes microseconds.
    pub(super) async fn write_local(&self, key: &CacheKey, entry: &Entry, mark: Mark) {
        for tier in self.tiers.iter().filter(|tier| tier.policy().local && tier.policy().write) {
            self.write(tier, key, entry, mark).await;
        }
    }

    /// To the shared tiers, all at the same time, if there is room among the waiting writes.
    pub(super) async fn write_shared(&self, key: &CacheKey, entry: &Entry, mark: Mark) {
        let tiers = self.tiers.iter().filter(|tier| !tier.policy().local && tier.policy().write);
        match self.background.reserve(entry.body.len()) {
            Some(_reservation) => {
                join_all(tiers.map(|tier| self.write(tier, key, entry, mark))).await;
            }
            None => tiers.for_each(GuardedTier::shed),
        }
    }

    /// To one tier, unless `key` was cleared after `mark`.
    pub(super) async fn write(&self, tier: &GuardedTier, key: &CacheKey, entry: &Entry, mark: Mark) {
        if self.clearings.cleared_since(mark, key) {
            return;
        }
        tier.put(key, entry, self.clock.now()).await;
        if self.clearings.cleared_since(mark, key) {
            // A failure is counted by the tier's guard.
            let _ = tier.remove(key).await;
        }
    }
}
