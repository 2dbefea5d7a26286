//! What day it is: passed in, so that a test can say it.

use std::time::SystemTime;

/// Says what time it is, for the dates that people read and for nothing else: how long a lease or a pause lasts is
/// measured with a monotonic clock, which nobody sets back.
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
