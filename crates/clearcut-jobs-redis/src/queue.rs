//! The queue: jobs in line, in workers' hands, and waiting.
//!
//! # How it is kept
//!
//! Each line is a stream with one consumer group. An entry names a job and stays in its stream until the job leaves the
//! line for good, so that the stream is as long as the line; the group gives each entry out once.
//!
//! A lease is a deadline in a sorted set beside the stream, under the entry. The group's own idle times could serve as
//! leases too, but they count from the last delivery, and so would have to be the same for all claims. With deadlines
//! there is one rule, by which every script goes: *an entry that was given out has its deadline, and whoever finds the
//! deadline past may take the entry*. What is given back has a deadline long past. So the group has one consumer, the
//! workers are told apart by the token of their claim, and there is nothing to be claimed over.
//!
//! Where that rule is broken from outside, it is restored: entries without a deadline get one, deadlines without an
//! entry or a job go, and a group that is missing is made.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use clearcut_cache_redis::{RedisConnection, Script};
use clearcut_jobs::{
    Claim, EnqueueOutcome, Failure, Held, JobId, JobQueue, Lease, NewJob, Priority, Progress, QueueError, QueueOptions,
    Settlement, Start,
};
use fred::types::FromValue;
use tokio::time::Instant;

use crate::{
    error::{corrupt, failed},
    names,
    record::{self, Claimed},
    scripts::{self, count, milliseconds},
    wake::{Bell, LOOK_AGAIN},
};

/// A queue that any number of servers and workers share through one Redis.
///
/// It waits on the connections of its [`RedisConnection`], and on one of its own once a claim has had to wait.
#[derive(Debug)]
pub struct RedisQueue {
    redis: RedisConnection,
    base: String,
    options: QueueOptions,
    option_arguments: Vec<Bytes>,
    bell: Bell,
}

impl RedisQueue {
    /// A queue below the key prefix of the connection. All that share it should have the same options.
    ///
    /// A Redis that is down is no reason to fail. One that may evict jobs when it is full is warned of.
    pub async fn open(redis: &RedisConnection, options: QueueOptions) -> Self {
        let base = names::base(redis.config().prefix());
        let option_arguments = scripts::options(&options);
        let queue = Self { redis: redis.clone(), base, options, option_arguments, bell: Bell::new() };
        queue.warn_of_eviction().await;
        queue
    }

    /// Jobs that wait have no lifetime, so that no policy but these evicts them.
    async fn warn_of_eviction(&self) {
        // Where it cannot be asked, or may not, there is nothing to say.
        let asked = scripts::EVICTION.run::<Vec<String>>(&self.redis, std::slice::from_ref(&self.base), &[]).await;
        let Ok(Ok([limit, policy])) = asked.map(<[String; 2]>::try_from) else { return };
        if limit != "0" && policy.starts_with("allkeys") {
            tracing::warn!(
                redis.address = self.redis.config().address(),
                redis.maxmemory_policy = policy,
                "Redis may evict jobs when it is full: set maxmemory-policy to volatile-lru, which evicts entries of \
                 the cache and results, or give jobs a Redis of their own"
            );
        }
    }

    pub(crate) async fn run<R: FromValue>(
        &self,
        script: &Script,
        arguments: impl IntoIterator<Item = Bytes>,
    ) -> Result<R, QueueError> {
        let arguments: Vec<Bytes> = self.option_arguments.iter().cloned().chain(arguments).collect();
        script
            .run_with_bytes(&self.redis, std::slice::from_ref(&self.base), &arguments)
            .await
            .map_err(|error| failed(&error))
    }
}

#[async_trait]
impl JobQueue for RedisQueue {
    async fn enqueue(&self, job: NewJob, start: Start) -> Result<EnqueueOutcome, QueueError> {
        let arguments = [
            job.id.to_string().into(),
            job.payload.into(),
            Bytes::from_static(match job.priority {
                Priority::Interactive => b"interactive",
                Priority::Batch => b"batch",
            }),
            job.batch.map(|batch| batch.to_string()).unwrap_or_default().into(),
            Bytes::from_static(match start {
                Start::Now => b"now",
                Start::WhenUploaded => b"when_uploaded",
            }),
        ];
        let outcome: String = self.run(&scripts::ENQUEUE, arguments).await?;
        match outcome.as_str() {
            "accepted" => Ok(EnqueueOutcome::Accepted),
            "known" => Ok(EnqueueOutcome::Known),
            "full" => Ok(EnqueueOutcome::Full { limit: self.options.max_queued }),
            other => Err(corrupt("an outcome", other)),
        }
    }

    async fn start(&self, id: JobId) -> Result<bool, QueueError> {
        let started: u8 = self.run(&scripts::START, [id.to_string().into()]).await?;
        Ok(started == 1)
    }

    async fn awaiting(&self, limit: usize) -> Result<Vec<JobId>, QueueError> {
        let ids: Vec<Bytes> = self.run(&scripts::AWAITING, [count(limit)]).await?;
        record::ids(&ids)
    }

    async fn claim(&self, lease: Duration, wait: Duration) -> Result<Option<Claim>, QueueError> {
        let Failure { code, reason } = Failure::worker_lost();
        let arguments = [milliseconds(lease), code.into(), reason.into()];
        let asked = Instant::now();
        loop {
            // It hears of every job from here on, so that none falls between the look and the wait.
            let mut rung = std::pin::pin!((!wait.is_zero()).then(|| self.bell.listen(&self.redis, &self.base)));
            if let Some(rung) = rung.as_mut().as_pin_mut() {
                rung.enable();
            }
            let due = match record::claimed(&self.run::<Vec<Bytes>>(&scripts::CLAIM, arguments.clone()).await?)? {
                Claimed::Job(claim) => return Ok(Some(claim)),
                Claimed::Nothing(due) => due,
            };
            let left = wait.saturating_sub(asked.elapsed());
            let Some(rung) = rung.as_pin_mut().filter(|_| !left.is_zero()) else { return Ok(None) };
            let pause = due.map_or(LOOK_AGAIN, |due| due.min(LOOK_AGAIN)).min(left);
            tokio::select! {
                () = rung => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn renew(&self, held: &Lease, lease: Duration, progress: Option<Progress>) -> Result<Held, QueueError> {
        let arguments = [held.job.to_string().into(), held.token.clone().into(), milliseconds(lease)];
        let progress = progress.map(|progress| [progress.percent.to_string().into(), progress.message.into()]);
        let held: String =
            self.run(&scripts::RENEW, arguments.into_iter().chain(progress.into_iter().flatten())).await?;
        match held.as_str() {
            "yes" => Ok(Held::Yes),
            "cancelled" => Ok(Held::Cancelled),
            "lost" => Ok(Held::Lost),
            other => Err(corrupt("an answer to a renewal", other)),
        }
    }

    async fn settle(&self, held: &Lease, settlement: Settlement) -> Result<bool, QueueError> {
        let words = match settlement {
            Settlement::Done(result) => vec!["done".into(), result.into()],
            Settlement::Failed(failure) => vec!["failed".into(), failure.code.into(), failure.reason.into()],
            Settlement::Retry(failure) => vec!["retry".into(), failure.code.into(), failure.reason.into()],
            Settlement::GiveBack => vec!["give_back".into()],
        };
        let arguments = [held.job.to_string().into(), held.token.clone().into()];
        let held: u8 = self.run(&scripts::SETTLE, arguments.into_iter().chain(words)).await?;
        Ok(held == 1)
    }
}
