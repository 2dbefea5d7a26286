//! Down the tiers and up again, and tier trouble that never fails a request.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use crate::support::{HOUR, Inference, entry, key, process};
use clearcut_cache::{
    BreakerState, CacheTier as _, Clock as _, ComputeError, ComputeOptions, Pattern, PutOptions, Source, TierErrorKind,
    TierPolicy, TieredCache,
    testing::{Faults, Faulty, ManualClock, MapTier},
};
use futures::future::join_all;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

fn tier(index: usize, name: &str) -> Source {
    Source::Tier { index, name: name.into() }
}

fn broken(kind: TierErrorKind) -> Faults {
    Faults { error: Some(kind), ..Faults::default() }
}

#[tokio::test(start_paused = true)]
async fn what_a_later_tier_has_fills_the_earlier_ones() {
    let (near, far, key) = (MapTier::new("near"), MapTier::new("far"), key("a"));
    let cache = process(near.clone()).tier(Arc::new(far.clone()), TierPolicy::shared()).build();
    far.put(&key, &entry("x"), &PutOptions::new(HOUR)).await.unwrap();
    assert_eq!(cache.get(&key).await.unwrap().source, tier(2, "far"));
    assert_eq!(cache.get(&key).await.unwrap().source, tier(0, "memory"));
    cache.flush().await;
    assert!(near.frame(&key).is_some());
}

#[tokio::test(start_paused = true)]
async fn filling_does_not_delay_the_answer() {
    let (near, far, key) = (Faulty::new(MapTier::new("near")), MapTier::new("far"), key("a"));
    far.put(&key, &entry("x"), &PutOptions::new(HOUR)).await.unwrap();
    let mut slow = TierPolicy::shared();
    slow.timeout = SECOND * 10;
    let cache = TieredCache::builder()
        .clock(Arc::new(ManualClock::default()))
        .tier(Arc::new(near.clone()), slow)
        .tier(Arc::new(far), TierPolicy::shared())
        .build();
    near.set(Faults { delay: SECOND, ..Faults::default() });
    let began = Instant::now();
    assert!(cache.get(&key).await.is_some());
    assert_eq!(began.elapsed(), SECOND, "the read that missed, and no write");
    cache.flush().await;
    assert_eq!(began.elapsed(), SECOND * 2);
}

#[tokio::test(start_paused = true)]
async fn each_tier_keeps_an_entry_for_its_own_time() {
    let (redis, sql) = (MapTier::new("redis"), MapTier::new("sql"));
    let policy = TierPolicy::shared().namespace_ttl("remove_bg", HOUR * 2);
    let cache = TieredCache::builder()
        .clock(Arc::new(ManualClock::default()))
        .tier(Arc::new(redis.clone()), policy)
        .tier(Arc::new(sql.clone()), TierPolicy::shared())
        .build();
    let [rendition, matte] = [key("remove_bg:1"), key("matte:1")];
    for key in [&rendition, &matte] {
        let compute = || async { Ok::<_, ComputeError<std::fmt::Error>>(entry("x")) };
        cache.get_or_compute(key, &ComputeOptions::new(HOUR * 24), compute).await.unwrap();
    }
    cache.flush().await;
    assert_eq!((redis.ttl(&rendition), redis.ttl(&matte)), (Some(HOUR * 2), Some(HOUR * 24)));
    assert_eq!((sql.ttl(&rendition), sql.ttl(&matte)), (Some(HOUR * 24), Some(HOUR * 24)));
}

