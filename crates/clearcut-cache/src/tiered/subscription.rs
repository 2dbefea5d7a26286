//! Listens to what other processes clear, for as long as the cache lives.

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use tokio::task::JoinHandle;

use super::{clearings::Clearings, guarded::GuardedTier};
use crate::{Invalidation, InvalidationBus, Pattern};

const FIRST_RETRY: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_secs(10);

/// The listening task; ends when this is dropped.
#[derive(Debug)]
pub(super) struct Subscription(JoinHandle<()>);

impl Subscription {
    pub(super) fn start(bus: Arc<dyn InvalidationBus>, tiers: Arc<[GuardedTier]>, clearings: Arc<Clearings>) -> Self {
        Self(tokio::spawn(listen(bus, tiers, clearings)))
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn listen(bus: Arc<dyn InvalidationBus>, tiers: Arc<[GuardedTier]>, clearings: Arc<Clearings>) {
    let mut retry = FIRST_RETRY;
    loop {
        match bus.subscribe().await {
            Ok(mut messages) => {
                retry = FIRST_RETRY;
                // Whatever was cleared before now has not been heard.
                apply(Invalidation::Missed, &tiers, &clearings).await;
                while let Some(invalidation) = messages.next().await {
                    apply(invalidation, &tiers, &clearings).await;
                }
                tracing::warn!("the cache hears no invalidations any more, and subscribes again");
            }
            Err(error) => tracing::warn!(%error, "the cache cannot hear invalidations yet"),
        }
        tokio::time::sleep(retry).await;
        retry = (retry * 2).min(LAST_RETRY);
    }
}

/// Clears the local tiers: whoever sent it has cleared the shared ones.
async fn apply(invalidation: Invalidation, tiers: &[GuardedTier], clearings: &Clearings) {
    tracing::debug!(?invalidation, "clearing what another process cleared");
    clearings.record(invalidation.clone());
    for tier in tiers.iter().filter(|tier| tier.policy().local) {
        // A failure is counted and logged by the tier's guard.
        let _ = match &invalidation {
            Invalidation::Key(key) => tier.remove(key).await.map(u64::from),
            Invalidation::Pattern(pattern) => tier.clear(pattern).await,
            Invalidation::Missed => tier.clear(&Pattern::all()).await,
        };
    }
}
