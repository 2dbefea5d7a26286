//! A queue that fails or dawdles on demand.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;

use crate::{
    BatchId, BatchRecord, CancelOutcome, Claim, Depth, EnqueueOutcome, Held, JobBook, JobId, JobQueue, JobRecord,
    Lease, NewJob, Progress, QueueError, QueueErrorKind, Settlement, Start,
};

/// What is wrong with a [`Faulty`] queue at the moment. The default is nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// Every call that begins or waits fails in this way, and does nothing.
    pub error: Option<QueueErrorKind>,
    /// Every call is done, and then fails in this way: its answer is lost.
    pub lost_answer: Option<QueueErrorKind>,
    /// Every call takes this much longer.
    pub delay: Duration,
}

/// Wraps a queue with faults that are switched on and off while it is used.
#[derive(Debug)]
pub struct Faulty<Q> {
    inner: Q,
    faults: Mutex<Faults>,
    calls: AtomicU64,
}

impl<Q> Faulty<Q> {
    /// Nothing is wrong yet.
    pub fn new(inner: Q) -> Self {
        Self { inner, faults: Mutex::default(), calls: AtomicU64::default() }
    }

    /// The queue behind the faults.
    pub fn inner(&self) -> &Q {
        &self.inner
    }

    /// From now on `faults` are what is wrong.
    pub fn set(&self, faults: Faults) {
        *self.lock() = faults;
    }

    /// From now on nothing is wrong.
    pub fn heal(&self) {
        self.set(Faults::default());
    }

    /// How many calls of any kind have begun.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn suffer<T>(&self, call: impl Future<Output = Result<T, QueueError>>) -> Result<T, QueueError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let faults = *self.lock();
        if !faults.delay.is_zero() {
            tokio::time::sleep(faults.delay).await;
        }
        if let Some(kind) = faults.error {
            return Err(QueueError::new(kind, "an injected fault"));
        }
        let answer = call.await;
        match self.lock().lost_answer {
            Some(kind) => Err(QueueError::new(kind, "an answer that was lost")),
            None => answer,
        }
    }
}

#[async_trait]
impl<Q: JobQueue> JobQueue for Faulty<Q> {
    async fn enqueue(&self, job: NewJob, start: Start) -> Result<EnqueueOutcome, QueueError> {
        self.suffer(self.inner.enqueue(job, start)).await
    }

    async fn start(&self, id: JobId) -> Result<bool, QueueError> {
        self.suffer(self.inner.start(id)).await
    }

    async fn awaiting(&self, limit: usize) -> Result<Vec<JobId>, QueueError> {
        self.suffer(self.inner.awaiting(limit)).await
    }

    async fn claim(&self, lease: Duration, wait: Duration) -> Result<Option<Claim>, QueueError> {
        self.suffer(self.inner.claim(lease, wait)).await
    }

    async fn renew(&self, held: &Lease, lease: Duration, progress: Option<Progress>) -> Result<Held, QueueError> {
        self.suffer(self.inner.renew(held, lease, progress)).await
    }

    async fn settle(&self, held: &Lease, settlement: Settlement) -> Result<bool, QueueError> {
        self.suffer(self.inner.settle(held, settlement)).await
    }
}

#[async_trait]
impl<Q: JobBook> JobBook for Faulty<Q> {
    async fn job(&self, id: JobId) -> Result<Option<JobRecord>, QueueError> {
        self.suffer(self.inner.job(id)).await
    }

    async fn cancel(&self, id: JobId) -> Result<CancelOutcome, QueueError> {
        self.suffer(self.inner.cancel(id)).await
    }

    async fn batch(&self, id: BatchId, first: usize, limit: usize) -> Result<Option<BatchRecord>, QueueError> {
        self.suffer(self.inner.batch(id, first, limit)).await
    }

    async fn dead(&self, limit: usize) -> Result<Vec<JobRecord>, QueueError> {
        self.suffer(self.inner.dead(limit)).await
    }

    async fn redrive(&self, id: Option<JobId>) -> Result<usize, QueueError> {
        self.suffer(self.inner.redrive(id)).await
    }

    async fn depth(&self) -> Result<Depth, QueueError> {
        self.suffer(self.inner.depth()).await
    }
}
