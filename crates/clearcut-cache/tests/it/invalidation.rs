//! A key that is cleared in one process is gone from every process's memory.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crate::support::{entry, key, process};
use async_trait::async_trait;
use clearcut_cache::{
    CacheKey, Invalidation, InvalidationBus, Pattern, TierError, TierErrorKind, TieredCache,
    testing::{LocalBus, MapTier},
};
use futures::stream::BoxStream;

const SECOND: Duration = Duration::from_secs(1);

/// Two processes that share a server and a bus, both with `keys` in their memory.
async fn two_processes(bus: &LocalBus, keys: &[CacheKey]) -> [TieredCache; 2] {
    let remote = MapTier::new("map");
    let caches = [(); 2].map(|()| process(remote.clone()).bus(Arc::new(bus.clone())).build());
    // Until both listen.
    tokio::time::sleep(SECOND).await;
    assert_eq!(bus.subscribers(), 2);
    for key in keys {
        caches[0].put(key, &entry("x")).await;
        caches[0].flush().await;
        assert!(caches[1].get(key).await.is_some());
    }
    caches
}

#[tokio::test(start_paused = true)]
async fn a_removed_key_is_gone_everywhere() {
    let keys = [key("a:1"), key("a:2")];
    let [one, two] = two_processes(&LocalBus::default(), &keys).await;
    let _ = one.remove(&keys[0]).await;
    tokio::time::sleep(SECOND).await;
    assert_eq!(two.get(&keys[0]).await, None);
    assert!(two.get(&keys[1]).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_cleared_pattern_is_gone_everywhere() {
    let keys = [key("a:1"), key("a:2"), key("b:1")];
    let [one, two] = two_processes(&LocalBus::default(), &keys).await;
    let _ = two.clear(&Pattern::parse("a:*").unwrap()).await;
    tokio::time::sleep(SECOND).await;
    for cache in [one, two] {
        assert_eq!((cache.get(&keys[0]).await, cache.get(&keys[1]).await), (None, None));
        assert!(cache.get(&keys[2]).await.is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn missed_messages_clear_memory_and_nothing_else() {
    let (bus, keys) = (LocalBus::default(), [key("a:1")]);
    let [one, _] = two_processes(&bus, &keys).await;
    bus.publish(&Invalidation::Missed).await.unwrap();
    tokio::time::sleep(SECOND).await;
    let found = one.get(&keys[0]).await.expect("the shared tier still has it");
    assert_eq!(found.source, clearcut_cache::Source::Tier { index: 1, name: "map".into() });
}

#[tokio::test(start_paused = true)]
async fn listening_ends_with_the_cache() {
    let bus = LocalBus::default();
    let caches = two_processes(&bus, &[]).await;
    drop(caches);
    tokio::time::sleep(SECOND).await;
    assert_eq!(bus.subscribers(), 0);
}

/// A bus that cannot be reached at first.
#[derive(Debug)]
struct LateBus {
    up: AtomicBool,
    bus: LocalBus,
}

#[async_trait]
impl InvalidationBus for LateBus {
    async fn publish(&self, invalidation: &Invalidation) -> Result<(), TierError> {
        self.check()?;
        self.bus.publish(invalidation).await
    }

    async fn subscribe(&self) -> Result<BoxStream<'static, Invalidation>, TierError> {
        self.check()?;
        self.bus.subscribe().await
    }
}

impl LateBus {
    fn check(&self) -> Result<(), TierError> {
        if self.up.load(Ordering::SeqCst) {
            return Ok(());
        }
        Err(TierError::new("bus", TierErrorKind::Unavailable, "connection refused"))
    }
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_comes_late_finds_memory_cleared_of_what_was_not_heard() {
    let bus = Arc::new(LateBus { up: AtomicBool::new(false), bus: LocalBus::default() });
    let cache = process(MapTier::new("map")).bus(Arc::<LateBus>::clone(&bus)).build();
    cache.put(&key("a"), &entry("x")).await;
    let cleared = cache.remove(&key("b")).await;
    assert!(cleared.announced.is_err(), "the caller is told that the others were not");
    bus.up.store(true, Ordering::SeqCst);
    tokio::time::sleep(SECOND * 20).await;
    assert_eq!(bus.bus.subscribers(), 1);
    assert_eq!(cache.stats().tiers[0].hits, 0);
    assert!(matches!(cache.get(&key("a")).await.unwrap().source, clearcut_cache::Source::Tier { index: 1, .. }));
}
