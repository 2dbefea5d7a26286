//! One computation: whose turn it is, what comes of it, and where it is kept.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::{Shared, clearings::Mark, guarded::Reading};
use crate::{
    CacheKey, ComputeOptions, Entry, EntryStatus, Lookup, Refusal, Source,
    compute::Failure,
    flight::{Outcome, Pilot},
    lease_gate::{Asked, HeldLease},
    unix_ms,
};

/// What is to be done if nobody has the result.
pub(super) struct Computation {
    pub(super) options: ComputeOptions,
    pub(super) work: BoxFuture<'static, Result<Entry, Unfinished>>,
}

/// Why there is no result.
pub(super) enum Unfinished {
    Refused(Refusal),
    Failed(Failure),
}

/// Who computes.
enum Turn {
    /// Another process has.
    Found(Lookup),
    /// This process, as the only one.
    Leased(HeldLease),
    /// This process, and perhaps others.
    Alone,
}

impl Shared {
    /// Starts a flight that outlives its caller.
    pub(super) fn take_off(self: &Arc<Self>, pilot: Pilot, computation: Computation) {
        let shared = Arc::clone(self);
        self.background.spawn(async move { shared.fly(pilot, computation).await }.in_current_span());
    }

    async fn fly(self: Arc<Self>, pilot: Pilot, computation: Computation) {
        let key = pilot.key();
        let mark = self.clearings.mark();
        // Local tiers too: another flight may have landed since this one's caller looked.
        if let Some(found) = self.read(key, Reading::Again).await {
            return self.land(&pilot, Ok(found));
        }
        let lease = match self.take_turn(key).await {
            Turn::Found(found) => return self.land(&pilot, Ok(found)),
            Turn::Leased(lease) => Some(lease),
            Turn::Alone => None,
        };
        let entry = match self.compute(computation).await {
            Ok(entry) => entry,
            Err(failure) => {
                self.land(&pilot, Err(failure));
                if let Some(lease) = lease {
                    lease.release().await;
                }
                return;
            }
        };
        self.write_local(key, &entry, mark).await;
        self.land(&pilot, Ok(Lookup { entry: entry.clone(), source: Source::Computed }));

        match lease {
            None => self.share(key, &entry, mark).await,
            Some(lease) => {
                if lease.still_held().await {
                    self.share(key, &entry, mark).await;
                } else {
                    tracing::warn!(cache.key = key.as_str(), "a result is not shared, because its lease was lost");
                    self.counters.fenced.count();
                }
                // After the writes: whoever gets the lease next finds the result.
                lease.release().await;
            }
        }
    }

    /// Tells the passengers, and the ledger on behalf of the caller who started the flight: it may have gone away.
    fn land(&self, pilot: &Pilot, outcome: Outcome) {
        self.book(pilot.key(), outcome.as_ref().ok());
        pilot.land(outcome);
    }

    /// Waits until another process has the result, or this one has the lease, or waiting has no sense.
    async fn take_turn(self: &Arc<Self>, key: &CacheKey) -> Turn {
        let Some(gate) = &self.gate else { return Turn::Alone };
        let began = Instant::now();
        for wait in gate.polls() {
            if !self.can_meet() {
                break;
            }
            match gate.ask(key).await {
                Asked::Granted(lease) => {
                    // The holder before may have finished between the look into the tiers and the grant.
                    let Some(found) = self.read_shared(key).await else { return Turn::Leased(lease) };
                    lease.release().await;
                    return self.waited(found);
                }
                Asked::HeldByAnother => {}
                Asked::NoAnswer => break,
            }
            if began.elapsed() + wait > gate.longest_wait() {
                tracing::warn!(cache.key = key.as_str(), "computing what another process is still computing");
                break;
            }
            tokio::time::sleep(wait).await;
            if let Some(found) = self.read_shared(key).await {
                return self.waited(found);
            }
        }
        self.counters.unleased.count();
        Turn::Alone
    }

    async fn share(&self, key: &CacheKey, entry: &Entry, mark: Mark) {
        if let Some(_reservation) = self.reserve(entry) {
            self.write_shared(key, entry, mark).await;
        }
    }

    fn waited(&self, found: Lookup) -> Turn {
        self.counters.waited.count();
        Turn::Found(Lookup { source: Source::Joined, ..found })
    }

    async fn compute(&self, computation: Computation) -> Result<Entry, Failure> {
        let Computation { options, work } = computation;
        let began = Instant::now();
        let mut entry = match work.await {
            Ok(entry) => {
                self.counters.computed.count();
                entry
            }
            Err(Unfinished::Refused(Refusal { media_type, body })) => {
                self.counters.refused.count();
                let mut entry = Entry::computed(body, media_type);
                entry.head.status = EntryStatus::Failure;
                entry
            }
            Err(Unfinished::Failed(failure)) => {
                self.counters.failed.count();
                return Err(failure);
            }
        };
        let ttl = match entry.head.status {
            EntryStatus::Success => options.ttl,
            EntryStatus::Failure => options.negative_ttl,
        };
        let head = &mut entry.head;
        head.created_ms = unix_ms(self.clock.now());
        head.expires_ms = head.created_ms.saturating_add(ttl.as_millis().try_into().unwrap_or(u64::MAX));
        if head.compute_us == 0 {
            head.compute_us = began.elapsed().as_micros().try_into().unwrap_or(u64::MAX);
        }
        Ok(entry)
    }
}
