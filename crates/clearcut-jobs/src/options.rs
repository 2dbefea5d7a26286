//! How a queue behaves.

use std::time::Duration;

/// How many jobs a queue takes, how often it tries, how long it remembers. The same for every queue.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueOptions {
    /// How many jobs may wait and run; one more is refused. 10,000.
    pub max_queued: usize,
    /// How often a job is tried before it is a dead letter. 5.
    pub max_attempts: u32,
    /// The pause before the second attempt; it doubles with each. 1 s.
    pub backoff: Duration,
    /// The longest pause between two attempts. 60 s.
    pub max_backoff: Duration,
    /// How long a progress is kept after its last change. 1 h.
    pub progress_ttl: Duration,
    /// How long an ended job is known by its id. 7 d.
    pub result_ttl: Duration,
    /// How long the list of a batch's jobs is kept after its last change: a job added, ended, or redriven. 24 h.
    pub batch_ttl: Duration,
    /// How long a job waits for its picture. 24 h.
    pub awaiting_ttl: Duration,
    /// How many dead letters are kept; the oldest go first. 1,000.
    pub max_dead: usize,
}

impl QueueOptions {
    /// The pause after attempt `attempt`, counted from 1: `backoff`, twice it, four times it, at most `max_backoff`.
    pub fn pause_after(&self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1);
        self.backoff.saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX)).min(self.max_backoff)
    }
}

impl Default for QueueOptions {
    fn default() -> Self {
        const DAY: Duration = Duration::from_hours(24);
        Self {
            max_queued: 10_000,
            max_attempts: 5,
            backoff: Duration::from_secs(1),
            max_backoff: Duration::from_mins(1),
            progress_ttl: Duration::from_hours(1),
            result_ttl: DAY * 7,
            batch_ttl: DAY,
            awaiting_ttl: DAY,
            max_dead: 1_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let options = QueueOptions::default();
        let pauses: Vec<u64> = (0..9).map(|attempt| options.pause_after(attempt).as_secs()).collect();
        assert_eq!(pauses, [1, 1, 2, 4, 8, 16, 32, 60, 60]);
        for attempt in [32, 33, 34, 65, u32::MAX] {
            assert_eq!(options.pause_after(attempt), options.max_backoff, "after attempt {attempt}");
        }
    }
}
