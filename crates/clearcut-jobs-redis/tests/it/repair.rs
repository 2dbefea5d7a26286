//! What somebody broke from outside, and how the queue mends it.

use std::time::Duration;

use clearcut_jobs::{Depth, JobBook, JobQueue, QueueErrorKind};
use clearcut_testkit::server::RedisServer;

use crate::server::{BASE, LONG, add, admin, connection, done, end, nothing_is_there, queue, take};

#[tokio::test(flavor = "multi_thread")]
async fn jobs_whose_leases_were_removed_are_handed_out_again() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let (queue, redis) = (queue(&server).await, connection(&server).await);
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(add(&queue, &number.to_string()).await);
    }
    for id in &ids[..3] {
        take(&queue, *id).await;
    }
    let removed: i64 = admin(&redis, &["DEL", &format!("{BASE}:leases:interactive")]).await;
    assert_eq!(removed, 1);
    let mut claimed = Vec::new();
    while let Some(claim) = queue.claim(LONG, Duration::ZERO).await.unwrap() {
        claimed.push(claim.lease.job);
        end(&queue, &claim, done("")).await;
    }
    claimed.sort();
    ids.sort();
    assert_eq!(claimed, ids);
    assert_eq!(queue.depth().await.unwrap(), Depth::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_was_removed_is_made_again_and_takes_nothing_from_those_who_work() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let (queue, redis) = (queue(&server).await, connection(&server).await);
    let ids = [add(&queue, "a").await, add(&queue, "b").await, add(&queue, "c").await];
    let held = [take(&queue, ids[0]).await, take(&queue, ids[1]).await];
    let removed: i64 = admin(&redis, &["XGROUP", "DESTROY", &format!("{BASE}:stream:interactive"), "workers"]).await;
    assert_eq!(removed, 1);
    let last = take(&queue, ids[2]).await;
    nothing_is_there(&queue).await;
    for claim in held.iter().chain([&last]) {
        end(&queue, claim, done("")).await;
    }
    assert_eq!(queue.depth().await.unwrap(), Depth::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_of_jobs_that_are_gone_are_dropped() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let (queue, redis) = (queue(&server).await, connection(&server).await);
    let mut gone = Vec::new();
    for number in 0..250 {
        gone.push(format!("{BASE}:job:{}", add(&queue, &number.to_string()).await));
    }
    let held = queue.claim(LONG, Duration::ZERO).await.unwrap().expect("there is a job to claim");
    let id = add(&queue, "still there").await;
    let words: Vec<&str> = std::iter::once("DEL").chain(gone.iter().map(String::as_str)).collect();
    let removed: i64 = admin(&redis, &words).await;
    assert_eq!(removed, 250);
    // More than one call drops, so it waits for a moment.
    let claim = queue.claim(LONG, LONG).await.unwrap().expect("there is a job to claim");
    assert_eq!(claim.lease.job, id);
    assert!(!queue.settle(&held.lease, done("for nobody")).await.unwrap());
    end(&queue, &claim, done("")).await;
    assert_eq!(queue.depth().await.unwrap().interactive, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_corrupt_and_the_rest_goes_on() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let (queue, redis) = (queue(&server).await, connection(&server).await);
    let id = add(&queue, "spoiled").await;
    let key = format!("{BASE}:job:{id}");
    for (field, nonsense) in [("state", "asleep"), ("updated_at", "yesterday"), ("priority", "first")] {
        let sense: String = admin(&redis, &["HGET", &key, field]).await;
        let () = admin(&redis, &["HSET", &key, field, nonsense]).await;
        let error = queue.job(id).await.unwrap_err();
        assert_eq!(error.kind(), QueueErrorKind::Corrupt, "{error}");
        let () = admin(&redis, &["HSET", &key, field, &sense]).await;
    }
    take(&queue, id).await;
    assert_eq!(queue.job(id).await.unwrap().map(|job| job.payload), Some(b"spoiled".to_vec()));
}
