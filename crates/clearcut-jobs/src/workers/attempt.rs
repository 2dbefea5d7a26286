//! One attempt at one job: the work, and the lease that is renewed beside it.

use std::{any::Any, sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    task::{JoinError, JoinSet},
    time::{Instant, sleep, sleep_until, timeout},
};

use super::{
    crew::{Crew, in_time},
    phase::{Phase, Phases},
    trouble::Pauses,
};
use crate::{Claim, Held, Progress, ProgressSender, QueueError, Settlement, WorkError};

/// How long work that was dropped may take to reach its next await, before its slot is taken for something else.
const LETTING_GO: Duration = Duration::from_secs(5);
/// How long a process that ends still tries to settle.
const LEAVING: Duration = Duration::from_secs(5);

/// A job in this process's hands.
pub(super) struct Attempt<'a> {
    crew: &'a Crew,
    claim: Arc<Claim>,
    began: Instant,
    /// The lease may hold until then, and no longer.
    held_until: Instant,
}

/// How the work came to its end.
enum Ending {
    /// By itself.
    Settled(Settlement),
    /// Nobody waits for it.
    LetGo(&'static str),
}

impl<'a> Attempt<'a> {
    pub(super) fn new(crew: &'a Crew, claim: Claim) -> Self {
        let began = Instant::now();
        Self { crew, claim: Arc::new(claim), began, held_until: began + crew.options.lease }
    }

    /// Does the job and settles it.
    pub(super) async fn run(mut self, phases: &mut Phases) {
        let (progress, said) = ProgressSender::channel();
        let mut work = JoinSet::new();
        work.spawn({
            let (work, claim) = (Arc::clone(&self.crew.work), Arc::clone(&self.claim));
            async move { work.work(&claim, &progress).await }
        });
        let ending = tokio::select! {
            // What is done is done, even if the process ends.
            biased;
            Some(ended) = work.join_next() => Ending::Settled(self.judge(ended)),
            why = self.keep(said) => Ending::LetGo(why),
            () = phases.reached(Phase::Leaving) => Ending::Settled(Settlement::GiveBack),
        };
        // Dropped here if it still runs; what has ended is not waited for.
        let _ = timeout(LETTING_GO, work.shutdown()).await;
        match ending {
            Ending::Settled(settlement) => self.settle(settlement, phases).await,
            Ending::LetGo(why) => {
                tracing::info!(job.id = %self.claim.lease.job, attempt = self.claim.attempt, "a job was let go: {why}");
            }
        }
    }

    /// Returns a job that was not begun.
    pub(super) async fn give_back(self, phases: &mut Phases) {
        self.settle(Settlement::GiveBack, phases).await;
    }

    /// Renews the lease every third of its time, and when there is a progress to be told; returns why that ended.
    async fn keep(&mut self, mut said: watch::Receiver<Option<Progress>>) -> &'static str {
        let third = self.crew.options.lease / 3;
        let mut pauses = Pauses::new();
        let mut renew_at = self.began + third;
        let mut renewed_at = self.began;
        let mut told = true;
        loop {
            tokio::select! {
                () = sleep_until(renew_at) => {}
                // The sender lives as long as the work.
                Ok(()) = said.changed(), if told => {
                    told = false;
                    renew_at = renew_at.min(renewed_at + self.crew.options.progress_pause);
                    continue;
                }
            }
            let progress = if told { None } else { said.borrow_and_update().clone() };
            let asked_at = Instant::now();
            match self.renew(progress, third).await {
                Ok(Held::Yes) => {
                    told = true;
                    renewed_at = asked_at;
                    renew_at = asked_at + third;
                    self.held_until = asked_at + self.crew.options.lease;
                    pauses = Pauses::new();
                }
                Ok(Held::Cancelled) => return "it was cancelled",
                Ok(Held::Lost) => return "its lease was lost",
                Err(_) if Instant::now() >= self.held_until => return "its lease could not be renewed",
                Err(_) => renew_at = (Instant::now() + pauses.next()).min(self.held_until),
            }
        }
    }

    async fn renew(&self, progress: Option<Progress>, within: Duration) -> Result<Held, QueueError> {
        let renewing = self.crew.queue.renew(&self.claim.lease, self.crew.options.lease, progress);
        self.crew.told(in_time(within, renewing).await)
    }

    /// Tells the queue how it ended, for as long as that can help.
    async fn settle(&self, settlement: Settlement, phases: &mut Phases) {
        let leaving = async {
            phases.reached(Phase::Leaving).await;
            sleep(LEAVING).await;
        };
        let settled = tokio::select! {
            biased;
            settled = self.insist(settlement) => settled,
            () = leaving => Err(()),
        };
        let (job, attempt) = (self.claim.lease.job, self.claim.attempt);
        match settled {
            Ok(true) => {
                let duration_ms = self.began.elapsed().as_millis() as u64;
                tracing::debug!(job.id = %job, attempt, duration_ms, "an attempt was settled");
            }
            Ok(false) => tracing::info!(job.id = %job, attempt, "an attempt ended after its lease had been lost"),
            Err(()) => tracing::warn!(
                job.id = %job, attempt,
                "the queue could not be told how an attempt ended; the job is tried again after its lease"
            ),
        }
    }

    async fn insist(&self, settlement: Settlement) -> Result<bool, ()> {
        let mut pauses = Pauses::new();
        loop {
            let settling = self.crew.queue.settle(&self.claim.lease, settlement.clone());
            if let Ok(held) = self.crew.told(in_time(self.crew.options.lease / 3, settling).await) {
                return Ok(held);
            }
            let again_at = Instant::now() + pauses.next();
            if again_at >= self.held_until {
                return Err(());
            }
            sleep_until(again_at).await;
        }
    }

    fn judge(&self, ended: Result<Result<String, WorkError>, JoinError>) -> Settlement {
        let (job, attempt) = (self.claim.lease.job, self.claim.attempt);
        let error = match ended {
            Ok(Ok(result)) => return Settlement::Done(result),
            Ok(Err(error)) => error,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => WorkError::transient("worker_panicked", message_of(&*panic)),
                Err(_) => WorkError::transient("worker_stopped", "the process ended in the middle of it"),
            },
        };
        if error.is_lasting() {
            tracing::info!(job.id = %job, attempt, error = %error, "a job failed");
            Settlement::Failed(error.into_failure())
        } else {
            tracing::warn!(job.id = %job, attempt, error = %error, "an attempt failed");
            Settlement::Retry(error.into_failure())
        }
    }
}

fn message_of(panic: &(dyn Any + Send)) -> String {
    let message = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    message.unwrap_or("the work panicked without a word").to_owned()
}
