//! Work that is done after the answer: what a job is, how it is accepted, worked on and told of.

mod crew;
mod cutting;
mod janitor;
mod moment;
mod payload;
mod priority;
mod status;
mod sweeping;
mod trouble;
mod watching;
mod webhook;
mod work;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use clearcut_jobs::{BatchId, BatchRecord, Depth, EnqueueOutcome, JobId, JobRecord, NewJob, Priority, Queue, Start};
use clearcut_store::{ObjectName, Store};
use tokio::sync::Semaphore;

use self::trouble::absent;
pub(crate) use self::{
    crew::{Crew, at_once},
    moment::rfc3339,
    payload::{CutoutJob, Finished, Input, Payload},
    priority::take as take_priority,
    status::{JobError, JobStatus, image_url, result_url, status_url},
    trouble::unknown,
    webhook::take as take_webhook,
};
use crate::{
    failure::{Code, Failure, Outcome},
    settings::{JobSettings, Settings, StoreSettings},
};

/// How long queue and store may take to say that they are there.
const PATIENCE: Duration = Duration::from_secs(1);

/// Clients that may follow jobs at once: each holds a connection and asks the queue a few times a second.
const MAX_FOLLOWERS: usize = 1_000;

/// The queue and the store, and what both are for.
#[derive(Debug)]
pub struct Jobs {
    /// Where jobs wait, and what is known of them.
    pub(crate) queue: Arc<dyn Queue>,
    /// `memory` or `redis`.
    pub(crate) queue_name: &'static str,
    /// Where uploads and results lie.
    pub(crate) store: Store,
    /// Places for clients that are told of a job's progress as it goes.
    pub(crate) followers: Arc<Semaphore>,
    max_queued: usize,
    result_ttl: Duration,
    batch_ttl: Duration,
}

/// A job to be accepted.
#[derive(Debug)]
pub(crate) struct Acceptance {
    pub(crate) id: JobId,
    pub(crate) job: CutoutJob,
    pub(crate) priority: Priority,
    pub(crate) batch: Option<BatchId>,
    pub(crate) start: Start,
}

impl Jobs {
    /// Jobs in `queue`, called `queue_name`, whose pictures lie in `store`.
    pub fn new(queue: Arc<dyn Queue>, queue_name: &'static str, store: Store, settings: &Settings) -> Self {
        let JobSettings { max_queued, result_ttl, batch_ttl, .. } = settings.jobs;
        let followers = Arc::new(Semaphore::new(MAX_FOLLOWERS));
        Self { queue, queue_name, store, followers, max_queued, result_ttl, batch_ttl }
    }

    /// Whether there is room for so many jobs more, as far as can be told before they are enqueued.
    ///
    /// # Errors
    ///
    /// [`Code::QueueFull`] and [`Code::Unavailable`].
    pub(crate) async fn check_room(&self, wanted: usize) -> Outcome<()> {
        if self.queue.depth().await?.bounded() + wanted > self.max_queued {
            return Err(self.full());
        }
        Ok(())
    }

    /// Keeps a job's picture.
    ///
    /// # Errors
    ///
    /// [`Code::StoreFull`] and [`Code::Unavailable`].
    pub(crate) async fn put_upload(&self, id: JobId, bytes: Bytes) -> Outcome<()> {
        self.store.put_upload(&upload_name(id), bytes).await?;
        Ok(())
    }

    /// A job's picture, at most `limit_bytes` of it; `None` if it is not there.
    pub(crate) async fn upload(&self, id: JobId, limit_bytes: u64) -> Outcome<Option<Bytes>> {
        Ok(self.store.get(&upload_name(id), limit_bytes).await?.map(|object| object.body))
    }

    /// Whether a job's picture is there.
    pub(crate) async fn has_upload(&self, id: JobId) -> Outcome<bool> {
        Ok(self.store.head(&upload_name(id)).await?.is_some())
    }

