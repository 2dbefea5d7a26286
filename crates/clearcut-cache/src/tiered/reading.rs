//! Down the tiers, and what was found back up.

use std::sync::Arc;

use super::{
    Shared,
    clearings::Mark,
    guarded::{GuardedTier, Reading},
};
use crate::{BreakerState, CacheKey, Entry, Lookup, Source};

impl Shared {
    /// From the first tier that has it.
    pub(super) async fn read(self: &Arc<Self>, key: &CacheKey, reading: Reading) -> Option<Lookup> {
        self.read_some(key, |tier| Some(if tier.policy().local { reading } else { Reading::First })).await
    }

    /// From the local tiers that stand before the first shared one: what can be answered at once.
    pub(super) async fn read_local(self: &Arc<Self>, key: &CacheKey) -> Option<Lookup> {
        let first_shared = self.tiers.iter().position(|tier| !tier.policy().local).unwrap_or(self.tiers.len());
        let mark = self.clearings.mark();
        for (index, tier) in self.tiers[..first_shared].iter().enumerate() {
            if let Some(entry) = tier.get(key, self.clock.now(), Reading::First).await {
                return Some(self.found(key, index, entry, mark).await);
            }
        }
        None
    }

    /// From the tiers where another process would have put it.
    pub(super) async fn read_shared(self: &Arc<Self>, key: &CacheKey) -> Option<Lookup> {
        self.read_some(key, |tier| is_meeting_place(tier).then_some(Reading::Again)).await
    }

    /// Whether there is a tier where processes could meet at present.
    pub(super) fn can_meet(&self) -> bool {
        self.tiers.iter().any(|tier| is_meeting_place(tier) && tier.breaker_state() != BreakerState::Open)
    }

    async fn read_some(
        self: &Arc<Self>,
        key: &CacheKey,
        how: impl Fn(&GuardedTier) -> Option<Reading>,
    ) -> Option<Lookup> {
        let mark = self.clearings.mark();
        for (index, tier) in self.tiers.iter().enumerate() {
            let Some(reading) = how(tier) else { continue };
            if let Some(entry) = tier.get(key, self.clock.now(), reading).await {
                return Some(self.found(key, index, entry, mark).await);
            }
        }
        None
    }

    /// Writes what tier `index` had to the tiers before it.
    async fn found(self: &Arc<Self>, key: &CacheKey, index: usize, entry: Entry, mark: Mark) -> Lookup {
        for (above, tier) in self.tiers[..index].iter().enumerate().filter(|(_, tier)| tier.policy().fill) {
            if tier.policy().local {
                self.write(tier, key, &entry, mark).await;
            } else if let Some(reservation) = self.background.reserve(entry.body.len()) {
                let (shared, key, entry) = (Arc::clone(self), key.clone(), entry.clone());
                self.background.spawn(async move {
                    shared.write(&shared.tiers[above], &key, &entry, mark).await;
                    drop(reservation);
                });
            } else {
                tier.shed();
            }
        }
        Lookup { entry, source: Source::Tier { index, name: Arc::clone(self.tiers[index].name()) } }
    }
}

/// Whether other processes look here for what this one computed.
fn is_meeting_place(tier: &GuardedTier) -> bool {
    !tier.policy().local && tier.policy().write
}
