//! How entries stand in Redis.

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use clearcut_cache::{CacheTier, PutOptions, PutOutcome, TierErrorKind, envelope, testing::ManualClock};
use clearcut_cache_redis::{RedisConnection, RedisTier};
use clearcut_testkit::server::RedisServer;
use fred::interfaces::KeysInterface;

use crate::server::{config, connection, entry, key, long};

#[tokio::test]
async fn an_entry_expires_by_the_servers_clock() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let redis = connection(&server).await;
    let tier = RedisTier::new(&redis);
    for (name, ttl, at_most_ms) in [
        ("matte:two-hours", Duration::from_hours(2), 7_200_000),
        ("matte:longer-than-redis-can-count", Duration::MAX, i64::MAX),
    ] {
        tier.put(&key(name), &entry("body"), &PutOptions::new(ttl)).await.unwrap();
        let left_ms: i64 = redis.commands().pttl(name).await.unwrap();
        assert!(left_ms > 7_000_000 && left_ms <= at_most_ms, "{name}: {left_ms}");
    }
    let outcome = tier.put(&key("matte:no-time"), &entry("body"), &PutOptions::new(Duration::ZERO)).await.unwrap();
    assert_eq!(outcome, PutOutcome::Declined);
}

#[tokio::test]
async fn an_entry_that_the_server_still_keeps_is_not_answered_after_its_time() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let clock = Arc::new(ManualClock::default());
    let tier = RedisTier::connect(config(&server)).await.unwrap().with_clock(clock.clone());
    tier.put(&key("matte:a"), &entry("body"), &long()).await.unwrap();
    clock.set(std::time::SystemTime::now() + Duration::from_secs(601));
    assert_eq!(tier.get(&key("matte:a")).await.unwrap(), None);
}

#[tokio::test]
async fn a_value_over_the_limit_is_declined_and_what_was_there_stays() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let redis = RedisConnection::open(config(&server).value_limit_bytes(1_000)).await.unwrap();
    let tier = RedisTier::new(&redis);
    let (fits, too_long) = (entry(vec![7; 1_000]), entry(vec![7; 1_001]));
    assert_eq!(tier.put(&key("a"), &fits, &long()).await.unwrap(), PutOutcome::Stored);
    assert_eq!(tier.put(&key("a"), &too_long, &long()).await.unwrap(), PutOutcome::Declined);
    assert_eq!(tier.get(&key("a")).await.unwrap(), Some(fits));
}

#[tokio::test]
async fn a_flipped_bit_is_never_served_and_the_value_is_removed() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let redis = connection(&server).await;
    let tier = RedisTier::new(&redis);
    tier.put(&key("matte:a"), &entry("a body that will not be served"), &long()).await.unwrap();
    let () = redis.commands().setrange("matte:a", 60, "\u{1}").await.unwrap();
    assert_eq!(tier.get(&key("matte:a")).await.unwrap_err().kind(), TierErrorKind::Corrupt);
    assert!(!redis.commands().exists::<bool, _>("matte:a").await.unwrap());
    assert_eq!(tier.get(&key("matte:a")).await.unwrap(), None);
}

#[tokio::test]
async fn two_prefixes_are_two_caches() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let [one, two] = ["one:", "two:"].map(|prefix| RedisTier::connect(config(&server).key_prefix(prefix)));
    let [one, two] = [one.await.unwrap(), two.await.unwrap()];
    one.put(&key("a"), &entry("one"), &long()).await.unwrap();
    assert_eq!(two.get(&key("a")).await.unwrap(), None);
}

#[tokio::test]
async fn an_entry_that_was_written_over_rest_is_read() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let redis = connection(&server).await;
    let entry = entry(vec![0xff; 5_000]);
    let text = STANDARD.encode(envelope::encode(&entry).unwrap());
    redis.commands().set::<(), _, _>("a", Bytes::from(text), None, None, false).await.unwrap();
    assert_eq!(RedisTier::new(&redis).get(&key("a")).await.unwrap(), Some(entry));
}
