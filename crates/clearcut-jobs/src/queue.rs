//! The seam: a line of jobs, and the book that is kept of them.

use std::time::Duration;

use async_trait::async_trait;

use crate::{
    BatchId, BatchRecord, CancelOutcome, Claim, Depth, EnqueueOutcome, Held, JobId, JobRecord, Lease, NewJob, Progress,
    QueueError, Settlement, Start,
};

/// A line of jobs that survive their workers.
///
/// # Contract
///
/// - A job that was accepted is handed out until it is settled: at least once, and by one worker at a time as long as
///   leases are renewed in time. A worker that dies loses its job after the lease, to the next that asks.
/// - Interactive jobs go before batch jobs; among equals the earlier goes first, save after a retry.
/// - A job that was claimed [`max_attempts`](crate::QueueOptions::max_attempts) times without being settled is a dead
///   letter: what kills its worker does not kill them all.
/// - What [failed](crate::Settlement::Failed) for good is no dead letter; nothing would come of it again.
/// - A lease that ended does nothing: [`renew`](Self::renew) answers [`Held::Lost`] and [`settle`](Self::settle)
///   `false`.
/// - Time is the queue's own; clocks of clients and workers are never compared.
#[async_trait]
pub trait JobQueue: std::fmt::Debug + Send + Sync {
    /// Accepts a job, unless it is known or the queue is full.
    async fn enqueue(&self, job: NewJob, start: Start) -> Result<EnqueueOutcome, QueueError>;

    /// Puts a job in line whose picture has arrived; whether it was waiting for that.
    async fn start(&self, id: JobId) -> Result<bool, QueueError>;

    /// Some jobs that wait for their pictures, oldest first.
    async fn awaiting(&self, limit: usize) -> Result<Vec<JobId>, QueueError>;

    /// The next job for `lease`, or `None` if there is none for `wait`; with no `wait`, what is there at once. It wakes
    /// for a job that is enqueued or started, whose pause is over, or whose lease has ended. Dropping the future loses
    /// no job for longer than a lease.
    async fn claim(&self, lease: Duration, wait: Duration) -> Result<Option<Claim>, QueueError>;

    /// Extends a lease to `lease` from now on, and notes a progress; without one the last stays.
    async fn renew(&self, held: &Lease, lease: Duration, progress: Option<Progress>) -> Result<Held, QueueError>;

    /// Ends an attempt; whether the lease was still held, which is said once. A job that was cancelled meanwhile stays
    /// so, whatever its settlement says.
    async fn settle(&self, held: &Lease, settlement: Settlement) -> Result<bool, QueueError>;
}

/// What is known of jobs.
#[async_trait]
pub trait JobBook: std::fmt::Debug + Send + Sync {
    /// One job; `None` if it is not known, or not any more.
    async fn job(&self, id: JobId) -> Result<Option<JobRecord>, QueueError>;

    /// Asks that a job be left undone. It is cancelled from now on, even while its worker does not know it yet.
    async fn cancel(&self, id: JobId) -> Result<CancelOutcome, QueueError>;

    /// One batch with up to `limit` of its jobs from the `first` on; `None` if it is not known, or not any more.
    async fn batch(&self, id: BatchId, first: usize, limit: usize) -> Result<Option<BatchRecord>, QueueError>;

    /// Dead letters with their reasons, latest first, as long as the jobs are known. One that goes from the list
    /// because there are [too many](crate::QueueOptions::max_dead) has failed and is not redriven.
    async fn dead(&self, limit: usize) -> Result<Vec<JobRecord>, QueueError>;

    /// Puts dead letters in line again with all their attempts: one, or all of them; how many. It does not mind the
    /// bound of the queue.
    async fn redrive(&self, id: Option<JobId>) -> Result<usize, QueueError>;

    /// How many jobs are where.
    async fn depth(&self) -> Result<Depth, QueueError>;
}

/// A queue with its book: what one backend is.
pub trait Queue: JobQueue + JobBook {}

impl<T: JobQueue + JobBook + ?Sized> Queue for T {}
