//! When an entry in memory goes: at the end of its time, or of the time that nobody read it.

use std::time::{Duration, Instant};

use moka::Expiry;

use super::Kept;
use crate::CacheKey;

/// A thousand years: moka refuses times that overflow its clock.
const LONGEST: Duration = Duration::from_hours(1_000 * 365 * 24);

#[derive(Debug)]
pub(super) struct Lifetime {
    pub(super) idle: Option<Duration>,
}

impl Lifetime {
    /// How much longer an entry lives that has been kept for `age` and was read just now.
    fn remaining(&self, kept: &Kept, age: Duration) -> Duration {
        let remaining = kept.ttl.saturating_sub(age).min(LONGEST);
        self.idle.map_or(remaining, |idle| remaining.min(idle))
    }
}

impl Expiry<CacheKey, Kept> for Lifetime {
    fn expire_after_create(&self, _: &CacheKey, kept: &Kept, _: Instant) -> Option<Duration> {
        Some(self.remaining(kept, Duration::ZERO))
    }

    fn expire_after_read(
        &self,
        _: &CacheKey,
        kept: &Kept,
        read_at: Instant,
        until_expiry: Option<Duration>,
        last_modified_at: Instant,
    ) -> Option<Duration> {
        match self.idle {
            Some(_) => Some(self.remaining(kept, read_at.saturating_duration_since(last_modified_at))),
            None => until_expiry,
        }
    }

    fn expire_after_update(&self, _: &CacheKey, kept: &Kept, _: Instant, _: Option<Duration>) -> Option<Duration> {
        Some(self.remaining(kept, Duration::ZERO))
    }
}
