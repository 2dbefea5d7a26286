//! A Redis that is away, hangs, is full, or does not let us in.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use clearcut_cache::TierErrorKind;
use clearcut_cache_redis::{RedisConfig, RedisConnection};
use clearcut_jobs::{
    CancelOutcome, EnqueueOutcome, Held, JobBook, JobQueue, JobState, Lease, Progress, QueueError, QueueErrorKind,
    QueueOptions, Settlement, Start,
};
use clearcut_jobs_redis::RedisQueue;
use clearcut_testkit::server::{RedisOptions, RedisServer};

use crate::server::{LONG, PATIENCE, add, admin, connection, done, end, eventually, look, new_job, queue, take};

/// What every operation fails with.
async fn failures(queue: &RedisQueue) -> Vec<QueueError> {
    let id = new_job("").id;
    let lease = Lease { job: id, token: "1-1".to_owned() };
    vec![
        queue.enqueue(new_job(""), Start::Now).await.unwrap_err(),
        queue.start(id).await.unwrap_err(),
        queue.awaiting(1).await.unwrap_err(),
        queue.claim(LONG, Duration::ZERO).await.unwrap_err(),
        queue.claim(LONG, LONG).await.unwrap_err(),
        queue.renew(&lease, LONG, None).await.unwrap_err(),
        queue.settle(&lease, done("")).await.unwrap_err(),
        queue.job(id).await.unwrap_err(),
        queue.cancel(id).await.unwrap_err(),
        queue.dead(1).await.unwrap_err(),
        queue.redrive(None).await.unwrap_err(),
        queue.depth().await.unwrap_err(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn down_at_the_start_it_is_unavailable_until_it_comes() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    server.kill().unwrap();
    let queue = queue(&server).await;
    let failing = tokio::time::timeout(PATIENCE, failures(&queue)).await.expect("nothing hangs");
    for error in failing {
        assert_eq!(error.kind(), QueueErrorKind::Unavailable, "{error}");
    }
    server.restart().unwrap();
    let job = new_job("at last");
    let id = job.id;
    eventually("an accepted job", async || queue.enqueue(job.clone(), Start::Now).await.ok()).await;
    take(&queue, id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paused_it_is_unavailable_after_the_time_of_a_command_and_goes_on_where_it_was() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let config = crate::server::config(server.url()).command_timeout(Duration::from_millis(300));
    let hasty = RedisQueue::open(&RedisConnection::open(config).await.unwrap(), QueueOptions::default()).await;
    let id = eventually("an accepted job", async || {
        let job = new_job("in line");
        let id = job.id;
        hasty.enqueue(job, Start::Now).await.ok().map(|_| id)
    })
    .await;
    server.pause().unwrap();
    let asked = tokio::time::timeout(PATIENCE, hasty.claim(LONG, LONG)).await.expect("no claim hangs");
    assert_eq!(asked.unwrap_err().kind(), QueueErrorKind::Unavailable);
    server.resume().unwrap();

    // Whether Redis did what was asked of it meanwhile nobody knows; the job is not lost.
    let patient = queue(&server).await;
    let record = look(&patient, id).await;
    assert!(matches!(record.state, JobState::Queued | JobState::Running), "{record:?}");
    eventually("an answer", async || hasty.depth().await.ok()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn full_it_takes_no_job_and_what_it_has_is_done() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let queue = queue(&server).await;
    let ids = [add(&queue, "held").await, add(&queue, "in line").await, add(&queue, "unwanted").await];
    let held = take(&queue, ids[0]).await;
    let redis = connection(&server).await;
    let () = admin(&redis, &["CONFIG", "SET", "maxmemory", "1mb", "maxmemory-policy", "noeviction"]).await;

    let error = queue.enqueue(new_job("one more"), Start::Now).await.unwrap_err();
    assert_eq!(error.kind(), QueueErrorKind::Unavailable, "{error}");
    let progress = Progress { percent: 50, message: "half of it".to_owned() };
    assert_eq!(queue.renew(&held.lease, LONG, Some(progress)).await.unwrap(), Held::Yes);
    end(&queue, &held, done("a result")).await;
    let next = take(&queue, ids[1]).await;
    end(&queue, &next, Settlement::GiveBack).await;
    assert_eq!(queue.cancel(ids[2]).await.unwrap(), CancelOutcome::Cancelled);
    let next = take(&queue, ids[1]).await;
    end(&queue, &next, done("another")).await;
    assert_eq!(look(&queue, ids[0]).await.result.as_deref(), Some("a result"));

    let () = admin(&redis, &["CONFIG", "SET", "maxmemory", "0"]).await;
    assert_eq!(queue.enqueue(new_job("one more"), Start::Now).await.unwrap(), EnqueueOutcome::Accepted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_changed_is_a_configuration_error_which_keeps_it() {
    let Some(server) = RedisServer::start_with_or_skip(RedisOptions::default().password("sesame")) else { return };
    let wrong = RedisConfig::from_url(format!("redis://:wrong@127.0.0.1:{}", server.port())).unwrap();
    assert_eq!(RedisConnection::open(wrong).await.unwrap_err().kind(), TierErrorKind::Configuration);

    // What is asked while the connections are being made anew waits for its time.
    let config = crate::server::config(server.url()).command_timeout(Duration::from_secs(1));
    let queue = RedisQueue::open(&RedisConnection::open(config).await.unwrap(), QueueOptions::default()).await;
    let redis = connection(&server).await;
    let () = admin(&redis, &["CONFIG", "SET", "requirepass", "another"]).await;
    let () = admin(&redis, &["CLIENT", "KILL", "TYPE", "normal"]).await;
    let error = eventually("a failure that stays", async || {
        queue.depth().await.err().filter(|error| error.kind() == QueueErrorKind::Configuration)
    })
    .await;
    assert!(!format!("{error} {error:?} {queue:?}").contains("sesame"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_that_the_readme_names_are_enough() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let redis = connection(&server).await;
    let rights = "on >sesame +@read +@write +@scripting +@pubsub +@connection +time +info ~{test:jobs}* &{test:jobs}*";
    let words: Vec<&str> = ["ACL", "SETUSER", "jobs"].into_iter().chain(rights.split(' ')).collect();
    let () = admin(&redis, &words).await;

    let config = crate::server::config(format!("redis://jobs:sesame@127.0.0.1:{}", server.port()));
    let redis = RedisConnection::open(config).await.unwrap();
    let queue = RedisQueue::open(&redis, QueueOptions::default()).await;
    let claim = queue.claim(LONG, PATIENCE);
    let (claim, id) = tokio::join!(claim, add(&queue, "allowed"));
    let claim = claim.unwrap().expect("there is a job to claim");
    assert_eq!(claim.lease.job, id);
    assert_eq!(queue.renew(&claim.lease, LONG, None).await.unwrap(), Held::Yes);
    end(&queue, &claim, done("allowed")).await;
    assert_eq!(queue.redrive(None).await.unwrap(), 0);
    queue.depth().await.unwrap();
    eventually("it hears of jobs", async || crate::waking::listens(&connection(&server).await).await.then_some(()))
        .await;
}

#[tokio::test]
async fn a_redis_that_may_evict_jobs_is_warned_of() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let redis = connection(&server).await;
    for (limit, policy, warned) in
        [("0", "allkeys-lru", false), ("1gb", "volatile-lru", false), ("1gb", "allkeys-lru", true)]
    {
        let () = admin(&redis, &["CONFIG", "SET", "maxmemory", limit, "maxmemory-policy", policy]).await;
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        let guard = tracing::subscriber::set_default(subscriber);
        RedisQueue::open(&redis, QueueOptions::default()).await;
        drop(guard);
        let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert_eq!(logged.contains("may evict jobs"), warned, "{limit} {policy}: {logged}");
    }
}

/// What was logged.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
