//! How long objects are kept.

use std::time::Duration;

/// How long objects are kept, counted from when they were last put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// Of what was uploaded; a day by default.
    pub uploads: Duration,
    /// Of what was computed; forever by default.
    pub results: Option<Duration>,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self { uploads: Duration::from_hours(24), results: None }
    }
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SweepReport {
    /// Objects removed, and files that a crashed writer had left.
    pub removed: u64,
    /// Their lengths together.
    pub bytes: u64,
    /// Objects that were due and could not be removed, with a line in the log for each.
    pub failed: u64,
}
