//! Doubles for tests: a clock that is set by hand, a tier that fails on demand, "servers" inside the process.

mod faulty;
mod local_bus;
mod local_leases;
mod manual_clock;
mod map_tier;

pub use faulty::{Faults, Faulty};
pub use local_bus::LocalBus;
pub use local_leases::LocalLeases;
pub use manual_clock::ManualClock;
pub use map_tier::MapTier;
