//! The state behind the lock: every job, and the indexes that find the next one.
//!
//! Nothing here waits. Whatever is due by the time of a call is done first ([`Book::catch_up`]), so that no task has to
//! run beside the queue.

use std::collections::{BTreeMap, HashMap};

use tokio::time::Instant;

use super::{
    batches::{Batches, Change},
    entry::{Ended, Entry, Place, Token},
    line::Line,
    moment::{Moment, later},
    timeline::Timeline,
};
use crate::{
    BatchId, BatchRecord, Claim, Depth, EnqueueOutcome, Failure, JobId, JobRecord, JobState, Lease, NewJob, Priority,
    QueueOptions, Start,
};

/// Every job that is known.
///
/// # Contract
///
/// A job stands in exactly the one index that its entry's place names.
#[derive(Debug)]
pub(super) struct Book {
    pub(super) options: QueueOptions,
    pub(super) jobs: HashMap<JobId, Entry>,
    interactive: Line,
    batch: Line,
    delayed: Timeline<JobId>,
    pub(super) running: Timeline<JobId>,
    awaiting: Timeline<JobId>,
    ended: Timeline<JobId>,
    pub(super) dead: BTreeMap<u64, JobId>,
    pub(super) batches: Batches,
    /// How much ended jobs may take.
    pub(super) ended_limit_bytes: usize,
    ended_bytes: usize,
    numbers: u64,
}

impl Book {
    pub(super) fn new(options: QueueOptions, ended_limit_bytes: usize) -> Self {
        Self {
            options,
            jobs: HashMap::new(),
            interactive: Line::default(),
            batch: Line::default(),
            delayed: Timeline::default(),
            running: Timeline::default(),
            awaiting: Timeline::default(),
            ended: Timeline::default(),
            dead: BTreeMap::new(),
            batches: Batches::default(),
            ended_limit_bytes,
            ended_bytes: 0,
            numbers: 0,
        }
    }

    /// Does everything that is due: pauses and leases end, records are forgotten.
    ///
    /// It is done as of the time at which it was due, so that nothing lives longer because nobody asked.
    pub(super) fn catch_up(&mut self, now: Moment) {
        while let Some((_, id)) = self.delayed.due(now.at) {
            self.line_up(id, End::Back);
        }
        while let Some((at, id)) = self.running.due(now.at) {
            let then = Moment { at, ..now };
            if self.jobs.get(&id).is_some_and(|job| job.record.attempts >= self.options.max_attempts) {
                self.die(id, Failure::worker_lost(), then);
            } else {
                self.queue_again(id, End::Front, then);
            }
        }
        while let Some((at, id)) = self.awaiting.due(now.at) {
            self.count(id, Change::Failed, Moment { at, ..now });
            self.forget(id);
        }
        while let Some((_, id)) = self.ended.due(now.at) {
            self.forget(id);
        }
        self.batches.forget_expired(now.at);
    }

    /// When [`catch_up`](Self::catch_up) may next find a job to be handed out.
    pub(super) fn next_event(&self) -> Option<Instant> {
        [self.delayed.first_at(), self.running.first_at()].into_iter().flatten().min()
    }

    pub(super) fn accept(&mut self, job: NewJob, start: Start, now: Moment) -> EnqueueOutcome {
        if self.jobs.contains_key(&job.id) {
            return EnqueueOutcome::Known;
        }
        let limit = self.options.max_queued;
        if self.depth().bounded() >= limit {
            return EnqueueOutcome::Full { limit };
        }
        let id = job.id;
        if let Some(batch) = job.batch {
            self.batches.add(batch, id, now.at, self.options.batch_ttl);
        }
        let (state, place) = match start {
            Start::Now => (JobState::Queued, Place::Line(self.line(job.priority).push_back(id))),
            Start::WhenUploaded => {
                let until = later(now.at, self.options.awaiting_ttl);
                (JobState::AwaitingUpload, Place::Awaiting(self.awaiting.insert(until, id)))
            }
        };
        let record = JobRecord::accepted(job, state, now.date);
        self.jobs.insert(id, Entry { record, place, progress_at: None });
        EnqueueOutcome::Accepted
    }

    /// Those that wait for their pictures, oldest first.
    pub(super) fn awaiting(&self) -> impl Iterator<Item = JobId> {
        self.awaiting.iter()
    }

    pub(super) fn take(&mut self, until: Instant, now: Moment) -> Option<Claim> {
        let id = self.interactive.first().or_else(|| self.batch.first())?;
        self.leave(id);
        let slot = self.running.insert(until, id);
        let token = self.number();
        let job = self.jobs.get_mut(&id)?;
        job.place = Place::Running(slot, token);
        job.record.state = JobState::Running;
        job.record.attempts += 1;
        job.record.updated_at = now.date;
        let JobRecord { payload, priority, batch, attempts, .. } = &job.record;
        let lease = Lease { job: id, token: token.to_string() };
        Some(Claim::new(lease, payload.clone(), *priority, *batch, *attempts))
    }

    /// Puts a job in line that was elsewhere.
    pub(super) fn queue_again(&mut self, id: JobId, end: End, now: Moment) {
        self.line_up(id, end);
        if let Some(job) = self.jobs.get_mut(&id) {
            job.record.state = JobState::Queued;
            job.record.updated_at = now.date;
        }
    }

    /// Ends an attempt with a pause before the next, or with the job's death.
    pub(super) fn retry(&mut self, id: JobId, failure: Failure, now: Moment) {
        let Some(job) = self.jobs.get(&id) else { return };
        let attempts = job.record.attempts;
        if attempts >= self.options.max_attempts {
            return self.die(id, failure, now);
        }
        self.leave(id);
        let slot = self.delayed.insert(later(now.at, self.options.pause_after(attempts)), id);
        let Some(job) = self.jobs.get_mut(&id) else { return };
        job.place = Place::Delayed(slot);
        job.record.state = JobState::Queued;
        job.record.failure = Some(failure);
        job.record.updated_at = now.date;
    }

