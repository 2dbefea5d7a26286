//! What the cache counts.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use crate::{
    BreakerState,
    histogram::{Histogram, Latency},
};

/// Everything that a [`TieredCache`](crate::TieredCache) has counted since it was built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CacheStats {
    /// The tiers, from the first that is asked to the last.
    pub tiers: Vec<TierStats>,
    /// Computations.
    pub flights: FlightStats,
}

/// What one tier was asked, and what it answered.
///
/// Each lookup counts once: reading again while another process computes counts only if it finds something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TierStats {
    /// Its name.
    pub name: String,
    /// Whether it is asked at present.
    pub breaker: BreakerState,
    /// Entries found.
    pub hits: u64,
    /// Nothing found, or nothing that could be answered.
    pub misses: u64,
    /// Calls of any kind that failed, without timeouts and unreadable entries.
    pub errors: u64,
    /// Unreadable entries, which were removed.
    pub corrupt: u64,
    /// Calls of any kind that took too long.
    pub timeouts: u64,
    /// Calls that were not made, because the breaker was open.
    pub skipped: u64,
    /// Entries kept.
    pub puts: u64,
    /// Entries that the tier did not want.
    pub declined: u64,
    /// Writes given up because too many were waiting.
    pub shed: u64,
    /// Bodies read from it.
    pub bytes_read: u64,
    /// Bodies written to it.
    pub bytes_written: u64,
    /// How long reads took.
    pub get: Latency,
    /// How long writes took.
    pub put: Latency,
}

impl TierStats {
    /// Hits among reads, 0 to 1; 0 if there were none.
    pub fn hit_ratio(&self) -> f64 {
        match self.hits + self.misses {
            0 => 0.0,
            reads => self.hits as f64 / reads as f64,
        }
    }
}

/// What was computed, and what did not have to be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FlightStats {
    /// Computations that gave a result.
    pub computed: u64,
    /// Computations that ended in a lasting failure, which was kept.
    pub refused: u64,
    /// Computations that failed for the moment.
    pub failed: u64,
    /// Callers that waited for another caller's computation in this process.
    pub joined: u64,
    /// Computations that another process made while this one waited.
    pub waited: u64,
    /// Computations without a lease, because its keeper did not answer or the wait became too long.
    pub unleased: u64,
    /// Results that were not written to shared tiers, because the lease was lost meanwhile.
    pub fenced: u64,
}

/// One tier's counters.
#[derive(Debug, Default)]
pub(crate) struct TierCounters {
    pub(crate) hits: Counter,
    pub(crate) misses: Counter,
    pub(crate) errors: Counter,
    pub(crate) corrupt: Counter,
    pub(crate) timeouts: Counter,
    pub(crate) skipped: Counter,
    pub(crate) puts: Counter,
    pub(crate) declined: Counter,
    pub(crate) shed: Counter,
    pub(crate) bytes_read: Counter,
    pub(crate) bytes_written: Counter,
    pub(crate) get: Histogram,
    pub(crate) put: Histogram,
}

impl TierCounters {
    pub(crate) fn snapshot(&self, name: &str, breaker: BreakerState) -> TierStats {
        TierStats {
            name: name.to_owned(),
            breaker,
            hits: self.hits.get(),
            misses: self.misses.get(),
            errors: self.errors.get(),
            corrupt: self.corrupt.get(),
            timeouts: self.timeouts.get(),
            skipped: self.skipped.get(),
            puts: self.puts.get(),
            declined: self.declined.get(),
            shed: self.shed.get(),
            bytes_read: self.bytes_read.get(),
            bytes_written: self.bytes_written.get(),
            get: self.get.snapshot(),
            put: self.put.snapshot(),
        }
    }
}

/// The counters of [`FlightStats`].
#[derive(Debug, Default)]
pub(crate) struct FlightCounters {
    pub(crate) computed: Counter,
    pub(crate) refused: Counter,
    pub(crate) failed: Counter,
    pub(crate) joined: Counter,
    pub(crate) waited: Counter,
    pub(crate) unleased: Counter,
    pub(crate) fenced: Counter,
}

impl FlightCounters {
    pub(crate) fn snapshot(&self) -> FlightStats {
        FlightStats {
            computed: self.computed.get(),
            refused: self.refused.get(),
            failed: self.failed.get(),
            joined: self.joined.get(),
            waited: self.waited.get(),
            unleased: self.unleased.get(),
            fenced: self.fenced.get(),
        }
    }
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn count(&self) {
        self.add(1);
    }

    pub(crate) fn add(&self, by: u64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
