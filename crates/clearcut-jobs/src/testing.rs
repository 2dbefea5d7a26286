//! Doubles for tests: a queue that fails on demand.

mod faulty;

pub use faulty::{Faults, Faulty};
