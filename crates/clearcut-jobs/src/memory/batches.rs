//! Which jobs were accepted together, and how they ended.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use super::{
    moment::later,
    timeline::{Slot, Timeline},
};
use crate::{BatchId, BatchRecord, JobId};

/// How many jobs all the batches together may list: 16 MiB of ids. The batch that changed least recently goes first.
const MOST_LISTED: usize = 1 << 20;

/// All batches that are known.
#[derive(Debug, Default)]
pub(super) struct Batches {
    known: HashMap<BatchId, Batch>,
    expiries: Timeline<BatchId>,
    listed: usize,
}

#[derive(Debug)]
struct Batch {
    jobs: Vec<JobId>,
    done: usize,
    failed: usize,
    expiry: Slot,
}

impl Batches {
    /// Notes that `job` belongs to `id`.
    pub(super) fn add(&mut self, id: BatchId, job: JobId, now: Instant, ttl: Duration) {
        let batch = self.known.entry(id).or_insert_with(|| {
            let expiry = self.expiries.insert(later(now, ttl), id);
            Batch { jobs: Vec::new(), done: 0, failed: 0, expiry }
        });
        batch.jobs.push(job);
        self.listed += 1;
        self.touch(id, now, ttl);
        while self.listed > MOST_LISTED && self.known.len() > 1 {
            let Some(oldest) = self.expiries.first() else { return };
            self.forget(oldest);
        }
    }

    /// Corrects the counts by a job that ended, or that was put in line again.
    pub(super) fn count(&mut self, id: BatchId, change: Change, now: Instant, ttl: Duration) {
        let Some(batch) = self.known.get_mut(&id) else { return };
        match change {
            Change::Done => batch.done += 1,
            Change::Failed => batch.failed += 1,
            Change::Redriven => batch.failed = batch.failed.saturating_sub(1),
        }
        self.touch(id, now, ttl);
    }

    pub(super) fn record(&self, id: BatchId, first: usize, limit: usize) -> Option<BatchRecord> {
        let batch = self.known.get(&id)?;
        let jobs = batch.jobs.iter().skip(first).take(limit).copied().collect();
        Some(BatchRecord::new(jobs, batch.jobs.len(), batch.done, batch.failed))
    }

    pub(super) fn forget_expired(&mut self, now: Instant) {
        while let Some((_, id)) = self.expiries.due(now) {
            self.forget(id);
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty() && self.expiries.len() == 0 && self.listed == 0
    }

    /// Its time begins anew.
    fn touch(&mut self, id: BatchId, now: Instant, ttl: Duration) {
        let until = later(now, ttl);
        if let Some(batch) = self.known.get_mut(&id)
            && batch.expiry.0 < until
        {
            self.expiries.remove(batch.expiry);
            batch.expiry = self.expiries.insert(until, id);
        }
    }

    fn forget(&mut self, id: BatchId) {
        if let Some(batch) = self.known.remove(&id) {
            self.expiries.remove(batch.expiry);
            self.listed -= batch.jobs.len();
        }
    }
}

/// What happened to a job of a batch.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change {
    /// Done well.
    Done,
    /// Ended without a result.
    Failed,
    /// It had ended without a result, and is in line again.
    Redriven,
}
