//! What the stages of the last cut-outs took, for the operator's view.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use clearcut::Timings;

/// So many cut-outs are looked back on.
const KEPT: usize = 256;

/// A ring of the last computed cut-outs' times.
#[derive(Debug, Default)]
pub(super) struct StageTimes {
    ring: Mutex<Ring>,
}

#[derive(Debug, Default)]
struct Ring {
    timings: Vec<Timings>,
    next: usize,
}

impl StageTimes {
    pub(super) fn record(&self, timings: Timings) {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        if ring.timings.len() < KEPT {
            ring.timings.push(timings);
        } else {
            let next = ring.next;
            ring.timings[next] = timings;
            ring.next = (next + 1) % KEPT;
        }
    }

    /// Each stage's median, in the order in which they run; a stage that was skipped counts for nothing.
    pub(super) fn medians(&self) -> Vec<(&'static str, Duration)> {
        let timings = self.ring.lock().unwrap_or_else(PoisonError::into_inner).timings.clone();
        let median = |index: usize, stage: &'static str| {
            let mut times: Vec<Duration> =
                timings.iter().map(|timings| timings.stages()[index].1).filter(|time| !time.is_zero()).collect();
            times.sort_unstable();
            (stage, times.get(times.len() / 2).copied().unwrap_or_default())
        };
        Timings::default().stages().iter().enumerate().map(|(index, (stage, _))| median(index, stage)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded_in(ms: u64) -> Timings {
        let mut timings = Timings::default();
        timings.decode = Duration::from_millis(ms);
        timings
    }

    #[test]
    fn a_median_is_of_the_stages_that_ran() {
        let times = StageTimes::default();
        assert_eq!(times.medians()[1], ("decode", Duration::ZERO));
        for ms in [30, 0, 10, 0, 20] {
            times.record(decoded_in(ms));
        }
        assert_eq!(times.medians()[1], ("decode", Duration::from_millis(20)));
        assert_eq!(times.medians()[2], ("segment", Duration::ZERO));
    }

    #[test]
    fn only_the_last_ones_are_kept() {
        let times = StageTimes::default();
        (0..KEPT).for_each(|_| times.record(decoded_in(1)));
        (0..KEPT).for_each(|_| times.record(decoded_in(2)));
        assert_eq!(times.medians()[1].1, Duration::from_millis(2));
        assert_eq!(times.ring.lock().unwrap().timings.len(), KEPT);
    }
}
