//! What a worker does with a job in its hands.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use clearcut_jobs::{Claim, JobId, Priority, ProgressSender, Work, WorkError};

use super::{
    cutting,
    janitor::Janitor,
    payload::{CutoutJob, Input, Payload},
    webhook,
};
use crate::service::Service;

/// Makes cut-outs and sends webhooks, with everything that the service has.
#[derive(Debug)]
pub(super) struct ServiceWork {
    pub(super) service: Arc<Service>,
    pub(super) janitor: Janitor,
}

#[async_trait]
impl Work for ServiceWork {
    async fn work(&self, claim: &Claim, progress: &ProgressSender) -> Result<String, WorkError> {
        let result = match Payload::read(&claim.payload) {
            Some(Payload::Cutout(job)) => self.cut(claim, &job, progress).await,
            Some(Payload::Webhook(message)) => match &self.service.jobs {
                Some(jobs) => webhook::deliver(&self.service, jobs, &message, claim.attempt).await,
                None => Err(WorkError::transient("unavailable", "this process has no queue")),
            },
            // Of a version to come, whose worker may take it next.
            None => Err(WorkError::transient("unknown_job", "this version does not know what is to be done")),
        };
        self.service.metrics.job_ended(match &result {
            Ok(_) => "done",
            Err(error) if error.is_lasting() => "failed",
            Err(_) => "retry",
        });
        result
    }
}

impl ServiceWork {
    async fn cut(&self, claim: &Claim, job: &CutoutJob, progress: &ProgressSender) -> Result<String, WorkError> {
        let id = claim.lease.job;
        // A job that was announced waited for its client.
        if claim.attempt == 1 && job.upload_secret.is_none() {
            self.service.metrics.job_waited(line(claim.priority), waited(id, SystemTime::now()));
        }
        let finished = cutting::cut(&self.service, id, job, claim.attempt, progress).await;
        let result = finished.map(|finished| serde_json::to_string(&finished).expect("names and numbers"));
        // What was given up may be put in line again, and needs its picture then.
        let ends = result.as_ref().err().is_none_or(WorkError::is_lasting);
        let is_given_up = claim.attempt >= self.service.settings.jobs.max_attempts;
        if ends || is_given_up {
            self.tell(id, job, &result).await;
        }
        if ends && job.input == Input::Upload {
            self.janitor.note(id);
        }
        result
    }

    async fn tell(&self, id: JobId, job: &CutoutJob, result: &Result<String, WorkError>) {
        let (Some(jobs), true) = (&self.service.jobs, job.webhook_url.is_some()) else { return };
        match jobs.queue.job(id).await {
            Ok(Some(record)) => webhook::announce(&self.service, jobs, record, job, result).await,
            // Forgotten, as its end will be.
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, job.id = %id, "nobody is told how a job ended"),
        }
    }
}

fn line(priority: Priority) -> &'static str {
    match priority {
        Priority::Interactive => "interactive",
        Priority::Batch => "batch",
    }
}

/// How long a job was in line, by two clocks that may be apart.
fn waited(id: JobId, now: SystemTime) -> Duration {
    now.duration_since(id.made_at()).unwrap_or_default()
}
