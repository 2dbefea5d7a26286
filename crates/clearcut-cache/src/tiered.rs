//! Tiers behind one another, asked in order, and one computation for each key that none of them has.

use std::{
    fmt::{Debug, Display},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures::{FutureExt as _, future::join_all};

use crate::{
    BreakerState, CacheKey, CacheStats, Clock, ComputeError, ComputeOptions, Entry, Invalidation, InvalidationBus,
    Ledger, Lookup, LookupError, Pattern, RequestOutcome, TierError, TierErrorKind,
    compute::Failure,
    flight::{Boarding, Flights},
    lease_gate::LeaseGate,
    stats::FlightCounters,
};

mod as_tier;
mod background;
mod builder;
mod clearings;
mod computing;
mod guarded;
mod policy;
mod reading;
mod subscription;
mod writing;

pub use as_tier::TieredTier;
pub use builder::TieredBuilder;
pub use policy::TierPolicy;

use background::Background;
use clearings::Clearings;
use computing::{Computation, Unfinished};
use guarded::{GuardedTier, Reading};
use subscription::Subscription;

/// The cache: tiers from the nearest to the most lasting. Clones are the same cache.
///
/// - A read goes down the tiers; what a later one has is written to the earlier ones without delaying the answer.
/// - A result is written to local tiers before it is answered, to shared tiers after. [`TieredCache::flush`] waits
///   for these writes: call it before the process ends.
/// - Each call of a tier has a time limit, and a tier that fails repeatedly is not asked for a while. Tier trouble
///   never fails a request: a read becomes a miss, a write a counter.
///
/// All of it needs a tokio runtime with time enabled.
#[derive(Debug, Clone)]
pub struct TieredCache {
    shared: Arc<Shared>,
}

/// What clones and background tasks share.
#[derive(Debug)]
struct Shared {
    tiers: Arc<[GuardedTier]>,
    clock: Arc<dyn Clock>,
    flights: Arc<Flights>,
    gate: Option<LeaseGate>,
    bus: Option<Arc<dyn InvalidationBus>>,
    ledger: Option<Arc<dyn Ledger>>,
    clearings: Arc<Clearings>,
    background: Background,
    counters: FlightCounters,
    /// Listens for as long as this lives.
    _subscription: Option<Subscription>,
}

impl TieredCache {
    /// Without a tier it keeps nothing, and still computes each key once at a time.
    pub fn builder() -> TieredBuilder {
        TieredBuilder::new()
    }

    /// The entry, from the first tier that has it.
    pub async fn get(&self, key: &CacheKey) -> Option<Lookup> {
        let found = self.shared.read(key, Reading::First).await;
        self.shared.book(key, found.as_ref());
        found
    }

    /// The entry, from the first tier that has it, or else what `compute` makes of it.
    ///
    /// Of all callers in this process that want the same key at the same time, one computes. With a lease keeper that
    /// holds for all processes that share it. The computation runs in a task of its own: it goes on, and is kept,
    /// when its caller is dropped. A panic in it fails its callers and nothing else.
    ///
    /// The entry's `created_ms` and `expires_ms` are set here, and `compute_us` if it is 0.
    pub async fn get_or_compute<E, F, Fut>(
        &self,
        key: &CacheKey,
        options: &ComputeOptions,
        compute: F,
    ) -> Result<Lookup, LookupError<E>>
    where
        E: Display + Debug + Send + Sync + 'static,
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<Entry, ComputeError<E>>> + Send + 'static,
    {
        if let Some(found) = self.shared.read_local(key).await {
            self.shared.book(key, Some(&found));
            return Ok(found);
        }
        let outcome = match self.shared.flights.board(key) {
            Boarding::Pilot(pilot, passenger) => {
                let computation = Computation { options: options.clone(), work: erase(compute) };
                self.shared.take_off(pilot, computation);
                passenger.arrive().await
            }
            Boarding::Passenger(passenger) => {
                self.shared.counters.joined.count();
                let outcome = passenger.arrive_joined().await;
                self.shared.book(key, outcome.as_ref().ok());
                outcome
            }
        };
        outcome.map_err(LookupError::from)
    }

    /// Keeps `entry` in every tier that is written to, until its `expires_ms`. Returns once local tiers have it;
    /// [`TieredCache::flush`] waits for the others.
    pub async fn put(&self, key: &CacheKey, entry: &Entry) {
        let mark = self.shared.clearings.mark();
        self.shared.write_local(key, entry, mark).await;
        let Some(reservation) = self.shared.reserve(entry) else { return };
        let (shared, key, entry) = (Arc::clone(&self.shared), key.clone(), entry.clone());
        self.shared.background.spawn(async move {
            shared.write_shared(&key, &entry, mark).await;
            drop(reservation);
        });
    }

    /// Removes one entry from every tier, and from other processes' memory.
    pub async fn remove(&self, key: &CacheKey) -> Cleared {
        self.shared.clear(&Invalidation::Key(key.clone())).await
    }

    /// Removes what matches from every tier, and from other processes' memory. What is computed at the moment is not
    /// kept.
    pub async fn clear(&self, pattern: &Pattern) -> Cleared {
        self.shared.clear(&Invalidation::Pattern(pattern.clone())).await
    }

    /// Asks every tier whether it is there.
    pub async fn probe(&self) -> Vec<TierHealth> {
        join_all(self.shared.tiers.iter().map(async |tier| TierHealth {
            name: Arc::clone(tier.name()),
            breaker: tier.breaker_state(),
            answer: tier.probe().await,
        }))
        .await
    }

    /// What its clock says.
    pub(crate) fn now(&self) -> SystemTime {
        self.shared.clock.now()
    }

    /// What has been counted since this was built.
    pub fn stats(&self) -> CacheStats {
        CacheStats {
            tiers: self.shared.tiers.iter().map(GuardedTier::stats).collect(),
            flights: self.shared.counters.snapshot(),
        }
    }

    /// Waits until nothing is left of what this cache does in the background: computations whose callers went away,
    /// and writes. Each write is bounded by its tier's time limit.
    pub async fn flush(&self) {
        self.shared.background.idle().await;
    }
}

impl Shared {
    /// Tells the ledger how a caller's request for `key` ended.
    fn book(&self, key: &CacheKey, answer: Option<&Lookup>) {
        if let Some(ledger) = &self.ledger {
            ledger.record(key, RequestOutcome::of(answer));
        }
    }

    async fn clear(&self, what: &Invalidation) -> Cleared {
        /// Longest time that telling the others may take.
        const ANNOUNCEMENT: Duration = Duration::from_secs(5);

        self.clearings.record(what.clone());
        self.flights.forget(what);
        let mut tiers = Vec::with_capacity(self.tiers.len());
        // From the last to the first: what is read meanwhile cannot come back from below.
        for tier in self.tiers.iter().rev() {
            let answer = match what {
                Invalidation::Key(key) => tier.remove(key).await.map(u64::from),
                Invalidation::Pattern(pattern) => tier.clear(pattern).await,
                Invalidation::Missed => tier.clear(&Pattern::all()).await,
            };
            tiers.push((Arc::clone(tier.name()), answer));
        }
        tiers.reverse();
        // What was read before the last tier was cleared is written no more.
        self.clearings.record(what.clone());
        let announced = match &self.bus {
            Some(bus) => tokio::time::timeout(ANNOUNCEMENT, bus.publish(what))
                .await
                .unwrap_or_else(|_| Err(TierError::new("bus", TierErrorKind::Timeout, "no answer"))),
            None => Ok(()),
        };
        Cleared { tiers, announced }
    }
}

/// Runs `compute` under any error type.
fn erase<E, F, Fut>(compute: F) -> futures::future::BoxFuture<'static, Result<Entry, Unfinished>>
where
    E: Display + Send + Sync + 'static,
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future<Output = Result<Entry, ComputeError<E>>> + Send + 'static,
{
    AssertUnwindSafe(async move { compute().await })
        .catch_unwind()
        .map(|ended| match ended {
            Ok(Ok(entry)) => Ok(entry),
            Ok(Err(ComputeError::Lasting(refusal))) => Err(Unfinished::Refused(refusal)),
            Ok(Err(ComputeError::Transient(error))) => Err(Unfinished::Failed(Failure::transient(error))),
            Err(payload) => Err(Unfinished::Failed(Failure::panicked(&*payload))),
        })
        .boxed()
}

/// What was cleared, and what could not be.
#[derive(Debug)]
#[must_use = "says which tier still has the entries"]
pub struct Cleared {
    /// Each tier by name, from the first to the last, and how many entries it had.
    pub tiers: Vec<(Arc<str>, Result<u64, TierError>)>,
    /// Whether other processes have been told. Those that were not keep entries in memory until they expire.
    pub announced: Result<(), TierError>,
}

impl Cleared {
    /// How many entries there were: those of the tier that had most, since an entry stands in several.
    pub fn removed(&self) -> u64 {
        self.tiers.iter().filter_map(|(_, answer)| answer.as_ref().ok().copied()).max().unwrap_or(0)
    }

    /// Why some entries may still be answered.
    pub fn failures(&self) -> impl Iterator<Item = &TierError> {
        self.tiers.iter().filter_map(|(_, answer)| answer.as_ref().err()).chain(self.announced.as_ref().err())
    }
}

/// Whether a tier is there.
#[derive(Debug)]
pub struct TierHealth {
    /// Its name.
    pub name: Arc<str>,
    /// Whether it is asked at present.
    pub breaker: BreakerState,
    /// How long it took to answer.
    pub answer: Result<Duration, TierError>,
}
