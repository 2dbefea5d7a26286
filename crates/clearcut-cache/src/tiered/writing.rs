//! Into the tiers, unless it was cleared meanwhile.

use futures::future::join_all;

use super::{Shared, background::Reservation, clearings::Mark, guarded::GuardedTier};
use crate::{CacheKey, Entry};

impl Shared {
    /// To the local tiers, one after another: each takes microseconds.
    pub(super) async fn write_local(&self, key: &CacheKey, entry: &Entry, mark: Mark) {
        for tier in self.tiers.iter().filter(|tier| tier.policy().local && tier.policy().write) {
            self.write(tier, key, entry, mark).await;
        }
    }

    /// Room for a write to the shared tiers, or `None`: it is counted as shed.
    pub(super) fn reserve(&self, entry: &Entry) -> Option<Reservation> {
        let reservation = self.background.reserve(entry.body.len());
        if reservation.is_none() {
            self.shared_writers().for_each(GuardedTier::shed);
        }
        reservation
    }

    /// To the shared tiers, all at the same time.
    pub(super) async fn write_shared(&self, key: &CacheKey, entry: &Entry, mark: Mark) {
        join_all(self.shared_writers().map(|tier| self.write(tier, key, entry, mark))).await;
    }

    fn shared_writers(&self) -> impl Iterator<Item = &GuardedTier> {
        self.tiers.iter().filter(|tier| !tier.policy().local && tier.policy().write)
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
