//! Who waits for a job is told of it.

use std::{sync::Arc, time::Duration};

use clearcut_cache_redis::RedisConnection;
use clearcut_jobs::{JobQueue, QueueOptions};
use clearcut_jobs_redis::RedisQueue;
use clearcut_testkit::server::RedisServer;

use crate::server::{BASE, LONG, PATIENCE, add, admin, connection, done, end, eventually, queue};

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_broke_costs_no_job() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let (here, there) = (queue(&server).await, queue(&server).await);
    let redis = connection(&server).await;
    let waiting = tokio::spawn(async move { there.claim(LONG, LONG).await });
    eventually("somebody listens", async || listens(&redis).await.then_some(())).await;
    let _killed: i64 = admin(&redis, &["CLIENT", "KILL", "TYPE", "pubsub"]).await;
    let id = add(&here, "unheard of").await;
    let claim = tokio::time::timeout(PATIENCE, waiting).await.expect("it looks again").unwrap().unwrap();
    assert_eq!(claim.expect("it finds the job").lease.job, id);
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_wake_as_there_are_jobs() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let (here, there) = (queue(&server).await, Arc::new(queue(&server).await));
    let redis = connection(&server).await;
    let waiting: Vec<_> = (0..8)
        .map(|_| {
            let queue = Arc::clone(&there);
            tokio::spawn(async move {
                let claim = queue.claim(LONG, LONG).await.unwrap().expect("it waits until there is one");
                end(&queue, &claim, done("")).await;
                claim.lease.job
            })
        })
        .collect();
    eventually("somebody listens", async || listens(&redis).await.then_some(())).await;
    let mut ids = Vec::new();
    for number in 0..8 {
        ids.push(add(&here, &number.to_string()).await);
    }
    let woken = tokio::time::timeout(PATIENCE, futures::future::join_all(waiting)).await.expect("all wake");
    let mut woken: Vec<_> = woken.into_iter().map(Result::unwrap).collect();
    woken.sort();
    ids.sort();
    assert_eq!(woken, ids);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_never_waits_has_no_connection_for_it() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let redis = connection(&server).await;
    let queue = RedisQueue::open(&redis, QueueOptions::default()).await;
    add(&queue, "").await;
    queue.claim(LONG, Duration::ZERO).await.unwrap().expect("there is a job to claim");
    assert!(!listens(&redis).await);
    assert_eq!(queue.claim(LONG, Duration::from_millis(1)).await.unwrap(), None);
    eventually("it listens", async || listens(&redis).await.then_some(())).await;
    drop(queue);
    eventually("it listens no more", async || (!listens(&redis).await).then_some(())).await;
}

/// Whether anybody hears of new jobs.
pub async fn listens(redis: &RedisConnection) -> bool {
    let counts: Vec<String> = admin(redis, &["PUBSUB", "NUMSUB", &format!("{BASE}:wake")]).await;
    counts.last().is_some_and(|count| count != "0")
}
