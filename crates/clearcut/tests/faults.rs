//! The engine over real servers that die, hang and come back: no request may notice.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use clearcut::{Engine, Plan, Source, TieredCache};
use clearcut_cache::{
    CacheKey, CacheTier, Entry, LeaseKeeper, MemoryOptions, MemoryTier, PutOptions, SystemClock, TierPolicy,
};
use clearcut_cache_redis::{RedisConfig, RedisConnection, RedisLease, RedisTier};
use clearcut_cache_sql::{PostgresConfig, PostgresTier};
use clearcut_key::{ContentDigest, ModelDigest, Revisions, rendition_key};
use clearcut_segment::testing::CountingSegmenter;
use clearcut_testkit::{
    scene,
    server::{PostgresServer, RedisServer},
};
use futures::future::join_all;
use tokio::sync::Notify;

/// How long a server may take to be used again.
const PATIENCE: Duration = Duration::from_mins(1);

fn photo(seed: u64) -> Vec<u8> {
    scene::disc(48, 36, seed).png()
}

fn memory() -> Arc<dyn CacheTier> {
    Arc::new(MemoryTier::new(MemoryOptions::new(64 << 20), Arc::new(SystemClock)))
}

fn engine(segmenter: &Arc<CountingSegmenter>, tier: Arc<dyn CacheTier>, lease: Option<Arc<dyn LeaseKeeper>>) -> Engine {
    let mut cache = TieredCache::builder().tier(memory(), TierPolicy::local()).tier(tier, TierPolicy::shared());
    if let Some(lease) = lease {
        cache = cache.lease(lease);
    }
    Engine::builder().segmenter(segmenter.clone()).cache(cache.build()).waiting_room(1_000).build().unwrap()
}

/// An engine as another server would have it: its own memory, its own connections.
async fn over_redis(segmenter: &Arc<CountingSegmenter>, server: &RedisServer) -> Engine {
    let redis = RedisConnection::open(RedisConfig::from_url(server.url()).unwrap()).await.unwrap();
    engine(segmenter, Arc::new(RedisTier::new(&redis)), Some(Arc::new(RedisLease::new(&redis))))
}

async fn source(engine: &Engine, seed: u64) -> Source {
    engine.remove(photo(seed), &Plan::default()).await.unwrap().source
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_killed_and_restarted_in_the_middle_of_500_requests_fails_none() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let segmenter = Arc::new(CountingSegmenter::disc());
    let here = over_redis(&segmenter, &server).await;
    let (first_100, first_300) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let requests = (0..500).map(|request| {
        let (engine, first_100, first_300) = (here.clone(), Arc::clone(&first_100), Arc::clone(&first_300));
        tokio::spawn(async move {
            let result = engine.remove(photo(request % 125), &Plan::default()).await;
            match request {
                100 => first_100.notify_one(),
                300 => first_300.notify_one(),
                _ => {}
            }
            result.map(|cutout| cutout.bytes)
        })
    });
    let requests: Vec<_> = requests.collect();
    first_100.notified().await;
    server.kill().unwrap();
    first_300.notified().await;
    server.restart().unwrap();
    for answer in join_all(requests).await {
        answer.unwrap().expect("no request fails with its cache");
    }

    let back = async {
        for seed in 1_000.. {
            source(&here, seed).await;
            here.flush().await;
            let there = over_redis(&segmenter, &server).await;
            if source(&there, seed).await == Source::Cache("redis".into()) {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, back).await.expect("hits return after the restart");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_equal_requests_to_five_servers_are_one_inference() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let segmenter = Arc::new(CountingSegmenter::disc());
    let engines = join_all((0..5).map(|_| over_redis(&segmenter, &server))).await;
    let answers = join_all((0..1_000).map(|request| {
        let engine = engines[request % engines.len()].clone();
        tokio::spawn(async move { engine.remove(photo(1), &Plan::default()).await.unwrap() })
    }))
    .await;
    assert_eq!(segmenter.calls(), 1);
    let first = answers[0].as_ref().unwrap().bytes.clone();
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap().bytes == first));
    let computed = answers.iter().filter(|answer| answer.as_ref().unwrap().source == Source::Computed).count();
    assert_eq!(computed, 1, "one server made the rendition; the others waited for it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_hangs_costs_no_request_and_is_left_alone_after_a_few() {
    let Some(server) = PostgresServer::start_or_skip() else { return };
    let segmenter = Arc::new(CountingSegmenter::disc());
    let tier = PostgresTier::connect(PostgresConfig::new(server.fresh_database().unwrap())).await.unwrap();
    let engine = engine(&segmenter, Arc::new(tier), None);
    source(&engine, 1).await;
    engine.flush().await;

    server.pause().unwrap();
    for seed in 100..120 {
        assert_eq!(source(&engine, seed).await, Source::Computed);
        assert_eq!(source(&engine, 1).await, Source::Cache("memory".into()), "known pictures never ask it");
    }
    engine.flush().await;
    let stats = engine.cache().unwrap().stats();
    let postgres = &stats.tiers[1];
    assert!(postgres.timeouts > 0 && postgres.skipped > postgres.timeouts, "{postgres:?}");
    server.resume().unwrap();

    let kept = |engine: &Engine| engine.cache().unwrap().stats().tiers[1].puts;
    let before = kept(&engine);
    let back = async {
        for seed in 1_000.. {
            source(&engine, seed).await;
            engine.flush().await;
            if kept(&engine) > before {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, back).await.expect("it is used again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_with_different_encoders_never_read_each_others_renditions() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let redis = RedisConnection::open(RedisConfig::from_url(server.url()).unwrap()).await.unwrap();
    let tier = RedisTier::new(&redis);
    let (input, model) = (ContentDigest::of(&photo(1)), ModelDigest::of(&[0; 32], "testing"));
    let key = |encode| {
        let revisions = Revisions { decode: 1, composite: 1, encode };
        CacheKey::parse(&rendition_key(&input, &Plan::default(), &model, &revisions)).unwrap()
    };
    let hour = Duration::from_hours(1);
    let entry = Entry::new("made by the first revision", "image/png", SystemTime::now(), hour);
    tier.put(&key(1), &entry, &PutOptions::new(hour)).await.unwrap();
    assert!(tier.get(&key(1)).await.unwrap().is_some());
    assert_eq!(tier.get(&key(2)).await.unwrap(), None);
}
