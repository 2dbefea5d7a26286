//! How workers behave.

use std::{num::NonZeroUsize, time::Duration};

/// How many jobs at a time, for how long at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerOptions {
    /// How many jobs are done at a time.
    pub concurrency: NonZeroUsize,
    /// For how long a job is claimed. It is renewed every third of that; for so long the job of a worker that died
    /// waits. At least 1 s is sensible. 30 s.
    pub lease: Duration,
    /// How long one question for a job waits at the queue. 5 s.
    pub claim_wait: Duration,
    /// How long running jobs may go on after [`Workers::stop`](crate::Workers::stop). 30 s.
    pub drain: Duration,
    /// The shortest time between two progresses of a job that reach the queue. 500 ms.
    pub progress_pause: Duration,
}

impl WorkerOptions {
    /// So many jobs at a time, and the defaults.
    pub fn new(concurrency: NonZeroUsize) -> Self {
        Self {
            concurrency,
            lease: Duration::from_secs(30),
            claim_wait: Duration::from_secs(5),
            drain: Duration::from_secs(30),
            progress_pause: Duration::from_millis(500),
        }
    }
}
