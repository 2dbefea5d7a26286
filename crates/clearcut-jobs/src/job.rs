//! What a job is, and what is known of it.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::{BatchId, JobId};

/// A job that somebody wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewJob {
    /// Its name; a job that is enqueued twice under one name is one job.
    pub id: JobId,
    /// What is to be done, in the words of whoever works on it. Small: pictures are in the store.
    pub payload: Vec<u8>,
    /// Which line it waits in.
    pub priority: Priority,
    /// The batch that it belongs to.
    pub batch: Option<BatchId>,
}

impl NewJob {
    /// An interactive job outside of any batch.
    pub fn new(id: JobId, payload: Vec<u8>) -> Self {
        Self { id, payload, priority: Priority::Interactive, batch: None }
    }
}

/// Which of the two lines a job waits in. While one waits in the first, none is taken from the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Somebody looks at a progress bar.
    Interactive,
    /// Thousands of pictures over night.
    Batch,
}

/// When a job goes in line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Now.
    Now,
    /// With [`JobQueue::start`](crate::JobQueue::start), when its picture was uploaded. It counts towards the bound of
    /// the queue, and is forgotten after [`QueueOptions::awaiting_ttl`](crate::QueueOptions::awaiting_ttl).
    WhenUploaded,
}

/// What became of the wish to enqueue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnqueueOutcome {
    /// It will be done.
    Accepted,
    /// A job of this name was accepted before; nothing has changed.
    Known,
    /// As many jobs wait or run as may; nothing was kept.
    Full {
        /// How many that is.
        limit: usize,
    },
}

/// A job in a worker's hands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claim {
    /// Proof of it.
    pub lease: Lease,
    /// What is to be done.
    pub payload: Vec<u8>,
    /// Which line it came from.
    pub priority: Priority,
    /// The batch that it belongs to.
    pub batch: Option<BatchId>,
    /// How often it has been claimed, this time included. A worker that died counts.
    pub attempt: u32,
}

impl Claim {
    /// A claim, as a queue hands it out.
    pub fn new(lease: Lease, payload: Vec<u8>, priority: Priority, batch: Option<BatchId>, attempt: u32) -> Self {
        Self { lease, payload, priority, batch, attempt }
    }
}

/// Proof that a job is in a worker's hands, until the lease ends unrenewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Which job.
    pub job: JobId,
    /// Unique to this claim.
    pub token: String,
}

/// Whether a worker may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Go on.
    Yes,
    /// The client does not want it any more: stop.
    Cancelled,
    /// The lease ended, or the queue forgot the job: somebody else may be at it. Stop.
    Lost,
}

/// How far a job is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// 0 to 100.
    pub percent: u8,
    /// For people.
    pub message: String,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// Well; the result, in the words of whoever works on it.
    Done(String),
    /// It will fail every time: this is the end, and no dead letter.
    Failed(Failure),
    /// It may go well later: again after a pause that grows, until
    /// [`QueueOptions::max_attempts`](crate::QueueOptions::max_attempts); then it is a dead letter.
    Retry(Failure),
    /// The worker ends and did nothing: again at once, and this attempt does not count.
    GiveBack,
}

/// Why a job failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Stable, for programs.
    pub code: String,
    /// For people.
    pub reason: String,
}

impl Failure {
    /// What a queue writes where the lease of the last attempt ended and nobody said why.
    pub fn worker_lost() -> Self {
        Self {
            code: "worker_lost".to_owned(),
            reason: "every worker that took the job ended, or was not heard of in time, before the job was done"
                .to_owned(),
        }
    }
}

/// Where a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Accepted; its picture is still to be uploaded.
    AwaitingUpload,
    /// In line, or waiting for its next attempt.
    Queued,
    /// In a worker's hands.
    Running,
    /// Done well.
    Done,
    /// Ended without a result.
    Failed,
    /// Not wanted any more.
    Cancelled,
}

impl JobState {
    /// Whether nothing will change any more, save by a redrive.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// What is known of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobRecord {
    /// Its name.
    pub id: JobId,
    /// Where it is.
    pub state: JobState,
    /// How far it is, while that is kept ([`QueueOptions::progress_ttl`](crate::QueueOptions::progress_ttl)).
    pub progress: Option<Progress>,
    /// When any of this last changed, by the queue's clock.
    pub updated_at: SystemTime,
    /// What is to be done.
    pub payload: Vec<u8>,
    /// Which line it waits in.
    pub priority: Priority,
    /// The batch that it belongs to.
    pub batch: Option<BatchId>,
    /// How often it was claimed.
    pub attempts: u32,
    /// What came of it, once it is done.
    pub result: Option<String>,
    /// Why it failed, or why the last attempt did.
    pub failure: Option<Failure>,
}

impl JobRecord {
    /// A job as it is when it was just accepted.
    pub fn accepted(job: NewJob, state: JobState, at: SystemTime) -> Self {
        let NewJob { id, payload, priority, batch } = job;
        Self {
            id,
            state,
            progress: None,
            updated_at: at,
            payload,
            priority,
            batch,
            attempts: 0,
            result: None,
            failure: None,
        }
    }
}

/// What became of the wish to cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelOutcome {
    /// It will not be done. If it was running, its worker hears of it at the next renewal.
    Cancelled,
    /// It ended before, as this says.
    Ended(JobState),
    /// No such job.
    Unknown,
}

/// A batch: how many of its jobs are where, and which they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchRecord {
    /// Its jobs in the order in which they were accepted, up to the limit that was asked for.
    pub jobs: Vec<JobId>,
    /// All its jobs.
    pub total: usize,
    /// Those that are done well.
    pub done: usize,
    /// Those that ended without a result: failed, cancelled, or forgotten because their picture never came.
    pub failed: usize,
}

impl BatchRecord {
    /// A batch, as a queue knows it.
    pub fn new(jobs: Vec<JobId>, total: usize, done: usize, failed: usize) -> Self {
        Self { jobs, total, done, failed }
    }
}

/// How many jobs are where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Depth {
    /// In the first line.
    pub interactive: usize,
    /// In the second line.
    pub batch: usize,
    /// Waiting for their next attempt.
    pub delayed: usize,
    /// In workers' hands.
    pub running: usize,
    /// Waiting for their picture.
    pub awaiting: usize,
    /// Dead letters.
    pub dead: usize,
}

impl Depth {
    /// Those that count towards the bound of the queue.
    pub fn bounded(&self) -> usize {
        self.interactive + self.batch + self.delayed + self.running + self.awaiting
    }
}
