//! One look at both clocks.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// When something happens: for measuring, and for people.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// By the monotonic clock.
    pub(super) at: Instant,
    /// By the calendar.
    pub(super) date: SystemTime,
}

/// `span` after `at`; a span beyond what the clock can say is thirty years.
pub(super) fn later(at: Instant, span: Duration) -> Instant {
    const FAR: Duration = Duration::from_hours(24 * 365 * 30);
    at + span.min(FAR)
}
