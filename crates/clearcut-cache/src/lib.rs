#![doc = include_str!("../README.md")]

mod clock;
pub mod conformance;
mod entry;
pub mod envelope;
mod error;
mod invalidation;
mod key;
mod lease;
mod random;
pub mod testing;
mod tier;

pub use clock::{Clock, SystemClock};
pub use entry::{Entry, EntryHead, EntryStatus, ForegroundFacts, unix_ms};
pub use error::{TierError, TierErrorKind};
pub use invalidation::{Invalidation, InvalidationBus};
pub use key::{CacheKey, InvalidKey, Pattern};
pub use lease::{LeaseGrant, LeaseKeeper};
pub use tier::{CacheTier, PutOptions, PutOutcome};
