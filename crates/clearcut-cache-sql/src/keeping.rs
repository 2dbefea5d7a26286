//! How results are kept, in either database.

use std::{sync::Arc, time::Duration};

use clearcut_cache::{Clock, SystemClock};

use crate::CleanupOptions;

/// How results are kept, in either database. Change what you need; the defaults serve a server.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Keeping {
    /// What a result is kept for where nobody said otherwise (`CACHE_TTL_HOURS`). Default 24 h.
    ///
    /// A put always says how long: this is what the program passes to it, and how far ahead Postgres' partitions are
    /// made.
    pub default_ttl: Duration,
    /// Longest time to live; a longer one is cut to it. Bounds the number of Postgres' partitions. Default 90 days.
    pub longest_ttl: Duration,
    /// Largest stored value, with its envelope; larger ones are declined. Default 64 MiB.
    pub max_value_bytes: usize,
    /// Longest wait for one call, after which it is a [`Timeout`](clearcut_cache::TierErrorKind::Timeout). Cleanup,
    /// verification and clearing many keys take as long as they take. Default 2 s.
    pub call_timeout: Duration,
    /// How often counted hits, requests and metrics are written. Default 5 s.
    pub flush_interval: Duration,
    /// How often one of the processes cleans up; `None`: only when it is asked to. Default 3,600 s.
    pub cleanup_interval: Option<Duration>,
    /// What the timer cleans up.
    pub cleanup: CleanupOptions,
    /// Namespaces of results on the way to others: no request asks for them by themselves, and statistics leave them
    /// out. Default `matte`.
    pub intermediate_namespaces: Vec<String>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl Default for Keeping {
    fn default() -> Self {
        Self {
            default_ttl: Duration::from_hours(24),
            longest_ttl: Duration::from_hours(90 * 24),
            max_value_bytes: 64 << 20,
            call_timeout: Duration::from_secs(2),
            flush_interval: Duration::from_secs(5),
            cleanup_interval: Some(Duration::from_hours(1)),
            cleanup: CleanupOptions::default(),
            intermediate_namespaces: vec!["matte".to_owned()],
            clock: Arc::new(SystemClock),
        }
    }
}

impl Keeping {
    /// Whether nobody asks for what is kept under `cache_key` by itself.
    pub(crate) fn is_intermediate(&self, cache_key: &str) -> bool {
        let namespace = cache_key.split(':').next().unwrap_or_default();
        self.intermediate_namespaces.iter().any(|name| name == namespace)
    }

    /// Now, in milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        clearcut_cache::unix_ms(self.clock.now()).try_into().unwrap_or(i64::MAX)
    }
}

/// A duration in whole milliseconds.
pub(crate) fn millis(duration: Duration) -> i64 {
    duration.as_millis().try_into().unwrap_or(i64::MAX)
}
