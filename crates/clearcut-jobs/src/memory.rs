//! A queue inside the process: what it holds ends with it.

mod batches;
mod book;
mod entry;
mod line;
mod moment;
#[cfg(test)]
mod tests;
mod timeline;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use tokio::{sync::Notify, time::Instant};

use self::{
    book::{Book, End},
    entry::Place,
    moment::{Moment, later},
};
use crate::{
    BatchId, BatchRecord, CancelOutcome, Claim, Clock, Depth, EnqueueOutcome, Held, JobBook, JobId, JobQueue,
    JobRecord, JobState, Lease, NewJob, Progress, QueueError, QueueOptions, Settlement, Start,
};

/// How much memory ended jobs take at most, if nothing else is said: 64 MiB, some 80,000 of the server's jobs.
const ENDED_LIMIT_BYTES: usize = 64 << 20;

/// The embedded default: a queue for the workers of one process.
///
/// It survives its workers' panics, not the end of the process. Jobs in line are bounded by
/// [`QueueOptions::max_queued`]; ended ones by [`ended_limit_bytes`](Self::ended_limit_bytes), before their time if
/// they must, the earliest first. Nothing runs beside it: what is due is done with the next call.
pub struct MemoryQueue {
    book: Mutex<Book>,
    /// A job is there to be handed out, or something is due earlier than those who wait know.
    changed: Notify,
    clock: Arc<dyn Clock>,
}

impl MemoryQueue {
    /// An empty queue. `clock` dates what is shown ([`JobRecord::updated_at`]); leases, pauses and lifetimes are
    /// measured with tokio's clock.
    pub fn new(options: QueueOptions, clock: Arc<dyn Clock>) -> Self {
        Self { book: Mutex::new(Book::new(options, ENDED_LIMIT_BYTES)), changed: Notify::new(), clock }
    }

    /// How much memory ended jobs may take, about, in bytes. 64 MiB.
    #[must_use]
    pub fn ended_limit_bytes(self, bytes: usize) -> Self {
        self.lock().ended_limit_bytes = bytes;
        self
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The book as it is now.
    fn open(&self) -> (MutexGuard<'_, Book>, Moment) {
        let date = self.clock.now();
        let mut book = self.lock();
        // Read under the lock: whoever comes later sees a later time.
        let now = Moment { at: Instant::now(), date };
        book.catch_up(now);
        (book, now)
    }
}

impl fmt::Debug for MemoryQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryQueue").field("depth", &self.lock().depth()).finish_non_exhaustive()
    }
}

#[async_trait]
impl JobQueue for MemoryQueue {
    async fn enqueue(&self, job: NewJob, start: Start) -> Result<EnqueueOutcome, QueueError> {
        let outcome = {
            let (mut book, now) = self.open();
            book.accept(job, start, now)
        };
        self.changed.notify_waiters();
        Ok(outcome)
    }

    async fn start(&self, id: JobId) -> Result<bool, QueueError> {
        let started = {
            let (mut book, now) = self.open();
            let awaits = book.jobs.get(&id).is_some_and(|job| matches!(job.place, Place::Awaiting(_)));
            if awaits {
                book.queue_again(id, End::Back, now);
            }
            awaits
        };
        self.changed.notify_waiters();
        Ok(started)
    }

    async fn awaiting(&self, limit: usize) -> Result<Vec<JobId>, QueueError> {
        let (book, _) = self.open();
        Ok(book.awaiting().take(limit).collect())
    }

    async fn claim(&self, lease: Duration, wait: Duration) -> Result<Option<Claim>, QueueError> {
        let deadline = later(Instant::now(), wait);
        loop {
            // It hears of every change from here on, so that none falls between the look and the wait.
            let changed = self.changed.notified();
            let (claim, next_event) = {
                let (mut book, now) = self.open();
                (book.take(later(now.at, lease), now), book.next_event())
            };
            if claim.is_some() {
                // Whoever waits was told when the job came, and so looks again and sees when this lease ends.
                return Ok(claim);
            }
            if Instant::now() >= deadline {
                return Ok(None);
            }
            let until = next_event.map_or(deadline, |event| event.min(deadline));
            tokio::select! {
                () = changed => {}
                () = tokio::time::sleep_until(until) => {}
            }
        }
    }

