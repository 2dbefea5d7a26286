//! How long results are kept.

use std::time::Duration;

/// How long results are kept. A result is a pure function of its key and never stale: expiry frees room.
///
/// A tier may keep them for less (its own limit), never for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiry {
    /// Finished renditions; 24 h by default.
    pub rendition: Duration,
    /// Mattes, from which a new rendition of a known picture is made without inference; 7 d by default.
    pub matte: Duration,
    /// Failures that would repeat; 10 min by default.
    pub failure: Duration,
}

impl Default for Expiry {
    fn default() -> Self {
        const HOUR: Duration = Duration::from_hours(1);
        Self { rendition: 24 * HOUR, matte: 7 * 24 * HOUR, failure: Duration::from_mins(10) }
    }
}
