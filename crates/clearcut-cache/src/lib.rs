#![doc = include_str!("../README.md")]

mod breaker;
mod clock;
mod compute;
#[expect(clippy::missing_panics_doc, reason = "a behavior that does not hold is a failed test")]
pub mod conformance;
mod entry;
pub mod envelope;
mod error;
mod flight;
mod histogram;
mod invalidation;
mod key;
mod lease;
mod lease_gate;
mod ledger;
mod memory;
mod namespace;
mod random;
mod read_only;
mod stats;
pub mod testing;
mod tier;
mod tiered;

pub use breaker::{Admission, Breaker, BreakerPolicy, BreakerState};
pub use clock::{Clock, SystemClock};
pub use compute::{ComputeError, ComputeOptions, Lookup, LookupError, NEGATIVE_TTL, Refusal, Source};
pub use entry::{Entry, EntryHead, EntryStatus, ForegroundFacts, unix_ms};
pub use error::{TierError, TierErrorKind};
pub use histogram::Latency;
pub use invalidation::{Invalidation, InvalidationBus};
pub use key::{CacheKey, InvalidKey, Pattern};
pub use lease::{LeaseGrant, LeaseKeeper};
pub use lease_gate::LeasePolicy;
pub use ledger::{Ledger, RequestOutcome};
pub use memory::{MemoryOptions, MemoryTier};
pub use namespace::{ANALYSIS_TTL, Found, Namespace, TEXT_TTL, ValueError};
pub use read_only::ReadOnly;
pub use stats::{CacheStats, FlightStats, TierStats};
pub use tier::{CacheTier, PutOptions, PutOutcome};
pub use tiered::{Cleared, TierHealth, TierPolicy, TieredBuilder, TieredCache, TieredTier};
