//! One computation among processes, and what a dead, slow or deposed holder does to the others.

use std::{sync::Arc, time::Duration};

use crate::support::{HOUR, Inference, NoLuck, entry, key, process, processes};
use async_trait::async_trait;
use clearcut_cache::{
    CacheKey, ComputeOptions, LeaseGrant, LeaseKeeper, LeasePolicy, LookupError, Source, TierError, TierErrorKind,
    TieredCache,
    testing::{Faults, Faulty, LocalLeases, MapTier},
};
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_killed_leader_delays_the_others_by_no_more_than_the_lease() {
    let (remote, leases, key) = (MapTier::new("map"), LocalLeases::default(), key("a"));
    let ttl = LeasePolicy::default().ttl;
    // A process that dies with the lease: nothing renews it.
    leases.acquire(&key, ttl).await.unwrap().unwrap();
    let killed = Instant::now();
    let (cache, inference) = (processes(1, &remote, &leases).remove(0), Inference::default());
    let found = inference.want(&cache, &key, Duration::ZERO).await.unwrap();
    assert_eq!((found.source, inference.count()), (Source::Computed, 1));
    let delay = killed.elapsed();
    assert!(delay <= ttl + LeasePolicy::default().last_poll, "delayed by {delay:?}");
}

#[tokio::test(start_paused = true)]
async fn a_leader_whose_process_dies_in_the_middle_is_replaced() {
    let (remote, leases, key) = (MapTier::new("map"), LocalLeases::default(), key("a"));
    let dying = tokio::task::spawn_blocking({
        let (remote, leases, key) = (remote.clone(), leases.clone(), key.clone());
        // Its own runtime is its process: shutting it down kills the computation and the renewal.
        move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let cache = processes(1, &remote, &leases).remove(0);
                let never = || async { std::future::pending().await };
                let options = ComputeOptions::new(HOUR);
                let lookup = cache.get_or_compute::<NoLuck, _, _>(&key, &options, never);
                tokio::select! {
                    _ = lookup => unreachable!("it computes for ever"),
                    () = async { while !leases.is_held(&key) { tokio::task::yield_now().await } } => {}
                }
            });
        }
    });
    dying.await.unwrap();
    let (cache, inference) = (processes(1, &remote, &leases).remove(0), Inference::default());
    let began = Instant::now();
    assert_eq!(inference.want(&cache, &key, Duration::ZERO).await.unwrap().source, Source::Computed);
    assert!(began.elapsed() <= LeasePolicy::default().ttl + LeasePolicy::default().last_poll);
}

#[tokio::test(start_paused = true)]
async fn a_long_computation_keeps_its_lease() {
    let (remote, leases, key) = (MapTier::new("map"), LocalLeases::default(), key("a"));
    let (caches, inference) = (processes(2, &remote, &leases), Inference::default());
    let takes = LeasePolicy::default().ttl * 4;
    let (one, two) = tokio::join!(inference.want(&caches[0], &key, takes), inference.want(&caches[1], &key, takes));
    assert_eq!(inference.count(), 1);
    assert_ne!(one.unwrap().source, two.unwrap().source);
}

