//! One computation for each key, whatever becomes of its callers.

use std::{sync::Arc, time::Duration};

use crate::support::{HOUR, Inference, NoLuck, entry, key, process, processes};
use clearcut_cache::{
    ComputeError, ComputeOptions, Entry, EntryStatus, LookupError, Source, TieredCache,
    testing::{LocalLeases, MapTier},
};
use futures::future::join_all;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_thousand_callers_make_one_computation() {
    let (cache, inference, key) = (process(MapTier::new("map")).build(), Inference::default(), key("a"));
    let lookups = join_all((0..1_000).map(|_| inference.want(&cache, &key, SECOND))).await;
    assert_eq!(inference.count(), 1);
    let computed = lookups.iter().filter(|lookup| lookup.as_ref().unwrap().source == Source::Computed).count();
    let joined = lookups.iter().filter(|lookup| lookup.as_ref().unwrap().source == Source::Joined).count();
    assert_eq!((computed, joined), (1, 999));
    assert!(lookups.iter().all(|lookup| lookup.as_ref().unwrap().entry.body == "cut-out"));
    let flights = cache.stats().flights;
    assert_eq!((flights.computed, flights.joined), (1, 999));
}

#[tokio::test(start_paused = true)]
async fn keys_do_not_wait_for_one_another() {
    let (cache, inference) = (process(MapTier::new("map")).build(), Inference::default());
    let began = tokio::time::Instant::now();
    let keys: Vec<_> = (0..50).map(|i| key(&format!("a:{i}"))).collect();
    join_all(keys.iter().map(|key| inference.want(&cache, key, SECOND))).await;
    assert_eq!(inference.count(), 50);
    assert!(began.elapsed() < SECOND * 2);
}

#[tokio::test(start_paused = true)]
async fn a_computation_survives_the_caller_that_started_it() {
    let (cache, inference, key) = (process(MapTier::new("map")).build(), Inference::default(), key("a"));
    let leader = inference.want(&cache, &key, SECOND);
    assert!(tokio::time::timeout(SECOND / 2, leader).await.is_err(), "the leader went away");
    let joined = inference.want(&cache, &key, SECOND).await.unwrap();
    assert_eq!((joined.source, inference.count()), (Source::Joined, 1));
}

