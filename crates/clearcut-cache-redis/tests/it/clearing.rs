//! What a clear may take, and what not.

use std::time::Duration;

use clearcut_cache::{CacheTier, LeaseKeeper, Pattern};
use clearcut_cache_redis::{RedisConnection, RedisLease, RedisTier};
use clearcut_testkit::server::RedisServer;
use fred::interfaces::{HashesInterface, KeysInterface};

use crate::server::{PATIENCE, config, connection, entry, key, long};

#[tokio::test]
async fn clearing_everything_leaves_what_is_no_entry() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let redis = connection(&server).await;
    let (tier, leases) = (RedisTier::new(&redis), RedisLease::new(&redis));
    let commands = redis.commands();
    let session = "{\"user\":17}".repeat(20);
    commands.set::<(), _, _>("session:1", session.as_str(), None, None, false).await.unwrap();
    commands.hset::<(), _, _>("job:1", [("state", "running")]).await.unwrap();
    let grant = leases.acquire(&key("matte:a"), Duration::from_mins(1)).await.unwrap().unwrap();
    for i in 0..2_500 {
        tier.put(&key(&format!("matte:{i}")), &entry("body"), &long()).await.unwrap();
    }

    assert_eq!(tier.clear(&Pattern::all()).await.unwrap(), 2_500);

    assert_eq!(commands.get::<String, _>("session:1").await.unwrap(), session);
    assert!(commands.exists::<bool, _>("job:1").await.unwrap());
    assert!(leases.renew(&grant, Duration::from_mins(1)).await.unwrap());
    assert_eq!(tier.get(&key("matte:0")).await.unwrap(), None);
}

#[tokio::test]
async fn clearing_everything_leaves_other_prefixes() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let [shop, other] = ["shop*:", "shopping:"].map(|prefix| RedisConnection::open(config(&server).key_prefix(prefix)));
    let [shop, other] = [RedisTier::new(&shop.await.unwrap()), RedisTier::new(&other.await.unwrap())];
    for tier in [&shop, &other] {
        tier.put(&key("matte:a"), &entry("body"), &long()).await.unwrap();
    }
    assert_eq!(shop.clear(&Pattern::all()).await.unwrap(), 1);
    assert!(other.get(&key("matte:a")).await.unwrap().is_some());
}

#[tokio::test]
async fn a_pattern_of_many_stars_does_not_hold_the_server() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let tier = RedisTier::connect(config(&server)).await.unwrap();
    let long_key = format!("matte:{}", "a".repeat(500));
    tier.put(&key(&long_key), &entry("body"), &long()).await.unwrap();
    let hostile = Pattern::parse(&format!("matte:{}b", "*a".repeat(200))).unwrap();
    let cleared = tokio::time::timeout(PATIENCE, tier.clear(&hostile)).await.expect("the server goes on");
    assert_eq!(cleared.unwrap(), 0);
    assert!(tier.get(&key(&long_key)).await.unwrap().is_some());
}