#[tokio::test(start_paused = true)]
async fn waiting_has_an_end() {
    let (remote, leases, key) = (MapTier::new("map"), LocalLeases::default(), key("a"));
    leases.acquire(&key, HOUR).await.unwrap().unwrap();
    let (cache, inference, began) = (processes(1, &remote, &leases).remove(0), Inference::default(), Instant::now());
    assert_eq!(inference.want(&cache, &key, Duration::ZERO).await.unwrap().source, Source::Computed);
    assert!(began.elapsed() <= LeasePolicy::default().longest_wait);
    assert_eq!(cache.stats().flights.unleased, 1);
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_lost_its_lease_overwrites_nothing() {
    let (remote, leases, key) = (MapTier::new("map"), LocalLeases::default(), key("a"));
    let (cache, inference) = (processes(1, &remote, &leases).remove(0), Inference::default());
    let deposed = inference.want(&cache, &key, SECOND);
    let usurper = async {
        tokio::time::sleep(SECOND / 2).await;
        leases.revoke(&key);
        leases.acquire(&key, HOUR).await.unwrap().unwrap();
    };
    let (answered, ()) = tokio::join!(deposed, usurper);
    assert_eq!(answered.unwrap().entry.body, "cut-out", "its own callers are answered");
    cache.flush().await;
    assert_eq!(remote.puts(), 0);
    assert_eq!(cache.stats().flights.fenced, 1);
    assert!(leases.is_held(&key), "the next holder keeps its lease");
}

#[tokio::test(start_paused = true)]
async fn what_was_finished_between_the_look_and_the_grant_is_not_computed_again() {
    /// Puts the result in place just before it grants.
    #[derive(Debug)]
    struct Late(LocalLeases, TieredCache);

    #[async_trait]
    impl LeaseKeeper for Late {
        async fn acquire(&self, key: &CacheKey, ttl: Duration) -> Result<Option<LeaseGrant>, TierError> {
            self.1.put(key, &entry("theirs")).await;
            self.1.flush().await;
            self.0.acquire(key, ttl).await
        }

        async fn renew(&self, grant: &LeaseGrant, ttl: Duration) -> Result<bool, TierError> {
            self.0.renew(grant, ttl).await
        }

        async fn release(&self, grant: &LeaseGrant) -> Result<bool, TierError> {
            self.0.release(grant).await
        }
    }

    let (remote, leases, key) = (MapTier::new("map"), LocalLeases::default(), key("a"));
    let other = process(remote.clone()).build();
    let cache = process(remote).lease(Arc::new(Late(leases.clone(), other))).build();
    let inference = Inference::default();
    let found = inference.want(&cache, &key, SECOND).await.unwrap();
    assert_eq!((found.entry.body.as_ref(), found.source), (&b"theirs"[..], Source::Joined));
    assert_eq!(inference.count(), 0);
    assert!(!leases.is_held(&key), "the lease was given back");
}

#[tokio::test(start_paused = true)]
async fn a_failed_leader_leaves_the_turn_to_the_next_process() {
    let (remote, leases, key) = (MapTier::new("map"), LocalLeases::default(), key("a"));
    let (caches, inference) = (processes(2, &remote, &leases), Inference::default());
    let options = ComputeOptions::new(HOUR);
    let failing = caches[0].get_or_compute(&key, &options, || async {
        tokio::time::sleep(SECOND).await;
        Err(NoLuck.into())
    });
    let waiting = async {
        tokio::time::sleep(SECOND / 2).await;
        inference.want(&caches[1], &key, SECOND).await
    };
    let began = Instant::now();
    let (failed, computed) = tokio::join!(failing, waiting);
    assert!(matches!(failed, Err(LookupError::Compute(_))));
    assert_eq!(computed.unwrap().source, Source::Computed);
    assert!(began.elapsed() < SECOND * 3, "it did not wait for the lease to expire");
}

/// A keeper that fails, or never answers.
#[derive(Debug)]
struct Broken {
    hangs: bool,
}

impl Broken {
    async fn answer<T>(&self) -> Result<T, TierError> {
        if self.hangs {
            std::future::pending::<()>().await;
        }
        Err(TierError::new("lease", TierErrorKind::Unavailable, "connection refused"))
    }
}

#[async_trait]
impl LeaseKeeper for Broken {
    async fn acquire(&self, _: &CacheKey, _: Duration) -> Result<Option<LeaseGrant>, TierError> {
        self.answer().await
    }

    async fn renew(&self, _: &LeaseGrant, _: Duration) -> Result<bool, TierError> {
        self.answer().await
    }

    async fn release(&self, _: &LeaseGrant) -> Result<bool, TierError> {
        self.answer().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_keeper_that_fails_or_hangs_is_done_without() {
    for hangs in [false, true] {
        let cache = process(MapTier::new("map")).lease(Arc::new(Broken { hangs })).build();
        let (inference, began) = (Inference::default(), Instant::now());
        for i in 0..100 {
            inference.want(&cache, &key(&format!("a:{i}")), Duration::ZERO).await.unwrap();
        }
        assert_eq!((inference.count(), cache.stats().flights.unleased), (100, 100));
        // The breaker: 100 keys do not wait for 100 time limits.
        assert!(began.elapsed() < LeasePolicy::default().timeout * 10, "{:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_cannot_be_confirmed_is_held_until_its_known_end() {
    /// Grants, then is gone.
    #[derive(Debug)]
    struct GoneAfterGrant(LocalLeases);

    #[async_trait]
    impl LeaseKeeper for GoneAfterGrant {
        async fn acquire(&self, key: &CacheKey, ttl: Duration) -> Result<Option<LeaseGrant>, TierError> {
            self.0.acquire(key, ttl).await
        }

        async fn renew(&self, _: &LeaseGrant, _: Duration) -> Result<bool, TierError> {
            Broken { hangs: false }.answer().await
        }

        async fn release(&self, _: &LeaseGrant) -> Result<bool, TierError> {
            Broken { hangs: false }.answer().await
        }
    }

    let ttl = LeasePolicy::default().ttl;
    for (takes, written) in [(ttl / 2, 1), (ttl * 2, 0)] {
        let remote = MapTier::new("map");
        let cache = process(remote.clone()).lease(Arc::new(GoneAfterGrant(LocalLeases::default()))).build();
        Inference::default().want(&cache, &key("a"), takes).await.unwrap();
        cache.flush().await;
        assert_eq!(remote.puts(), written, "after a computation of {takes:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_tier_to_meet_in_nobody_waits_for_a_lease() {
    let (remote, leases) = (Faulty::new(MapTier::new("map")), LocalLeases::default());
    remote.set(Faults { error: Some(TierErrorKind::Unavailable), ..Faults::default() });
    let cache = process(remote).lease(Arc::new(leases.clone())).build();
    for i in 0..10 {
        // Reads that open the breaker.
        cache.get(&key(&format!("b:{i}"))).await;
    }
    leases.acquire(&key("a"), HOUR).await.unwrap().unwrap();
    let began = Instant::now();
    Inference::default().want(&cache, &key("a"), Duration::ZERO).await.unwrap();
    assert_eq!(began.elapsed(), Duration::ZERO);
}
