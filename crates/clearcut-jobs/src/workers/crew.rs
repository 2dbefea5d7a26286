//! What the workers of a process share, and how each goes from job to job.

use std::{pin::pin, sync::Arc, time::Duration};

use tokio::time::{sleep, timeout};

use super::{
    attempt::Attempt,
    options::WorkerOptions,
    phase::{Phase, Phases},
    trouble::{Pauses, Trouble},
};
use crate::{Claim, JobQueue, QueueError, QueueErrorKind, Work};

/// How long a claim that is under way is still waited for when workers stop: dropped, it could cost a job a lease.
const ANSWER_UNDER_WAY: Duration = Duration::from_millis(250);

/// How long a queue may take to answer a claim, beside the time that it was asked to wait.
const SILENCE: Duration = Duration::from_secs(10);

/// What the workers of a process share.
#[derive(Debug)]
pub(super) struct Crew {
    pub(super) queue: Arc<dyn JobQueue>,
    pub(super) work: Arc<dyn Work>,
    pub(super) options: WorkerOptions,
    pub(super) trouble: Trouble,
}

impl Crew {
    /// Does one job after the other until workers stop.
    pub(super) async fn labor(&self, mut phases: Phases) {
        while let Some(claim) = self.next(&mut phases).await {
            let attempt = Attempt::new(self, claim);
            if phases.now() == Phase::Working {
                attempt.run(&mut phases).await;
            } else {
                attempt.give_back(&mut phases).await;
            }
        }
    }

    /// The next job; `None` when workers stop.
    async fn next(&self, phases: &mut Phases) -> Option<Claim> {
        let mut pauses = Pauses::new();
        while phases.now() == Phase::Working {
            let wait = self.options.claim_wait;
            let mut claiming = pin!(in_time(wait + SILENCE, self.queue.claim(self.options.lease, wait)));
            let answer = tokio::select! {
                answer = &mut claiming => answer,
                () = phases.reached(Phase::Draining) => timeout(ANSWER_UNDER_WAY, claiming).await.ok()?,
            };
            match self.told(answer) {
                Ok(None) => pauses = Pauses::new(),
                Ok(claim) => return claim,
                Err(_) => tokio::select! {
                    () = sleep(pauses.next()) => {}
                    () = phases.reached(Phase::Draining) => {}
                },
            }
        }
        None
    }

    /// Notes whether the queue answers.
    pub(super) fn told<T>(&self, answer: Result<T, QueueError>) -> Result<T, QueueError> {
        match &answer {
            Ok(_) => self.trouble.answered(),
            Err(error) => self.trouble.failed(error),
        };
        answer
    }
}

/// A call that takes too long has failed.
pub(super) async fn in_time<T>(
    within: Duration,
    call: impl Future<Output = Result<T, QueueError>>,
) -> Result<T, QueueError> {
    match timeout(within, call).await {
        Ok(answer) => answer,
        Err(_) => Err(QueueError::new(QueueErrorKind::Unavailable, format!("no answer within {within:?}"))),
    }
}
