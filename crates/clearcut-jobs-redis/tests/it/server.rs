//! What every test asks of its private server.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, SystemTime},
};

use clearcut_cache_redis::{RedisConfig, RedisConnection};
use clearcut_jobs::{
    Claim, EnqueueOutcome, JobBook, JobId, JobQueue, JobRecord, NewJob, Priority, QueueOptions, Settlement, Start,
};
use clearcut_jobs_redis::RedisQueue;
use clearcut_testkit::server::RedisServer;
use fred::{
    interfaces::ClientLike,
    types::{ClusterHash, CustomCommand, FromValue},
};

/// Longer than anything here takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// A lease that outlasts every test.
pub const LONG: Duration = Duration::from_mins(10);
/// What all names of the queues of [`queue`] begin with.
pub const BASE: &str = "{test:jobs}";

/// Commands have the time that a busy machine takes.
pub fn config(url: String) -> RedisConfig {
    RedisConfig::from_url(url).unwrap().key_prefix("test:").command_timeout(PATIENCE).connect_timeout(PATIENCE)
}

pub async fn connection(server: &RedisServer) -> RedisConnection {
    RedisConnection::open(config(server.url())).await.unwrap()
}

/// One process's view of the queue of this server.
pub async fn queue(server: &RedisServer) -> RedisQueue {
    RedisQueue::open(&connection(server).await, QueueOptions::default()).await
}

/// Never the same.
pub fn unused_prefix() -> String {
    static USED: AtomicUsize = AtomicUsize::new(0);
    format!("test{}:", USED.fetch_add(1, Ordering::Relaxed))
}

/// A command as an operator would type it.
pub async fn admin<R: FromValue>(redis: &RedisConnection, words: &[&str]) -> R {
    let command = CustomCommand::new(words[0].to_owned(), ClusterHash::Random, false);
    redis.commands().custom(command, words[1..].to_vec()).await.unwrap()
}

pub fn new_job(payload: &str) -> NewJob {
    NewJob::new(JobId::new(SystemTime::now()), payload.into())
}

/// Enqueues a job that must be accepted.
pub async fn add(queue: &RedisQueue, payload: &str) -> JobId {
    let job = new_job(payload);
    let id = job.id;
    assert_eq!(queue.enqueue(job, Start::Now).await.unwrap(), EnqueueOutcome::Accepted);
    id
}

/// The same in the line of the night.
pub async fn add_to_batch(queue: &RedisQueue, payload: &str) -> JobId {
    let mut job = new_job(payload);
    job.priority = Priority::Batch;
    let id = job.id;
    assert_eq!(queue.enqueue(job, Start::Now).await.unwrap(), EnqueueOutcome::Accepted);
    id
}

/// A claim that must succeed at once, of this very job.
pub async fn take(queue: &RedisQueue, id: JobId) -> Claim {
    let claim = queue.claim(LONG, Duration::ZERO).await.unwrap().expect("there is a job to claim");
    assert_eq!(claim.lease.job, id, "another job was handed out");
    claim
}

pub async fn nothing_is_there(queue: &RedisQueue) {
    assert_eq!(queue.claim(LONG, Duration::ZERO).await.unwrap(), None);
}

/// Settles what must still be held.
pub async fn end(queue: &RedisQueue, claim: &Claim, settlement: Settlement) {
    assert!(queue.settle(&claim.lease, settlement).await.unwrap(), "the lease of {} was lost", claim.lease.job);
}

pub fn done(result: &str) -> Settlement {
    Settlement::Done(result.to_owned())
}

/// A job that must be known.
pub async fn look(queue: &RedisQueue, id: JobId) -> JobRecord {
    queue.job(id).await.unwrap().expect("the job is known")
}

/// Asks until the answer is there.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("not within {PATIENCE:?}: {what}"))
}
