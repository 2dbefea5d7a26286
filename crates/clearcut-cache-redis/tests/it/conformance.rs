//! The suites that every tier and every lease keeper is held to.

use std::sync::Arc;

use clearcut_cache::{
    CacheTier,
    conformance::{Subject, lease},
    conformance_suite, lease_conformance_suite,
};
use clearcut_cache_redis::{RedisConnection, RedisLease, RedisTier, UpstashConfig, UpstashTier};
use clearcut_testkit::server::RedisServer;
use fred::interfaces::KeysInterface;

use crate::{
    server::{config, connection},
    stand_in::StandIn,
};

const LIMIT_BYTES: usize = 2 << 20;

/// Writes past the tier, where it will look under `prefix`.
fn planted(subject: Subject, redis: RedisConnection, prefix: &'static str) -> Subject {
    subject.planted_by(move |key, value| {
        let redis = redis.clone();
        Box::pin(async move {
            redis.commands().set::<(), _, _>(format!("{prefix}{key}"), value, None, None, false).await.unwrap();
        })
    })
}

async fn redis(prefix: &'static str) -> Option<Subject> {
    let server = RedisServer::start_or_skip()?;
    let config = config(&server).key_prefix(prefix).value_limit_bytes(LIMIT_BYTES);
    let redis = RedisConnection::open(config).await.unwrap();
    let subject = Subject::new(Arc::new(RedisTier::new(&redis))).limited_to(LIMIT_BYTES).keeping(server);
    Some(planted(subject, redis, prefix))
}

async fn redis_by_resp2() -> Option<Subject> {
    let server = RedisServer::start_or_skip()?;
    let tier = RedisTier::connect(config(&server).resp2()).await.unwrap();
    Some(Subject::new(Arc::new(tier)).keeping(server))
}

async fn upstash() -> Option<Subject> {
    let server = RedisServer::start_or_skip()?;
    let redis = connection(&server).await;
    let stand_in = StandIn::start(&redis);
    let config = UpstashConfig::new(&stand_in.url(), StandIn::TOKEN).unwrap().request_limit_bytes(LIMIT_BYTES);
    let tier: Arc<dyn CacheTier> = Arc::new(UpstashTier::new(&config).unwrap());
    let subject = Subject::new(tier).limited_to(LIMIT_BYTES).keeping((server, stand_in));
    Some(planted(subject, redis, ""))
}

async fn leases() -> Option<lease::Subject> {
    let server = RedisServer::start_or_skip()?;
    let [one, other] = [connection(&server).await, connection(&server).await];
    let subject = lease::Subject::new(Arc::new(RedisLease::new(&one))).against(Arc::new(RedisLease::new(&other)));
    Some(subject.keeping(server))
}

conformance_suite!(plain, super::redis(""));
conformance_suite!(with_a_prefix_full_of_glob, super::redis("shop*[1]?:"));
conformance_suite!(resp2, super::redis_by_resp2());
conformance_suite!(over_rest, super::upstash());
lease_conformance_suite!(lease_suite, super::leases());
