//! As many jobs as a queue takes.

use std::sync::{Arc, Mutex};

use clearcut_jobs::{Depth, EnqueueOutcome, JobBook, JobQueue, Start};
use clearcut_testkit::server::RedisServer;
use futures::{StreamExt, stream};

use crate::server::{LONG, admin, connection, done, end, new_job, nothing_is_there, queue};

const JOBS: usize = 10_000;
/// As many words as the server's own jobs have.
const PAYLOAD_BYTES: usize = 300;

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_jobs_are_taken_one_more_is_not_and_all_are_done_once() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let (queue, redis) = (queue(&server).await, connection(&server).await);
    let payload = "x".repeat(PAYLOAD_BYTES);
    let empty_bytes = used_memory_bytes(&redis).await;
    let outcomes: Vec<_> = stream::iter(0..JOBS)
        .map(|_| queue.enqueue(new_job(&payload), Start::Now))
        .buffer_unordered(64)
        .map(Result::unwrap)
        .collect()
        .await;
    assert!(outcomes.iter().all(|outcome| *outcome == EnqueueOutcome::Accepted));
    assert_eq!(queue.enqueue(new_job("one more"), Start::Now).await.unwrap(), EnqueueOutcome::Full { limit: JOBS });
    assert_eq!(queue.depth().await.unwrap(), Depth { interactive: JOBS, ..Depth::default() });
    let taken_bytes = used_memory_bytes(&redis).await - empty_bytes;
    assert!(taken_bytes < 20_000_000, "{JOBS} jobs take {taken_bytes} bytes");

    let queue = Arc::new(queue);
    let ended = Mutex::new(Vec::with_capacity(JOBS));
    let workers = (0..16).map(|_| async {
        while let Some(claim) = queue.claim(LONG, std::time::Duration::ZERO).await.unwrap() {
            end(&queue, &claim, done("")).await;
            ended.lock().unwrap().push(claim.lease.job);
        }
    });
    futures::future::join_all(workers).await;
    let mut ended = ended.into_inner().unwrap();
    assert_eq!(ended.len(), JOBS);
    ended.sort();
    ended.dedup();
    assert_eq!(ended.len(), JOBS, "a job was done twice");
    nothing_is_there(&queue).await;
    assert_eq!(queue.depth().await.unwrap(), Depth::default());
}

async fn used_memory_bytes(redis: &clearcut_cache_redis::RedisConnection) -> i64 {
    let info: String = admin(redis, &["INFO", "memory"]).await;
    let used = info.lines().find_map(|line| line.strip_prefix("used_memory:")).expect("Redis says what it uses");
    used.parse().unwrap()
}
