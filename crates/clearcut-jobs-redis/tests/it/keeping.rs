//! What stands in Redis, beside what else, and for how long.

use std::time::{Duration, SystemTime};

use clearcut_cache::{CacheTier, Pattern};
use clearcut_cache_redis::{RedisConnection, RedisTier};
use clearcut_jobs::{
    BatchId, EnqueueOutcome, Held, JobBook, JobId, JobQueue, NewJob, Priority, Progress, QueueOptions, Start,
};
use clearcut_jobs_redis::RedisQueue;
use clearcut_testkit::server::RedisServer;

use crate::server::{
    BASE, LONG, add, admin, config, connection, done, end, look, new_job, nothing_is_there, queue, take,
};

#[tokio::test(flavor = "multi_thread")]
async fn progress_stands_under_the_name_of_its_job_for_an_hour() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let queue = queue(&server).await;
    let id = add(&queue, "slow").await;
    let held = take(&queue, id).await;
    let progress = Progress { percent: 42, message: "cutting \"hair\" / fur".to_owned() };
    assert_eq!(queue.renew(&held.lease, LONG, Some(progress)).await.unwrap(), Held::Yes);

    let redis = connection(&server).await;
    let key = format!("{BASE}:job:{id}:progress");
    let json: String = admin(&redis, &["GET", &key]).await;
    let stored: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&stored["progress"], &stored["message"]), (&42.into(), &"cutting \"hair\" / fur".into()));
    let at = Duration::from_millis(stored["updated_at"].as_u64().unwrap());
    assert_eq!(look(&queue, id).await.updated_at, SystemTime::UNIX_EPOCH + at);
    let left_ms: i64 = admin(&redis, &["PTTL", &key]).await;
    assert!((3_500_000..=3_600_000).contains(&left_ms), "{left_ms}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ended_expires_and_nothing_else_is_left() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let queue = queue(&server).await;
    let redis = connection(&server).await;
    let mut job = new_job("one of a batch");
    (job.priority, job.batch) = (Priority::Batch, Some(BatchId::new(SystemTime::now())));
    let (id, batch) = (job.id, job.batch.unwrap());
    queue.enqueue(job, Start::Now).await.unwrap();
    let waiting_ms: i64 = admin(&redis, &["PTTL", &format!("{BASE}:job:{id}")]).await;
    assert_eq!(waiting_ms, -1, "a job that waits does not expire");
    let held = take(&queue, id).await;
    end(&queue, &held, done("a result")).await;

    let mut names: Vec<String> = admin(&redis, &["KEYS", "*"]).await;
    names.sort();
    let expected = [
        (format!("{BASE}:batch:{batch}"), 86_400_000),
        (format!("{BASE}:batch:{batch}:counts"), 86_400_000),
        (format!("{BASE}:claims"), -1),
        (format!("{BASE}:job:{id}"), 604_800_000),
        (format!("{BASE}:stream:batch"), -1),
    ];
    assert_eq!(names, expected.each_ref().map(|(name, _)| name.clone()));
    for (name, lifetime_ms) in expected {
        let left_ms: i64 = admin(&redis, &["PTTL", &name]).await;
        assert!((lifetime_ms - 100_000..=lifetime_ms).contains(&left_ms), "{name}: {left_ms}");
    }
    let entries: i64 = admin(&redis, &["XLEN", &format!("{BASE}:stream:batch")]).await;
    assert_eq!(entries, 0, "the stream is as long as the line");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_prefix_is_another_queue() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let ours = queue(&server).await;
    let theirs = RedisConnection::open(config(server.url()).key_prefix("other:")).await.unwrap();
    let theirs = RedisQueue::open(&theirs, QueueOptions::default()).await;
    let id = add(&ours, "ours").await;
    nothing_is_there(&theirs).await;
    assert_eq!(theirs.job(id).await.unwrap(), None);
    take(&ours, id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clearing_the_cache_leaves_the_jobs() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let queue = queue(&server).await;
    let id = add(&queue, "precious").await;
    let tier = RedisTier::new(&connection(&server).await);
    assert_eq!(tier.clear(&Pattern::all()).await.unwrap(), 0);
    take(&queue, id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clocks_of_clients_do_not_matter() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let queue = queue(&server).await;
    let skew = Duration::from_mins(5);
    let now = SystemTime::now();
    let mut ids = Vec::new();
    for made_at in [now + skew, now - skew, now] {
        let job = NewJob::new(JobId::new(made_at), Vec::new());
        ids.push(job.id);
        assert_eq!(queue.enqueue(job, Start::Now).await.unwrap(), EnqueueOutcome::Accepted);
    }
    for id in ids {
        let held = take(&queue, id).await;
        assert_eq!(queue.renew(&held.lease, LONG, None).await.unwrap(), Held::Yes);
        let known = look(&queue, id).await.updated_at;
        assert!(known > now - skew / 2 && known < now + skew / 2, "{known:?} is by the server's clock");
    }
}
