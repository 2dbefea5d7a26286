//! What is cleared here is heard of there.

use std::time::Duration;

use clearcut_cache::{Invalidation, InvalidationBus, Pattern, TierErrorKind};
use clearcut_cache_redis::{RedisBus, RedisConnection};
use clearcut_testkit::server::RedisServer;
use futures::{StreamExt, stream::BoxStream};

use crate::server::{PATIENCE, config, connection, eventually, key};

async fn next(heard: &mut BoxStream<'static, Invalidation>) -> Option<Invalidation> {
    tokio::time::timeout(PATIENCE, heard.next()).await.expect("something is heard")
}

fn cleared(name: &str) -> Invalidation {
    Invalidation::Key(key(name))
}

async fn check_delivery(here: RedisConnection, there: RedisConnection) {
    let [here, there] = [RedisBus::open(&here).await.unwrap(), RedisBus::open(&there).await.unwrap()];
    let mut heard = there.subscribe().await.unwrap();
    let all = [cleared("matte:a"), Invalidation::Pattern(Pattern::parse("matte:[*").unwrap()), Invalidation::Missed];
    for invalidation in &all {
        here.publish(invalidation).await.unwrap();
    }
    for invalidation in all {
        assert_eq!(next(&mut heard).await, Some(invalidation));
    }
}

#[tokio::test]
async fn one_connection_hears_what_another_publishes() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    check_delivery(connection(&server).await, connection(&server).await).await;
}

#[tokio::test]
async fn so_does_one_that_speaks_resp2() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let old = RedisConnection::open(config(&server).resp2()).await.unwrap();
    check_delivery(connection(&server).await, old).await;
}

#[tokio::test]
async fn another_prefix_is_another_channel() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let [shop, other] = ["shop:", "other:"].map(|prefix| RedisConnection::open(config(&server).key_prefix(prefix)));
    let [shop, other] = [shop.await.unwrap(), other.await.unwrap()];
    let [shop, other] = [RedisBus::open(&shop).await.unwrap(), RedisBus::open(&other).await.unwrap()];
    let mut heard = shop.subscribe().await.unwrap();
    other.publish(&cleared("matte:theirs")).await.unwrap();
    shop.publish(&cleared("matte:ours")).await.unwrap();
    assert_eq!(next(&mut heard).await, Some(cleared("matte:ours")));
}

#[tokio::test]
async fn after_a_restart_it_says_that_messages_were_missed_and_hears_again() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let redis = connection(&server).await;
    let bus = RedisBus::open(&redis).await.unwrap();
    let mut heard = bus.subscribe().await.unwrap();
    server.kill().unwrap();
    eventually("a failure", async || bus.publish(&cleared("a")).await.err())
        .await
        .kind()
        .eq(&TierErrorKind::Unavailable)
        .then_some(())
        .expect("it is unavailable");
    server.restart().unwrap();
    assert_eq!(next(&mut heard).await, Some(Invalidation::Missed));
    eventually("a publication", async || bus.publish(&cleared("matte:a")).await.ok()).await;
    assert_eq!(next(&mut heard).await, Some(cleared("matte:a")));
}

#[tokio::test]
async fn a_bus_that_found_no_server_says_so_when_one_comes() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    server.kill().unwrap();
    let redis = RedisConnection::open(config(&server).connect_timeout(Duration::from_millis(300))).await.unwrap();
    let bus = RedisBus::open(&redis).await.unwrap();
    let mut heard = bus.subscribe().await.unwrap();
    server.restart().unwrap();
    assert_eq!(next(&mut heard).await, Some(Invalidation::Missed));
}

#[tokio::test]
async fn a_stream_ends_with_its_bus() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let bus = RedisBus::open(&connection(&server).await).await.unwrap();
    let mut heard = bus.subscribe().await.unwrap();
    drop(bus);
    assert_eq!(next(&mut heard).await, None);
}
