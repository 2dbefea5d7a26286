//! The book that is kept of jobs.

use async_trait::async_trait;
use bytes::Bytes;
use clearcut_jobs::{BatchId, BatchRecord, CancelOutcome, Depth, JobBook, JobId, JobRecord, QueueError};

use crate::{
    RedisQueue,
    error::corrupt,
    record,
    scripts::{self, count},
};

/// How many dead letters one script puts in line: some milliseconds, for which the server does nothing else.
const REDRIVEN_AT_ONCE: usize = 200;

#[async_trait]
impl JobBook for RedisQueue {
    async fn job(&self, id: JobId) -> Result<Option<JobRecord>, QueueError> {
        record::job(&self.run::<Vec<Bytes>>(&scripts::JOB, [id.to_string().into()]).await?)
    }

    async fn cancel(&self, id: JobId) -> Result<CancelOutcome, QueueError> {
        let state: Bytes = self.run(&scripts::CANCEL, [id.to_string().into()]).await?;
        if state.is_empty() {
            return Ok(CancelOutcome::Unknown);
        }
        let state = record::state(&state)?;
        Ok(if state.is_final() { CancelOutcome::Ended(state) } else { CancelOutcome::Cancelled })
    }

    async fn batch(&self, id: BatchId, first: usize, limit: usize) -> Result<Option<BatchRecord>, QueueError> {
        let arguments = [id.to_string().into(), count(first), count(limit)];
        record::batch(&self.run::<Vec<Bytes>>(&scripts::BATCH, arguments).await?)
    }

    async fn dead(&self, limit: usize) -> Result<Vec<JobRecord>, QueueError> {
        let letters: Vec<Vec<Bytes>> = self.run(&scripts::DEAD, [count(limit)]).await?;
        letters.iter().filter_map(|letter| record::job(letter).transpose()).collect()
    }

    async fn redrive(&self, id: Option<JobId>) -> Result<usize, QueueError> {
        let name = Bytes::from(id.map(|id| id.to_string()).unwrap_or_default());
        let mut all = 0;
        loop {
            let counts: Vec<usize> = self.run(&scripts::REDRIVE, [name.clone(), count(REDRIVEN_AT_ONCE)]).await?;
            let [redriven, seen] = counts[..] else { return Err(corrupt("a redrive", "two counts are expected")) };
            all += redriven;
            if seen < REDRIVEN_AT_ONCE {
                return Ok(all);
            }
        }
    }

    async fn depth(&self) -> Result<Depth, QueueError> {
        let counts: Vec<usize> = self.run(&scripts::DEPTH, []).await?;
        let [interactive, batch, delayed, running, awaiting, dead] = counts[..] else {
            return Err(corrupt("a depth", "six counts are expected"));
        };
        Ok(Depth { interactive, batch, delayed, running, awaiting, dead })
    }
}