    /// Ends a job for good; the last words are noted by `note`.
    pub(super) fn end(&mut self, id: JobId, state: JobState, now: Moment, note: impl FnOnce(&mut JobRecord)) {
        self.leave(id);
        let Some(job) = self.jobs.get_mut(&id) else { return };
        let cancelled = match job.place {
            Place::Running(_, token) if state == JobState::Cancelled => Some(token),
            _ => None,
        };
        job.record.state = state;
        job.record.updated_at = now.date;
        note(&mut job.record);
        let size_bytes = job.size_bytes();
        let expiry = self.ended.insert(later(now.at, self.options.result_ttl), id);
        job.place = Place::Ended(Ended { expiry, dead: None, cancelled, size_bytes });
        self.ended_bytes += size_bytes;
        self.count(id, if state == JobState::Done { Change::Done } else { Change::Failed }, now);
        while self.ended_bytes > self.ended_limit_bytes {
            let Some(oldest) = self.ended.first() else { return };
            self.forget(oldest);
        }
    }

    /// Ends a job as a dead letter.
    fn die(&mut self, id: JobId, failure: Failure, now: Moment) {
        self.end(id, JobState::Failed, now, |record| record.failure = Some(failure));
        let number = self.number();
        let Some(Entry { place: Place::Ended(ended), .. }) = self.jobs.get_mut(&id) else { return };
        ended.dead = Some(number);
        self.dead.insert(number, id);
        while self.dead.len() > self.options.max_dead {
            let Some((_, oldest)) = self.dead.pop_first() else { return };
            if let Some(Entry { place: Place::Ended(ended), .. }) = self.jobs.get_mut(&oldest) {
                ended.dead = None;
            }
        }
    }

    /// Puts a dead letter in line with all its attempts.
    pub(super) fn redrive(&mut self, id: JobId, now: Moment) {
        self.queue_again(id, End::Back, now);
        if let Some(job) = self.jobs.get_mut(&id) {
            job.record.attempts = 0;
        }
        self.count(id, Change::Redriven, now);
    }

    /// The job that is in a worker's hands under this token.
    pub(super) fn held(&mut self, lease: &Lease) -> Option<&mut Entry> {
        let held = token(lease)?;
        self.jobs.get_mut(&lease.job).filter(|job| matches!(job.place, Place::Running(_, token) if token == held))
    }

    /// The job that was cancelled while it was in a worker's hands under this token.
    pub(super) fn cancelled(&mut self, lease: &Lease) -> Option<&mut Ended> {
        let held = token(lease)?;
        match &mut self.jobs.get_mut(&lease.job)?.place {
            Place::Ended(ended) if ended.cancelled == Some(held) => Some(ended),
            _ => None,
        }
    }

    pub(super) fn record(&self, id: JobId, now: Moment) -> Option<JobRecord> {
        let job = self.jobs.get(&id)?;
        let mut record = job.record.clone();
        if job.progress_at.is_some_and(|at| later(at, self.options.progress_ttl) <= now.at) {
            record.progress = None;
        }
        Some(record)
    }

    pub(super) fn batch(&self, id: BatchId, first: usize, limit: usize) -> Option<BatchRecord> {
        self.batches.record(id, first, limit)
    }

    pub(super) fn depth(&self) -> Depth {
        Depth {
            interactive: self.interactive.len(),
            batch: self.batch.len(),
            delayed: self.delayed.len(),
            running: self.running.len(),
            awaiting: self.awaiting.len(),
            dead: self.dead.len(),
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
            && self.depth() == Depth::default()
            && self.ended.len() == 0
            && self.ended_bytes == 0
            && self.batches.is_empty()
    }

    fn line(&mut self, priority: Priority) -> &mut Line {
        match priority {
            Priority::Interactive => &mut self.interactive,
            Priority::Batch => &mut self.batch,
        }
    }

    fn line_up(&mut self, id: JobId, end: End) {
        self.leave(id);
        let Some(priority) = self.jobs.get(&id).map(|job| job.record.priority) else { return };
        let line = self.line(priority);
        let place = match end {
            End::Front => line.push_front(id),
            End::Back => line.push_back(id),
        };
        if let Some(job) = self.jobs.get_mut(&id) {
            job.place = Place::Line(place);
        }
    }

    /// Takes a job out of the index that it stands in.
    fn leave(&mut self, id: JobId) {
        let Some(job) = self.jobs.get(&id) else { return };
        let priority = job.record.priority;
        match job.place {
            Place::Line(place) => self.line(priority).remove(place),
            Place::Delayed(slot) => self.delayed.remove(slot),
            Place::Running(slot, _) => self.running.remove(slot),
            Place::Awaiting(slot) => self.awaiting.remove(slot),
            Place::Ended(Ended { expiry, dead, size_bytes, .. }) => {
                self.ended.remove(expiry);
                self.ended_bytes -= size_bytes;
                if let Some(number) = dead {
                    self.dead.remove(&number);
                }
            }
        }
    }

    fn forget(&mut self, id: JobId) {
        self.leave(id);
        self.jobs.remove(&id);
    }

    fn count(&mut self, id: JobId, change: Change, now: Moment) {
        if let Some(batch) = self.jobs.get(&id).and_then(|job| job.record.batch) {
            self.batches.count(batch, change, now.at, self.options.batch_ttl);
        }
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }
}

/// At which end a job joins its line.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    /// It has waited before.
    Front,
    /// After all others.
    Back,
}

fn token(lease: &Lease) -> Option<Token> {
    lease.token.parse().ok()
}