    /// Takes a job's picture out of the store; what cannot be taken out now goes with the next sweep.
    pub(crate) async fn remove_upload(&self, id: JobId) {
        if let Err(error) = self.store.remove(&upload_name(id)).await {
            tracing::debug!(%error, job.id = %id, "an upload is left for the next sweep");
        }
    }

    /// Where a client may put a job's picture by itself, if the store can let it.
    pub(crate) async fn direct_upload_url(&self, id: JobId, settings: &StoreSettings) -> Outcome<Option<String>> {
        let url = self.store.upload_url(&upload_name(id), settings.upload_ttl).await?;
        Ok(url.map(|url| url.to_string()))
    }

    /// Accepts a job. Its picture is in the store, or will be.
    ///
    /// # Errors
    ///
    /// [`Code::QueueFull`] and [`Code::Unavailable`].
    pub(crate) async fn accept(&self, acceptance: Acceptance) -> Outcome<()> {
        let Acceptance { id, job, priority, batch, start } = acceptance;
        let mut new = NewJob::new(id, Payload::Cutout(Box::new(job)).to_bytes());
        new.priority = priority;
        new.batch = batch;
        match self.queue.enqueue(new, start).await? {
            EnqueueOutcome::Accepted | EnqueueOutcome::Known => Ok(()),
            EnqueueOutcome::Full { .. } => Err(self.full()),
        }
    }

    /// What is known of a job.
    ///
    /// # Errors
    ///
    /// [`Code::JobUnknown`], [`Code::JobLost`], [`Code::JobExpired`] and [`Code::Unavailable`].
    pub(crate) async fn find(&self, id: JobId) -> Outcome<(JobRecord, CutoutJob)> {
        let Some(record) = self.queue.job(id).await? else {
            return Err(absent("job", id.made_at(), SystemTime::now(), self.result_ttl));
        };
        match Payload::read(&record.payload) {
            Some(Payload::Cutout(job)) => Ok((record, *job)),
            _ => Err(unknown("job")),
        }
    }

    /// What is known of a batch, and of up to `limit` of its jobs from the `first` on.
    ///
    /// # Errors
    ///
    /// Those of [`Jobs::find`].
    pub(crate) async fn find_batch(&self, id: BatchId, first: usize, limit: usize) -> Outcome<BatchRecord> {
        let record = self.queue.batch(id, first, limit).await?;
        record.ok_or_else(|| absent("batch", id.made_at(), SystemTime::now(), self.batch_ttl))
    }

    /// Puts a job in line whose picture has come into the store by itself; whether it has.
    pub(crate) async fn notice_upload(&self, id: JobId) -> Outcome<bool> {
        Ok(self.has_upload(id).await? && self.queue.start(id).await?)
    }

    /// Leaves jobs undone that were accepted a moment ago, and takes their pictures out of the store.
    pub(crate) async fn take_back(&self, ids: impl IntoIterator<Item = JobId>) {
        for id in ids {
            if let Err(error) = self.queue.cancel(id).await {
                tracing::warn!(%error, job.id = %id, "a job that was taken back may still be done");
            }
            self.remove_upload(id).await;
        }
    }

    /// How many jobs are where, if the queue says so in time.
    pub(crate) async fn depth(&self) -> Result<Depth, String> {
        match tokio::time::timeout(PATIENCE, self.queue.depth()).await {
            Ok(depth) => depth.map_err(|error| error.kind().to_string()),
            Err(_) => Err("timed out".to_owned()),
        }
    }

    /// Whether the store answers, and if not, why.
    pub(crate) async fn probe_store(&self) -> Result<(), String> {
        match tokio::time::timeout(PATIENCE, self.store.probe()).await {
            Ok(answer) => answer.map_err(|error| error.kind().to_string()),
            Err(_) => Err("timed out".to_owned()),
        }
    }

    fn full(&self) -> Failure {
        let detail = format!("{} jobs wait or run already; try again in a moment", self.max_queued);
        Failure::new(Code::QueueFull, detail)
    }
}

/// Where a job's upload lies.
fn upload_name(id: JobId) -> ObjectName {
    ObjectName::upload(&id.to_string()).expect("an id is plain")
}
