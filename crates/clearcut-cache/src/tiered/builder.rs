//! Puts a cache together.

use std::sync::Arc;

use super::{
    Background, Clearings, FlightCounters, Flights, GuardedTier, LeaseGate, Shared, Subscription, TierPolicy,
    TieredCache,
};
use crate::{CacheTier, Clock, InvalidationBus, LeaseKeeper, LeasePolicy, Ledger, SystemClock};

/// 64 MiB of bodies may wait to be written.
const WRITE_BUDGET_BYTES: usize = 64 << 20;

/// Puts a [`TieredCache`] together: tiers from the nearest to the most lasting.
#[derive(Debug)]
#[must_use = "a builder does nothing until it builds"]
pub struct TieredBuilder {
    tiers: Vec<GuardedTier>,
    lease: Option<(Arc<dyn LeaseKeeper>, LeasePolicy)>,
    bus: Option<Arc<dyn InvalidationBus>>,
    ledger: Option<Arc<dyn Ledger>>,
    clock: Arc<dyn Clock>,
    write_budget_bytes: usize,
}

impl TieredBuilder {
    pub(super) fn new() -> Self {
        Self {
            tiers: Vec::new(),
            lease: None,
            bus: None,
            ledger: None,
            clock: Arc::new(SystemClock),
            write_budget_bytes: WRITE_BUDGET_BYTES,
        }
    }

    /// One more tier, asked after those before it.
    pub fn tier(mut self, tier: Arc<dyn CacheTier>, policy: TierPolicy) -> Self {
        self.tiers.push(GuardedTier::new(tier, policy));
        self
    }

    /// One computation for each key among all processes that share `keeper` and at least one tier that is written to.
    pub fn lease(self, keeper: Arc<dyn LeaseKeeper>) -> Self {
        self.lease_with(keeper, LeasePolicy::default())
    }

    /// The same, with other times.
    pub fn lease_with(mut self, keeper: Arc<dyn LeaseKeeper>, policy: LeasePolicy) -> Self {
        self.lease = Some((keeper, policy));
        self
    }

    /// Tells other processes what is cleared here, and clears local tiers of what is cleared there.
    pub fn bus(mut self, bus: Arc<dyn InvalidationBus>) -> Self {
        self.bus = Some(bus);
        self
    }

    /// Hears of every request.
    pub fn ledger(mut self, ledger: Arc<dyn Ledger>) -> Self {
        self.ledger = Some(ledger);
        self
    }

    /// By which entries expire; the computer's, unless said otherwise.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// At most so many bytes of bodies wait to be written to shared tiers, 64 MiB unless said otherwise. What is more
    /// is not written, and counted as shed.
    pub fn write_budget_bytes(mut self, bytes: usize) -> Self {
        self.write_budget_bytes = bytes;
        self
    }

    /// Ready to use.
    ///
    /// # Panics
    ///
    /// With a bus, outside a tokio runtime: it starts to listen.
    pub fn build(self) -> TieredCache {
        let tiers: Arc<[GuardedTier]> = self.tiers.into();
        let clearings = Arc::new(Clearings::default());
        let subscription = self
            .bus
            .as_ref()
            .map(|bus| Subscription::start(Arc::clone(bus), Arc::clone(&tiers), Arc::clone(&clearings)));
        TieredCache {
            shared: Arc::new(Shared {
                tiers,
                clock: self.clock,
                flights: Arc::<Flights>::default(),
                gate: self.lease.map(|(keeper, policy)| LeaseGate::new(keeper, policy)),
                bus: self.bus,
                ledger: self.ledger,
                clearings,
                background: Background::new(self.write_budget_bytes),
                counters: FlightCounters::default(),
                _subscription: subscription,
            }),
        }
    }
}
