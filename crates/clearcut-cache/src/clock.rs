//! What time it is: passed in, so that a test can say it.

use std::time::SystemTime;

/// Says what time it is. Used for expiry alone; how long something took is measured with a monotonic clock.
///
/// A clock that jumps does no harm: an entry then lives for less or more than was meant, and is never wrong.
pub trait Clock: std::fmt::Debug + Send + Sync {
    /// Now.
    fn now(&self) -> SystemTime;
}

/// The computer's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}
