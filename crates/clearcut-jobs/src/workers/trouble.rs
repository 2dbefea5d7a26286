//! A queue that does not answer: waited out, and told once.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::{QueueError, QueueErrorKind};

/// What is wrong with the queue, as all workers of a process know it.
#[derive(Debug, Default)]
pub(super) struct Trouble(Mutex<Option<QueueErrorKind>>);

impl Trouble {
    /// A call failed; whether that is news.
    pub(super) fn failed(&self, error: &QueueError) -> bool {
        let news = self.replace(Some(error.kind())) != Some(error.kind());
        if news {
            tracing::warn!(error = %error, "workers wait for the job queue");
        }
        news
    }

    /// A call was answered; whether that is news.
    pub(super) fn answered(&self) -> bool {
        let news = self.replace(None).is_some();
        if news {
            tracing::info!("the job queue answers workers again");
        }
        news
    }

    fn replace(&self, now: Option<QueueErrorKind>) -> Option<QueueErrorKind> {
        std::mem::replace(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner), now)
    }
}

/// Pauses between calls that fail: 100 ms, twice that, at most 5 s.
#[derive(Debug)]
pub(super) struct Pauses(Duration);

impl Pauses {
    const FIRST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(5);

    pub(super) fn new() -> Self {
        Self(Self::FIRST)
    }

    pub(super) fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = (pause * 2).min(Self::LONGEST);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_is_told_once() {
        let trouble = Trouble::default();
        let down = || QueueError::new(QueueErrorKind::Unavailable, "connection refused");
        let misconfigured = || QueueError::new(QueueErrorKind::Configuration, "wrong password");
        assert!(!trouble.answered(), "it always did");
        assert!(trouble.failed(&down()));
        assert!(!trouble.failed(&down()));
        assert!(trouble.failed(&misconfigured()), "another cause");
        assert!(trouble.answered());
        assert!(!trouble.answered());
        assert!(trouble.failed(&misconfigured()), "it failed again");
    }

    #[test]
    fn pauses_grow() {
        let mut pauses = Pauses::new();
        let ms: Vec<u128> = (0..8).map(|_| pauses.next().as_millis()).collect();
        assert_eq!(ms, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
    }
}
