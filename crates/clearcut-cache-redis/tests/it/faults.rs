//! A Redis that dies, hangs, or was never there.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use clearcut_cache::{CacheTier, LeaseKeeper, Pattern, PutOutcome, TierError, TierErrorKind};
use clearcut_cache_redis::{RedisConnection, RedisLease, RedisTier};
use clearcut_testkit::server::RedisServer;

use crate::server::{PATIENCE, admin, config, entry, eventually, key, long};

const BODY_BYTES: usize = 20_000;

/// Puts and gets, and checks that what is got was put.
async fn work(tier: &RedisTier, task: usize, round: usize) -> Result<(), TierError> {
    let key = key(&format!("matte:{task}:{round}"));
    let entry = entry(vec![task as u8; BODY_BYTES]);
    tier.put(&key, &entry, &long()).await?;
    if let Some(found) = tier.get(&key).await? {
        assert_eq!(found, entry);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_of_500_requests_it_fails_them_and_serves_again_when_it_is_back() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    // 500 requests at once may take a busy machine longer than the usual limit, dead server or not.
    let config = config(&server).command_timeout(PATIENCE / 2);
    let tier = Arc::new(RedisTier::connect(config).await.unwrap());
    let done = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..500)
        .map(|task| {
            let (tier, done) = (Arc::clone(&tier), Arc::clone(&done));
            tokio::spawn(async move {
                for round in 0..usize::MAX {
                    work(&tier, task, round).await?;
                    done.fetch_add(1, Ordering::Relaxed);
                }
                Ok::<_, TierError>(())
            })
        })
        .collect();
    eventually("requests under way", async || (done.load(Ordering::Relaxed) > 1_000).then_some(())).await;
    server.kill().unwrap();

    let ended = tokio::time::timeout(PATIENCE, futures::future::join_all(tasks)).await.expect("no request hangs");
    for task in ended {
        let error = task.unwrap().unwrap_err();
        assert_eq!(error.kind(), TierErrorKind::Unavailable, "{error}");
    }

    server.restart().unwrap();
    eventually("hits after the restart", async || work(&tier, 0, 0).await.ok()).await;
    assert!(tier.get(&key("matte:0:0")).await.unwrap().is_some());
}

#[tokio::test]
async fn paused_it_times_out_and_serves_again_when_it_goes_on() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let config = config(&server).command_timeout(Duration::from_millis(200));
    let tier = RedisTier::connect(config).await.unwrap();
    tier.put(&key("matte:a"), &entry("body"), &long()).await.unwrap();

    server.pause().unwrap();
    let answer = tokio::time::timeout(PATIENCE, tier.get(&key("matte:a"))).await.expect("no request hangs");
    assert_eq!(answer.unwrap_err().kind(), TierErrorKind::Timeout);

    server.resume().unwrap();
    eventually("a hit", async || tier.get(&key("matte:a")).await.ok().flatten()).await;
}

#[tokio::test]
async fn down_at_the_start_it_is_a_tier_that_fails_until_it_comes() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    server.kill().unwrap();
    let redis = RedisConnection::open(config(&server)).await.expect("a Redis that is down is no error");
    let (tier, leases) = (RedisTier::new(&redis), RedisLease::new(&redis));
    assert_eq!(tier.get(&key("matte:a")).await.unwrap_err().kind(), TierErrorKind::Unavailable);
    assert_eq!(tier.put(&key("matte:a"), &entry("b"), &long()).await.unwrap_err().kind(), TierErrorKind::Unavailable);
    assert_eq!(tier.probe().await.unwrap_err().kind(), TierErrorKind::Unavailable);
    assert_eq!(tier.clear(&Pattern::all()).await.unwrap_err().kind(), TierErrorKind::Unavailable);
    let lease = leases.acquire(&key("matte:a"), Duration::from_secs(1)).await;
    assert_eq!(lease.unwrap_err().kind(), TierErrorKind::Unavailable);

    server.restart().unwrap();
    let stored = eventually("a put", async || tier.put(&key("matte:a"), &entry("b"), &long()).await.ok()).await;
    assert_eq!(stored, PutOutcome::Stored);
}

#[tokio::test]
async fn full_it_says_so() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let redis = RedisConnection::open(config(&server)).await.unwrap();
    let () = admin(&redis, &["CONFIG", "SET", "maxmemory", "1mb", "maxmemory-policy", "noeviction"]).await;
    let error = RedisTier::new(&redis).put(&key("a"), &entry(vec![1; 1 << 20]), &long()).await.unwrap_err();
    assert_eq!(error.kind(), TierErrorKind::Full, "{error}");
}
