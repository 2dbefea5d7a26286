//! The ledger hears of every request once, whatever the tiers were asked on its way.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::support::{Inference, entry, key, process, processes};
use clearcut_cache::{
    CacheKey, Ledger, RequestOutcome, TieredCache,
    testing::{LocalLeases, MapTier},
};
use futures::future::join_all;

const SECOND: Duration = Duration::from_secs(1);

/// Keeps what it hears: hits, computed, missed.
#[derive(Debug, Default)]
struct Notebook(Mutex<[u64; 3]>);

/// Keeps which tier answered.
#[derive(Debug, Default)]
struct Answerers(Mutex<Vec<Option<String>>>);

impl Ledger for Notebook {
    fn record(&self, _key: &CacheKey, outcome: RequestOutcome<'_>) {
        let at = match outcome {
            RequestOutcome::Hit { .. } => 0,
            RequestOutcome::Computed { .. } => 1,
            RequestOutcome::Missed => 2,
        };
        self.0.lock().expect("no test panics while it holds the lock")[at] += 1;
    }
}

impl Ledger for Answerers {
    fn record(&self, _key: &CacheKey, outcome: RequestOutcome<'_>) {
        if let RequestOutcome::Hit { tier, .. } = outcome {
            self.0.lock().expect("no test panics while it holds the lock").push(tier.map(str::to_owned));
        }
    }
}

fn with_notebook() -> (TieredCache, Arc<Notebook>) {
    let notebook = Arc::new(Notebook::default());
    (process(MapTier::new("map")).ledger(notebook.clone()).build(), notebook)
}

#[tokio::test(start_paused = true)]
async fn a_computation_and_its_later_hits_are_one_request_each() {
    let (cache, notebook) = with_notebook();
    let inference = Inference::default();
    for _ in 0..4 {
        inference.want(&cache, &key("a"), SECOND).await.unwrap();
        cache.flush().await;
    }
    assert_eq!(*notebook.0.lock().unwrap(), [3, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn whoever_joins_a_computation_has_a_hit() {
    let (cache, notebook) = with_notebook();
    let (inference, key) = (Inference::default(), key("a"));
    join_all((0..10).map(|_| inference.want(&cache, &key, SECOND))).await;
    assert_eq!(*notebook.0.lock().unwrap(), [9, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_hit_says_which_tier_answered() {
    let answerers = Arc::new(Answerers::default());
    let cache = process(MapTier::new("map")).ledger(answerers.clone()).build();
    let (inference, key) = (Inference::default(), key("a"));
    join_all((0..2).map(|_| inference.want(&cache, &key, SECOND))).await;
    cache.flush().await;
    inference.want(&cache, &key, SECOND).await.unwrap();
    let first_tier = cache.stats().tiers[0].name.clone();
    assert_eq!(*answerers.0.lock().unwrap(), [None, Some(first_tier)]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_has_asked_all_the_same() {
    let (cache, notebook) = with_notebook();
    let (inference, key) = (Inference::default(), key("a"));
    assert!(tokio::time::timeout(SECOND / 2, inference.want(&cache, &key, SECOND)).await.is_err());
    cache.flush().await;
    assert_eq!(*notebook.0.lock().unwrap(), [0, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn looking_for_what_nobody_has_is_a_miss() {
    let (cache, notebook) = with_notebook();
    assert!(cache.get(&key("a")).await.is_none());
    cache.put(&key("a"), &entry("kept")).await;
    assert!(cache.get(&key("a")).await.is_some());
    assert_eq!(*notebook.0.lock().unwrap(), [1, 0, 1]);
}

#[tokio::test(start_paused = true)]
async fn waiting_for_another_process_is_one_request_however_often_it_looks() {
    let (remote, leases, notebook) = (MapTier::new("map"), LocalLeases::default(), Arc::new(Notebook::default()));
    let other = processes(1, &remote, &leases).remove(0);
    let mine = process(remote.clone()).lease(Arc::new(leases.clone())).ledger(notebook.clone()).build();
    let (inference, key) = (Inference::default(), key("a"));
    let (theirs, joined) = tokio::join!(inference.want(&other, &key, SECOND), inference.want(&mine, &key, SECOND));
    theirs.unwrap();
    joined.unwrap();
    assert_eq!(inference.count(), 1);
    assert_eq!(*notebook.0.lock().unwrap(), [1, 0, 0]);
}
