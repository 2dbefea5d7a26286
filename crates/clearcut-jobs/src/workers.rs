//! Workers: from a queue to the work, and back with the result.

mod attempt;
mod crew;
mod options;
mod phase;
#[cfg(test)]
mod tests;
mod trouble;

use std::{fmt, sync::Arc, time::Duration};

use tokio::{sync::watch, task::JoinSet, time::timeout};

pub use self::options::WorkerOptions;
use self::{
    crew::Crew,
    phase::{Phase, Phases},
    trouble::Trouble,
};
use crate::{JobQueue, Work};

/// So many workers that take jobs from a queue, one at a time each.
///
/// - Leases are renewed while the work goes on; what it says of its progress is taken along. Work whose job was
///   cancelled, or whose lease was lost, is dropped.
/// - A panic of the work ends the attempt and nothing else.
/// - A queue that does not answer is asked again after pauses that grow to 5 s, and logged when that begins and ends.
///   Its trouble ends no worker, and no work whose lease may still hold.
///
/// Dropped without [`stop`](Self::stop), they leave at once: their jobs are handed out again when their leases have
/// ended.
#[must_use = "workers that are dropped do not work"]
pub struct Workers {
    phase: watch::Sender<Phase>,
    slots: JoinSet<()>,
    drain: Duration,
}

impl Workers {
    /// Begins to work. Must be called within a tokio runtime.
    pub fn start(queue: Arc<dyn JobQueue>, work: Arc<dyn Work>, options: WorkerOptions) -> Self {
        let (phase, phases) = Phases::channel();
        let (concurrency, drain) = (options.concurrency.get(), options.drain);
        let crew = Arc::new(Crew { queue, work, options, trouble: Trouble::default() });
        let mut slots = JoinSet::new();
        for _ in 0..concurrency {
            let (crew, phases) = (Arc::clone(&crew), phases.clone());
            slots.spawn(async move { crew.labor(phases).await });
        }
        Self { phase, slots, drain }
    }

    /// Ends well: claims nothing more, waits for what runs as long as [`WorkerOptions::drain`] says, and then gives it
    /// back. It takes no more than 10 s beyond that.
    pub async fn stop(mut self) {
        self.phase.send_replace(Phase::Draining);
        if timeout(self.drain, self.ended()).await.is_err() {
            tracing::info!(jobs = self.slots.len(), "the time for running jobs is over; they are given back");
            self.phase.send_replace(Phase::Leaving);
            self.ended().await;
        }
    }

    /// When every worker has ended.
    async fn ended(&mut self) {
        while self.slots.join_next().await.is_some() {}
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workers")
            .field("phase", &*self.phase.borrow())
            .field("running", &self.slots.len())
            .finish_non_exhaustive()
    }
}