#[tokio::test(start_paused = true)]
async fn a_filled_tier_keeps_an_entry_no_longer_than_it_lives() {
    let (near, far, clock, key) = (MapTier::new("near"), MapTier::new("far"), ManualClock::default(), key("a"));
    let cache = TieredCache::builder()
        .clock(Arc::new(clock.clone()))
        .tier(Arc::new(near.clone()), TierPolicy::shared())
        .tier(Arc::new(far.clone()), TierPolicy::shared())
        .build();
    far.put(&key, &entry("x"), &PutOptions::new(HOUR)).await.unwrap();
    clock.advance(SECOND * 3_599);
    assert!(cache.get(&key).await.is_some());
    cache.flush().await;
    assert_eq!(near.ttl(&key), Some(SECOND));
    clock.advance(SECOND);
    assert_eq!(cache.get(&key).await, None, "its time is over, whatever the tiers say");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_fails_nothing() {
    let (clock, key, inference) = (ManualClock::default(), key("a"), Inference::default());
    let cache = TieredCache::builder()
        .clock(Arc::new(clock.clone()))
        .tier(Arc::new(MapTier::new("map")), TierPolicy::shared())
        .build();
    let before = clock.now();
    inference.want(&cache, &key, SECOND).await.unwrap();
    cache.flush().await;
    for (now, computed) in [(before - HOUR * 24 * 365, 1), (before, 1), (before + HOUR * 2, 2), (before, 2)] {
        clock.set(now);
        assert_eq!(inference.want(&cache, &key, SECOND).await.unwrap().entry.body, "cut-out");
        cache.flush().await;
        assert_eq!(inference.count(), computed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_tier_that_is_not_written_or_filled_stays_as_it_is() {
    let (reader, far) = (MapTier::new("reader"), MapTier::new("far"));
    let mut policy = TierPolicy::shared();
    (policy.write, policy.fill) = (false, false);
    let cache = TieredCache::builder()
        .clock(Arc::new(ManualClock::default()))
        .tier(Arc::new(reader.clone()), policy)
        .tier(Arc::new(far.clone()), TierPolicy::shared())
        .build();
    cache.put(&key("a"), &entry("x")).await;
    cache.flush().await;
    assert!(cache.get(&key("a")).await.is_some());
    cache.flush().await;
    assert_eq!((reader.puts(), far.puts()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn no_request_fails_whatever_is_wrong_with_a_tier() {
    let delay = HOUR;
    for faults in [
        broken(TierErrorKind::Unavailable),
        broken(TierErrorKind::Full),
        broken(TierErrorKind::Configuration),
        broken(TierErrorKind::Other),
        Faults { delay, ..Faults::default() },
        Faults { flip_bits: true, ..Faults::default() },
        Faults { panics: true, ..Faults::default() },
    ] {
        let remote = Faulty::new(MapTier::new("map"));
        let (cache, inference) = (process(remote.clone()).build(), Inference::default());
        remote.set(faults);
        let keys: Vec<_> = (0..100).map(|i| key(&format!("a:{i}"))).collect();
        let lookups = join_all(keys.iter().map(|key| inference.want(&cache, key, SECOND))).await;
        assert!(lookups.iter().all(Result::is_ok), "{faults:?}");
        cache.flush().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_tier_is_asked_no_more_and_noticed_when_it_is_back() {
    let remote = Faulty::new(MapTier::new("map"));
    let cache = process(remote.clone()).build();
    remote.set(Faults { delay: HOUR, ..Faults::default() });
    let began = Instant::now();
    for i in 0..1_000 {
        assert_eq!(cache.get(&key(&format!("a:{i}"))).await, None);
    }
    let policy = TierPolicy::shared();
    assert!(began.elapsed() < policy.timeout * (policy.breaker.failures_to_open + 5), "{:?}", began.elapsed());
    assert_eq!(cache.stats().tiers[1].breaker, BreakerState::Open);
    assert!(cache.stats().tiers[1].skipped > 900);
    assert!(cache.probe().await[1].answer.is_err());

    remote.heal();
    tokio::time::sleep(policy.breaker.max_delay).await;
    cache.get(&key("a:0")).await;
    assert_eq!(cache.stats().tiers[1].breaker, BreakerState::Closed);
    assert!(cache.probe().await[1].answer.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_corrupt_entry_is_counted_removed_and_computed_anew() {
    let remote = Faulty::new(MapTier::new("map"));
    let (key, inference) = (key("a"), Inference::default());
    remote.put(&key, &entry("x"), &PutOptions::new(HOUR)).await.unwrap();
    remote.set(Faults { flip_bits: true, ..Faults::default() });
    let cache = process(remote.clone()).build();
    assert_eq!(inference.want(&cache, &key, SECOND).await.unwrap().source, Source::Computed);
    let stats = &cache.stats().tiers[1];
    assert_eq!((stats.corrupt, stats.misses, stats.errors, stats.breaker), (1, 1, 0, BreakerState::Closed));
}

#[tokio::test(start_paused = true)]
async fn everything_is_counted() {
    let remote = MapTier::new("map");
    let (cache, inference) = (process(remote).build(), Inference::default());
    for _ in 0..3 {
        inference.want(&cache, &key("a"), SECOND).await.unwrap();
        cache.flush().await;
    }
    let stats = cache.stats();
    let [memory, map] = &stats.tiers[..] else { panic!("two tiers") };
    assert_eq!((memory.hits, memory.misses, memory.puts, memory.bytes_read), (2, 1, 1, 14));
    assert_eq!((map.hits, map.misses, map.puts, map.bytes_written), (0, 1, 1, 7));
    assert_eq!((memory.name.as_str(), map.name.as_str()), ("memory", "map"));
    assert!((memory.hit_ratio() - 2.0 / 3.0).abs() < 1e-9);
    let read_back = serde_json::from_str(&serde_json::to_string(&stats).unwrap());
    assert_eq!(stats, read_back.unwrap());
}

#[tokio::test(start_paused = true)]
async fn writes_that_wait_are_bounded_in_bytes_and_the_rest_is_shed() {
    let remote = Faulty::new(MapTier::new("map"));
    let cache = process(remote.clone()).write_budget_bytes(10 << 10).build();
    remote.set(Faults { delay: SECOND / 4, ..Faults::default() });
    for i in 0..100 {
        cache.put(&key(&format!("a:{i}")), &entry("under a kilobyte")).await;
    }
    cache.flush().await;
    let stats = &cache.stats().tiers[1];
    assert_eq!((stats.puts, stats.shed), (10, 90));
    assert_eq!(cache.stats().tiers[0].puts, 100);
}

#[tokio::test(start_paused = true)]
async fn clear_reports_the_tier_that_could_not() {
    let remote = Faulty::new(MapTier::new("map"));
    let cache = process(remote.clone()).build();
    for i in 0..3 {
        cache.put(&key(&format!("a:{i}")), &entry("x")).await;
    }
    cache.flush().await;
    remote.set(broken(TierErrorKind::Unavailable));
    let cleared = cache.clear(&Pattern::parse("a:*").unwrap()).await;
    assert_eq!((cleared.removed(), cleared.failures().count()), (3, 1));
    remote.heal();
    assert_eq!(cache.clear(&Pattern::parse("a:*").unwrap()).await.removed(), 3);
    assert!(!cache.remove(&key("a:0")).await.tiers.iter().any(|(_, answer)| *answer.as_ref().unwrap() > 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_cleared_while_it_is_written_does_not_come_back() {
    let remote = Faulty::new(MapTier::new("map"));
    let cache = process(remote.clone()).build();
    remote.set(Faults { delay: SECOND / 4, ..Faults::default() });
    let keys: BTreeSet<_> = (0..20).map(|i| key(&format!("a:{i}"))).collect();
    for key in &keys {
        cache.put(key, &entry("x")).await;
    }
    let _ = cache.clear(&Pattern::all()).await;
    cache.flush().await;
    for key in &keys {
        assert_eq!(cache.get(key).await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_cleared_while_it_is_computed_is_answered_and_not_kept() {
    let (cache, inference, key) = (process(MapTier::new("map")).build(), Inference::default(), key("a"));
    let computing = inference.want(&cache, &key, SECOND);
    let clearing = async {
        tokio::time::sleep(SECOND / 2).await;
        let _ = cache.remove(&key).await;
        // Later callers do not get what was cleared.
        inference.want(&cache, &key, SECOND * 2).await
    };
    let (first, second) = tokio::join!(computing, clearing);
    assert_eq!((first.unwrap().source, second.unwrap().source), (Source::Computed, Source::Computed));
    assert_eq!(inference.count(), 2);
    cache.flush().await;
    assert_eq!(cache.get(&key).await.unwrap().source, tier(0, "memory"));
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_memory_declines_is_served_from_the_next_tier() {
    use clearcut_cache::{MemoryOptions, MemoryTier};
    let small = MemoryTier::new(MemoryOptions::new(4_000), Arc::new(ManualClock::default()));
    let cache = TieredCache::builder()
        .clock(Arc::new(ManualClock::default()))
        .tier(Arc::new(small), TierPolicy::local())
        .tier(Arc::new(MapTier::new("map")), TierPolicy::shared())
        .build();
    let mut large = entry("");
    large.body = vec![0; 10_000].into();
    cache.put(&key("a"), &large).await;
    cache.flush().await;
    assert_eq!(cache.get(&key("a")).await.unwrap().source, tier(1, "map"));
    assert_eq!(cache.stats().tiers[0].declined, 2, "once written, once filled");
}