    async fn renew(&self, held: &Lease, lease: Duration, progress: Option<Progress>) -> Result<Held, QueueError> {
        let outcome = {
            let (mut book, now) = self.open();
            if book.cancelled(held).is_some() {
                return Ok(Held::Cancelled);
            }
            let Some(&Place::Running(slot, token)) = book.held(held).map(|job| &job.place) else {
                return Ok(Held::Lost);
            };
            book.running.remove(slot);
            let slot = book.running.insert(later(now.at, lease), held.job);
            if let Some(job) = book.held(held) {
                job.place = Place::Running(slot, token);
                if let Some(progress) = progress {
                    job.note_progress(progress, now.at);
                    job.record.updated_at = now.date;
                }
            }
            Held::Yes
        };
        // A lease may have been shortened.
        self.changed.notify_waiters();
        Ok(outcome)
    }

    async fn settle(&self, held: &Lease, settlement: Settlement) -> Result<bool, QueueError> {
        {
            let (mut book, now) = self.open();
            if let Some(ended) = book.cancelled(held) {
                ended.cancelled = None;
                return Ok(true);
            }
            let Some(job) = book.held(held) else { return Ok(false) };
            match settlement {
                Settlement::Done(result) => book.end(held.job, JobState::Done, now, |record| {
                    record.result = Some(result);
                    record.failure = None;
                }),
                Settlement::Failed(failure) => {
                    book.end(held.job, JobState::Failed, now, |record| record.failure = Some(failure));
                }
                Settlement::Retry(failure) => book.retry(held.job, failure, now),
                Settlement::GiveBack => {
                    job.record.attempts = job.record.attempts.saturating_sub(1);
                    book.queue_again(held.job, End::Front, now);
                }
            }
        }
        self.changed.notify_waiters();
        Ok(true)
    }
}

#[async_trait]
impl JobBook for MemoryQueue {
    async fn job(&self, id: JobId) -> Result<Option<JobRecord>, QueueError> {
        let (book, now) = self.open();
        Ok(book.record(id, now))
    }

    async fn cancel(&self, id: JobId) -> Result<CancelOutcome, QueueError> {
        let (mut book, now) = self.open();
        let Some(state) = book.jobs.get(&id).map(|job| job.record.state) else {
            return Ok(CancelOutcome::Unknown);
        };
        if state.is_final() {
            return Ok(CancelOutcome::Ended(state));
        }
        book.end(id, JobState::Cancelled, now, |_| ());
        Ok(CancelOutcome::Cancelled)
    }

    async fn batch(&self, id: BatchId, first: usize, limit: usize) -> Result<Option<BatchRecord>, QueueError> {
        let (book, _) = self.open();
        Ok(book.batch(id, first, limit))
    }

    async fn dead(&self, limit: usize) -> Result<Vec<JobRecord>, QueueError> {
        let (book, now) = self.open();
        Ok(book.dead.values().rev().take(limit).filter_map(|id| book.record(*id, now)).collect())
    }

    async fn redrive(&self, id: Option<JobId>) -> Result<usize, QueueError> {
        let redriven = {
            let (mut book, now) = self.open();
            let wanted = |dead: &JobId| id.is_none_or(|id| id == *dead);
            let dead: Vec<JobId> = book.dead.values().copied().filter(wanted).collect();
            for id in &dead {
                book.redrive(*id, now);
            }
            dead.len()
        };
        self.changed.notify_waiters();
        Ok(redriven)
    }

    async fn depth(&self) -> Result<Depth, QueueError> {
        let (book, _) = self.open();
        Ok(book.depth())
    }
}
