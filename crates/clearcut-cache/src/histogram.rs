//! How long calls take: a histogram that many threads write and one reads.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Four buckets for each doubling: a quantile is at most 25 % too high.
const BUCKETS_PER_DOUBLING: u32 = 4;
/// Up to 2^27 µs, more than two minutes; what takes longer is in the last one.
const BUCKETS: usize = 27 * BUCKETS_PER_DOUBLING as usize;

/// Counts durations in buckets of fixed, logarithmic bounds.
#[derive(Debug)]
pub(crate) struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    total_us: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: [const { AtomicU64::new(0) }; BUCKETS], total_us: AtomicU64::new(0) }
    }
}

impl Histogram {
    pub(crate) fn record(&self, duration: Duration) {
        let us = duration.as_micros().try_into().unwrap_or(u64::MAX);
        self.buckets[bucket(us)].fetch_add(1, Ordering::Relaxed);
        self.total_us.fetch_add(us, Ordering::Relaxed);
    }

    pub(crate) fn snapshot(&self) -> Latency {
        let counts = self.buckets.each_ref().map(|bucket| bucket.load(Ordering::Relaxed));
        let count = counts.iter().sum();
        Latency {
            count,
            total_us: self.total_us.load(Ordering::Relaxed),
            p50_us: quantile(&counts, count, 0.50),
            p99_us: quantile(&counts, count, 0.99),
        }
    }
}

/// How long calls of one kind took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Latency {
    /// How many there were.
    pub count: u64,
    /// All together, in microseconds.
    pub total_us: u64,
    /// Half of them took at most this many microseconds; up to 25 % too high.
    pub p50_us: u64,
    /// 99 of 100 took at most this many microseconds; up to 25 % too high.
    pub p99_us: u64,
}

/// The bucket of `us`: its highest bit, and the two bits after it.
fn bucket(us: u64) -> usize {
    let us = us.max(1);
    let doubling = us.ilog2();
    let quarter = if doubling >= 2 { us >> (doubling - 2) & 3 } else { us << (2 - doubling) & 3 };
    ((doubling * BUCKETS_PER_DOUBLING) as usize + quarter as usize).min(BUCKETS - 1)
}

/// The first microsecond that is too long for bucket `index`.
fn upper_bound_us(index: usize) -> u64 {
    let (doubling, quarter) = (index as u32 / BUCKETS_PER_DOUBLING, index as u64 % u64::from(BUCKETS_PER_DOUBLING));
    ((5 + quarter) << doubling).div_ceil(4)
}

fn quantile(counts: &[u64; BUCKETS], count: u64, share: f64) -> u64 {
    let rank = (count as f64 * share).ceil() as u64;
    let mut seen = 0;
    for (index, in_bucket) in counts.iter().enumerate() {
        seen += in_bucket;
        if seen >= rank && *in_bucket > 0 {
            return upper_bound_us(index);
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_ends_after_what_it_holds_and_at_most_a_quarter_later() {
        for us in (1..5_000).chain([1 << 20, (1 << 27) - 1]) {
            let bound = upper_bound_us(bucket(us));
            assert!(bound > us, "{us} µs is reported as {bound}");
            assert!(bound <= us + us.div_ceil(4), "{us} µs is reported as {bound}");
        }
    }

    #[test]
    fn quantiles_lie_just_above_the_truth() {
        let histogram = Histogram::default();
        (1..=1_000).for_each(|us| histogram.record(Duration::from_micros(us)));
        let latency = histogram.snapshot();
        assert_eq!((latency.count, latency.total_us), (1_000, 500_500));
        assert!((500..=625).contains(&latency.p50_us), "{latency:?}");
        assert!((990..=1_250).contains(&latency.p99_us), "{latency:?}");
    }

    #[test]
    fn the_extremes_have_a_bucket() {
        let histogram = Histogram::default();
        assert_eq!(histogram.snapshot(), Latency::default());
        histogram.record(Duration::ZERO);
        histogram.record(Duration::MAX);
        assert_eq!(histogram.snapshot().count, 2);
    }
}