#[tokio::test(start_paused = true)]
async fn a_computation_that_everybody_left_is_finished_and_kept() {
    let remote = MapTier::new("map");
    let (cache, inference, key) = (process(remote.clone()).build(), Inference::default(), key("a"));
    assert!(tokio::time::timeout(SECOND / 2, inference.want(&cache, &key, SECOND)).await.is_err());
    cache.flush().await;
    assert!(remote.frame(&key).is_some());
    let hit = inference.want(&cache, &key, SECOND).await.unwrap();
    assert_eq!(hit.source, Source::Tier { index: 0, name: "memory".into() });
    assert_eq!(inference.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_computation_survives_the_cache_handle_that_started_it() {
    let (remote, inference, key) = (MapTier::new("map"), Inference::default(), key("a"));
    let cache = process(remote.clone()).build();
    assert!(tokio::time::timeout(SECOND / 2, inference.want(&cache, &key, SECOND)).await.is_err());
    drop(cache);
    tokio::time::sleep(SECOND).await;
    assert!(remote.frame(&key).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_panic_fails_its_callers_and_nothing_else() {
    let (cache, key) = (process(MapTier::new("map")).build(), key("a"));
    let options = ComputeOptions::new(HOUR);
    let panicking = || async {
        tokio::task::yield_now().await;
        panic!("out of cheese")
    };
    let panics = (0..10).map(|_| cache.get_or_compute::<NoLuck, _, _>(&key, &options, panicking));
    for error in join_all(panics).await {
        assert!(matches!(error, Err(LookupError::Panicked(message)) if &*message == "out of cheese"));
    }
    let after = Inference::default().want(&cache, &key, SECOND).await.unwrap();
    assert_eq!(after.source, Source::Computed);
}

#[tokio::test(start_paused = true)]
async fn a_transient_failure_reaches_everybody_and_is_never_kept() {
    let remote = MapTier::new("map");
    let (cache, key, options) = (process(remote.clone()).build(), key("a"), ComputeOptions::new(HOUR));
    let failing = || async {
        tokio::time::sleep(SECOND).await;
        Err::<Entry, _>(ComputeError::Transient(NoLuck))
    };
    for error in join_all((0..10).map(|_| cache.get_or_compute(&key, &options, failing))).await {
        assert!(matches!(error, Err(LookupError::Compute(error)) if *error == NoLuck));
    }
    cache.flush().await;
    assert_eq!((cache.get(&key).await, remote.puts()), (None, 0));
    assert_eq!(Inference::default().want(&cache, &key, SECOND).await.unwrap().source, Source::Computed);
}

#[tokio::test(start_paused = true)]
async fn a_joiner_with_another_error_type_gets_the_message() {
    let (cache, key, options) = (process(MapTier::new("map")).build(), key("a"), ComputeOptions::new(HOUR));
    let leader = cache.get_or_compute(&key, &options, || async {
        tokio::time::sleep(SECOND).await;
        Err(ComputeError::Transient(NoLuck))
    });
    let joiner = cache.get_or_compute::<std::fmt::Error, _, _>(&key, &options, || async { unreachable!("it joins") });
    let (led, joined) = tokio::join!(leader, joiner);
    assert!(matches!(led, Err(LookupError::Compute(_))));
    assert_eq!(joined.unwrap_err().to_string(), "no luck today");
}

#[tokio::test(start_paused = true)]
async fn a_lasting_failure_is_kept_for_its_own_time() {
    let remote = MapTier::new("map");
    let (cache, key, options) = (process(remote.clone()).build(), key("a"), ComputeOptions::new(HOUR));
    let refusing = || async { Err::<Entry, _>(ComputeError::<NoLuck>::lasting("no foreground found")) };
    let computed = cache.get_or_compute(&key, &options, refusing).await.unwrap();
    assert_eq!((computed.entry.head.status, computed.source), (EntryStatus::Failure, Source::Computed));
    assert_eq!(computed.entry.body, "no foreground found");
    cache.flush().await;
    assert_eq!(remote.ttl(&key), Some(Duration::from_mins(10)));

    let found = Inference::default().want(&cache, &key, SECOND).await.unwrap();
    assert_eq!(
        (found.entry.head.status, found.source),
        (EntryStatus::Failure, Source::Tier { index: 0, name: "memory".into() })
    );
    assert_eq!(cache.stats().flights.refused, 1);
}

#[tokio::test(start_paused = true)]
async fn a_result_is_stamped_by_the_clock_of_the_cache() {
    let (cache, key) = (process(MapTier::new("map")).build(), key("a"));
    let head = Inference::default().want(&cache, &key, SECOND).await.unwrap().entry.head;
    assert_eq!(head.created_ms, entry("").head.created_ms);
    assert_eq!(head.expires_ms - head.created_ms, 3_600_000);
    assert!((1_000_000..1_010_000).contains(&head.compute_us), "{} µs", head.compute_us);
}

#[tokio::test(start_paused = true)]
async fn without_tiers_callers_still_share_one_computation() {
    let (cache, inference, key) = (TieredCache::builder().build(), Inference::default(), key("a"));
    join_all((0..100).map(|_| inference.want(&cache, &key, SECOND))).await;
    assert_eq!(inference.count(), 1);
    cache.flush().await;
    inference.want(&cache, &key, SECOND).await.unwrap();
    assert_eq!(inference.count(), 2, "nothing was kept");
}

#[tokio::test(start_paused = true)]
async fn a_thousand_callers_of_four_processes_make_one_computation() {
    let (remote, leases, inference, key) =
        (MapTier::new("map"), LocalLeases::default(), Inference::default(), key("a"));
    let caches = processes(4, &remote, &leases);
    let lookups = join_all((0..1_000).map(|i| inference.want(&caches[i % 4], &key, SECOND))).await;
    assert!(lookups.iter().all(|lookup| lookup.as_ref().unwrap().entry.body == "cut-out"));
    assert_eq!(inference.count(), 1);
    assert_eq!(caches.iter().map(|cache| cache.stats().flights.waited).sum::<u64>(), 3);
    join_all(caches.iter().map(TieredCache::flush)).await;
    assert!(!leases.is_held(&key), "the lease was given back");
}

#[tokio::test]
async fn a_thousand_callers_of_four_processes_make_one_computation_on_real_threads() {
    let runtime = Arc::new(tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap());
    let (remote, leases, inference, key) =
        (MapTier::new("map"), LocalLeases::default(), Inference::default(), key("a"));
    let done = {
        let inference = inference.clone();
        runtime.spawn(async move {
            let caches = processes(4, &remote, &leases);
            let callers = (0..1_000).map(|i| {
                let (cache, inference, key) = (caches[i % 4].clone(), inference.clone(), key.clone());
                tokio::spawn(async move { inference.want(&cache, &key, SECOND / 20).await.unwrap() })
            });
            join_all(callers).await.into_iter().all(|lookup| lookup.unwrap().entry.body == "cut-out")
        })
    };
    assert!(done.await.unwrap());
    assert_eq!(inference.count(), 1);
    Arc::into_inner(runtime).expect("nobody else has it").shutdown_background();
}
