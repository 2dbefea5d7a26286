//! How often a key or an address may call: GCRA limits in memory or shared through Redis.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use actix_web::HttpResponseBuilder;
use async_trait::async_trait;

/// What is limited: each call has its own limit and its own count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Call {
    /// The native calls.
    Native,
    /// remove.bg's.
    RemoveBg,
    /// rembg's.
    Rembg,
    /// `ShopImage`'s.
    ShopImage,
    /// `/remove-background`.
    RemoveBackground,
    /// `/remove-background-preview`.
    Preview,
    /// `/remove-background-base64`.
    Base64,
    /// `/read-file`.
    ReadFile,
    /// Admin calls and signing in, so that keys cannot be guessed fast.
    Admin,
}

/// So many calls in such a time, spread evenly, with all of them allowed at once after a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limit {
    /// Calls; at least 1.
    pub calls: u32,
    /// In this time.
    pub per: Duration,
}

/// What a limiter says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Whether the call may go on.
    pub allowed: bool,
    /// The limit's number of calls.
    pub limit: u32,
    /// Calls that may follow at once.
    pub remaining: u32,
    /// When all of them are allowed again.
    pub reset: SystemTime,
    /// When the next call is allowed; zero if now.
    pub retry_after: Duration,
}

/// Counts calls. `subject` is a key's id or an address; each subject and call has its own count.
#[async_trait]
pub trait RateLimiter: fmt::Debug + Send + Sync {
    /// Counts one call of `subject`, if it is allowed.
    async fn check(&self, call: &str, subject: &str, limit: Limit) -> Decision;
}

impl Call {
    /// The name in keys and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::RemoveBg => "removebg",
            Self::Rembg => "rembg",
            Self::ShopImage => "shopimage",
            Self::RemoveBackground => "remove_background",
            Self::Preview => "preview",
            Self::Base64 => "base64",
            Self::ReadFile => "read_file",
            Self::Admin => "admin",
        }
    }
}

/// GCRA's terms (ITU-T I.371): a call is due every [`Self::interval`], and may come early by [`Self::tolerance`].
impl Limit {
    /// Longest time that is counted over.
    const MAX_PER: Duration = Duration::from_hours(24 * 366);

    /// Time in which one call is allowed again.
    pub fn interval(&self) -> Duration {
        (self.per.min(Self::MAX_PER) / self.calls.max(1)).max(Duration::from_micros(1))
    }

    /// How far calls may be ahead of their time: all but one of them may come at once.
    pub fn tolerance(&self) -> Duration {
        self.interval() * (self.calls.max(1) - 1)
    }
}

impl Decision {
    /// What follows from `backlog`: how long it takes from `now` until all calls are allowed again.
    pub fn new(limit: Limit, allowed: bool, backlog: Duration, now: SystemTime) -> Self {
        let room = (limit.tolerance() + limit.interval()).saturating_sub(backlog);
        Self {
            allowed,
            limit: limit.calls.max(1),
            remaining: (room.as_nanos() / limit.interval().as_nanos()).try_into().unwrap_or(u32::MAX),
            reset: now + backlog,
            retry_after: backlog.saturating_sub(limit.tolerance()),
        }
    }

    /// `X-RateLimit-Limit`, `-Remaining` and `-Reset` (unix seconds).
    pub fn headers(&self, response: &mut HttpResponseBuilder) {
        // Rounded up: whoever waits until then is not refused by a fraction of a second.
        let reset = self.reset.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis().div_ceil(1000);
        response
            .insert_header(("X-RateLimit-Limit", self.limit.to_string()))
            .insert_header(("X-RateLimit-Remaining", self.remaining.to_string()))
            .insert_header(("X-RateLimit-Reset", reset.to_string()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_follows_from_the_backlog() {
        let hourly = Limit { calls: 10, per: Duration::from_hours(1) };
        for (backlog_s, remaining, retry_after_s) in
            [(0, 10, 0), (1, 9, 0), (360, 9, 0), (361, 8, 0), (3240, 1, 0), (3241, 0, 1), (3600, 0, 360)]
        {
            let now = UNIX_EPOCH + Duration::from_secs(1000);
            let decision = Decision::new(hourly, true, Duration::from_secs(backlog_s), now);
            let expected = Decision {
                allowed: true,
                limit: 10,
                remaining,
                reset: now + Duration::from_secs(backlog_s),
                retry_after: Duration::from_secs(retry_after_s),
            };
            assert_eq!(decision, expected, "{backlog_s} s");
        }
    }

    #[test]
    fn a_limit_without_sense_neither_panics_nor_refuses_all() {
        for (calls, per) in
            [(0, Duration::ZERO), (0, Duration::MAX), (u32::MAX, Duration::ZERO), (u32::MAX, Duration::MAX)]
        {
            let limit = Limit { calls, per };
            let decision = Decision::new(limit, true, limit.interval(), UNIX_EPOCH);
            assert_eq!((decision.limit, decision.remaining), (calls.max(1), calls.max(1) - 1), "{limit:?}");
        }
    }
}
