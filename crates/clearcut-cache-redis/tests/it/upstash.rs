//! The REST tier against a stand-in for its server.

use std::time::Duration;

use clearcut_cache::{CacheTier, Pattern, PutOutcome, TierErrorKind};
use clearcut_cache_redis::{RedisConnection, RedisTier, UpstashConfig, UpstashTier};
use clearcut_testkit::server::RedisServer;
use fred::interfaces::KeysInterface;

use crate::{
    server::{connection, entry, key, long},
    stand_in::StandIn,
};

struct Setting {
    redis: RedisConnection,
    stand_in: StandIn,
    tier: UpstashTier,
    _server: RedisServer,
}

async fn setting() -> Option<Setting> {
    let server = RedisServer::start_or_skip()?;
    let redis = connection(&server).await;
    let stand_in = StandIn::start(&redis);
    let tier = UpstashTier::new(&UpstashConfig::new(&stand_in.url(), StandIn::TOKEN).unwrap()).unwrap();
    Some(Setting { redis, stand_in, tier, _server: server })
}

#[tokio::test]
async fn both_tiers_read_what_the_other_wrote() {
    let Some(Setting { redis, tier: rest, .. }) = &setting().await else { return };
    let tcp = RedisTier::new(redis);
    let bytes = entry((0..=255).cycle().take(5_000).collect::<Vec<u8>>());
    rest.put(&key("over-rest"), &bytes, &long()).await.unwrap();
    tcp.put(&key("over-tcp"), &bytes, &long()).await.unwrap();
    for name in ["over-rest", "over-tcp"] {
        assert_eq!(tcp.get(&key(name)).await.unwrap().as_ref(), Some(&bytes), "{name}");
        assert_eq!(rest.get(&key(name)).await.unwrap().as_ref(), Some(&bytes), "{name}");
    }
    let left_ms: i64 = redis.commands().pttl("over-rest").await.unwrap();
    assert!((500_000..=600_000).contains(&left_ms), "{left_ms}");
}

#[tokio::test]
async fn what_does_not_fit_into_a_request_is_declined_unsent() {
    let Some(Setting { stand_in, tier, .. }) = &setting().await else { return };
    assert_eq!(tier.put(&key("fits"), &entry(vec![1; 7_400_000]), &long()).await.unwrap(), PutOutcome::Stored);
    assert!(tier.get(&key("fits")).await.unwrap().is_some());
    let sent = stand_in.requests();
    assert_eq!(tier.put(&key("long"), &entry(vec![1; 7_500_000]), &long()).await.unwrap(), PutOutcome::Declined);
    assert_eq!(stand_in.requests(), sent);
    assert!(stand_in.longest_request_bytes() <= 10_000_000);
}

#[tokio::test]
async fn a_clear_takes_entries_in_pipelines_and_nothing_else() {
    let Some(Setting { redis, stand_in, tier, .. }) = &setting().await else { return };
    let tcp = RedisTier::new(redis);
    for i in 0..1_500 {
        tcp.put(&key(&format!("matte:{i}")), &entry("body"), &long()).await.unwrap();
    }
    tier.put(&key("matte:rest"), &entry("body"), &long()).await.unwrap();
    redis.commands().set::<(), _, _>("matte:session", "mine".repeat(50), None, None, false).await.unwrap();
    let before = stand_in.requests();
    assert_eq!(tier.clear(&Pattern::parse("matte:*").unwrap()).await.unwrap(), 1_501);
    assert!(stand_in.requests() - before < 20, "{} requests", stand_in.requests() - before);
    assert!(redis.commands().exists::<bool, _>("matte:session").await.unwrap());
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let Some(Setting { stand_in, tier, .. }) = &setting().await else { return };
    for (status, kind) in [
        (401, TierErrorKind::Configuration),
        (404, TierErrorKind::Configuration),
        (429, TierErrorKind::Unavailable),
        (500, TierErrorKind::Unavailable),
        (503, TierErrorKind::Unavailable),
        (504, TierErrorKind::Timeout),
        (400, TierErrorKind::Other),
    ] {
        stand_in.refuse_with(Some(status));
        let error = tier.get(&key("a")).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{status}: {error}");
        assert!(error.to_string().contains(&format!("refuses with {status}")), "{error}");
    }
    stand_in.refuse_with(None);
    tier.probe().await.unwrap();
}

#[tokio::test]
async fn a_wrong_token_is_a_configuration_error_and_shown_nowhere() {
    let Some(Setting { stand_in, .. }) = &setting().await else { return };
    let config = UpstashConfig::new(&stand_in.url(), "sesame").unwrap();
    let tier = UpstashTier::new(&config).unwrap();
    let error = tier.probe().await.unwrap_err();
    assert_eq!(error.kind(), TierErrorKind::Configuration);
    assert!(!format!("{error} {error:?} {config:?} {tier:?}").contains("sesame"));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable_and_one_that_is_silent_times_out() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let tier = |timeout| {
        let config = UpstashConfig::new(&format!("http://{address}"), "token").unwrap().timeout(timeout);
        UpstashTier::new(&config).unwrap()
    };
    let error = tier(Duration::from_millis(100)).get(&key("a")).await.unwrap_err();
    assert_eq!(error.kind(), TierErrorKind::Timeout, "{error}");
    drop(silent);
    let error = tier(Duration::from_secs(3)).get(&key("a")).await.unwrap_err();
    assert_eq!(error.kind(), TierErrorKind::Unavailable, "{error}");
}

#[test]
fn a_url_that_is_none_is_a_configuration_error() {
    for url in ["eu1-able-cat-1.upstash.io", "redis://h", "https://u:p@h", "https://"] {
        assert_eq!(UpstashConfig::new(url, "token").unwrap_err().kind(), TierErrorKind::Configuration, "{url}");
    }
}
