//! Taking uploads out of the store whose jobs have ended.
//!
//! Not before the end is written: a worker that dies in between leaves the job to another one, which needs the picture.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use clearcut_jobs::JobId;
use tokio::{sync::mpsc, time::Instant};

use crate::service::Service;

/// When the end of a job is written, as a rule.
const SETTLED_BY_THEN: Duration = Duration::from_millis(500);
/// How often a job is looked at whose end is not written yet; then the daily sweep is left to see to its upload.
const LOOKS: u32 = 20;
/// Jobs that are remembered; the uploads of further ones go with the daily sweep.
const REMEMBERED: usize = 10_000;

/// Tells the janitor of jobs whose work is done.
#[derive(Debug, Clone)]
pub(super) struct Janitor(mpsc::Sender<JobId>);

/// A job that is to be looked at.
struct Due {
    id: JobId,
    at: Instant,
    looks: u32,
}

impl Janitor {
    /// A janitor and the work that it does until it is dropped with all its clones.
    pub(super) fn new(service: Arc<Service>) -> (Self, impl Future<Output = ()> + Send) {
        let (send, receive) = mpsc::channel(REMEMBERED);
        (Self(send), tidy(service, receive))
    }

    /// Notes that the work on a job is done, and its end about to be written.
    pub(super) fn note(&self, id: JobId) {
        // Full, or about to end: the sweep is there for that.
        let _ = self.0.try_send(id);
    }
}

async fn tidy(service: Arc<Service>, mut ended: mpsc::Receiver<JobId>) {
    let mut due: VecDeque<Due> = VecDeque::new();
    loop {
        let next = due.front().map(|due| due.at);
        tokio::select! {
            id = ended.recv() => {
                let Some(id) = id else { return };
                if due.len() < REMEMBERED {
                    due.push_back(Due { id, at: Instant::now() + SETTLED_BY_THEN, looks: 0 });
                }
            }
            () = tokio::time::sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {
                if let Some(job) = due.pop_front()
                    && !has_been_seen_to(&service, job.id).await
                    && job.looks < LOOKS
                {
                    due.push_back(Due { at: Instant::now() + SETTLED_BY_THEN, looks: job.looks + 1, ..job });
                }
            }
        }
    }
}

/// Whether nothing is left to do for this job.
async fn has_been_seen_to(service: &Service, id: JobId) -> bool {
    let Some(jobs) = &service.jobs else { return true };
    match jobs.queue.job(id).await {
        Ok(Some(record)) if record.state.is_final() => {
            jobs.remove_upload(id).await;
            true
        }
        Ok(Some(_)) => false,
        // Forgotten, or not to be told: the sweep knows by the upload's age.
        Ok(None) | Err(_) => true,
    }
}
