//! The figures, on a history that is known.

use std::{convert::Infallible, sync::Arc, time::Duration};

use clearcut_cache::{
    CacheTier, Clock, ComputeError, ComputeOptions, Entry, EntryStatus, Ledger, MemoryOptions, MemoryTier,
    RequestOutcome, SystemClock, TierPolicy, TieredCache,
};
use clearcut_cache_sql::{CacheEfficiency, TaskStatus};

use crate::backend::{Backend, DAY, HOUR, key, on_both};

on_both! {
    statistics_are_exact
    requests_are_counted_once_whichever_tier_answers
    other_namespaces_can_be_intermediate
    statistics_of_an_empty_cache_divide_by_nothing
    the_wire_names_of_statistics_are_those_of_the_service
    the_view_says_the_same
    recent_lists_the_newest_first_and_what_is_being_computed
    lists_leave_out_what_was_made_on_the_way
    top_lists_what_was_answered_most_often
    the_tables_carry_the_columns_that_clients_query
}

/// Yesterday: 3 requests, 2 computed (100 and 300 ms), 1 hit. Today: 5 requests, 1 computed (50 ms), 4 hits.
async fn script(backend: &Backend) {
    backend.compute("a:1", &backend.entry_for(b"one", 100, 7 * DAY), 7 * DAY).await;
    backend.compute("a:2", &backend.entry(b"two", 300), HOUR).await;
    backend.ask("a:1").await;
    backend.clock.advance(DAY);
    backend.compute("a:5", &backend.entry(b"five", 50), HOUR).await;
    for name in ["a:1", "a:1", "a:5", "a:5"] {
        backend.ask(name).await;
    }
}

async fn statistics_are_exact(backend: Backend) {
    script(&backend).await;
    let stats = backend.tier.stats(7).await.unwrap();
    assert_eq!((stats.total_requests, stats.cache_hits, stats.computed), (8, 5, 3));
    assert_eq!(stats.cache_hit_ratio.to_string(), "62.5");
    assert_eq!(stats.cache_efficiency, CacheEfficiency::Good);
    let times = [stats.avg_processing_time_ms, stats.min_processing_time_ms, stats.max_processing_time_ms];
    assert_eq!(times.map(|ms| ms.to_string()), ["150", "50", "300"]);
    assert_eq!(stats.time_saved_ms.to_string(), "400");
    assert_eq!(stats.entries, 2, "a:2 has expired");
    let kept = "SELECT CAST(SUM(stored_bytes) AS BIGINT) FROM task_results WHERE cache_key IN ('a:1', 'a:5')";
    assert_eq!(i64::try_from(stats.bytes).unwrap(), backend.raw.int(kept).await);

    let days: Vec<_> =
        stats.days.iter().map(|day| (day.date.as_str(), day.total_requests, day.cache_hits, day.computed)).collect();
    assert_eq!(days, [("2026-09-21", 3, 1, 2), ("2026-09-22", 5, 4, 1)]);
    assert_eq!(stats.days[0].hit_ratio_percent.to_string(), "33.33");

    let today = backend.tier.stats(1).await.unwrap();
    assert_eq!((today.total_requests, today.cache_hits, today.days.len()), (5, 4, 1));
    assert_eq!(today.cache_efficiency, CacheEfficiency::Excellent);
    assert_eq!(today.min_processing_time_ms.to_string(), "50");

    backend.tier.record(&key("a:6"), RequestOutcome::Missed);
    let more = backend.tier.stats(1).await.unwrap();
    assert_eq!((more.total_requests, more.cache_hits, more.computed), (6, 4, 1));
}

/// One miss and three hits of memory are four requests and three hits, although the database was read several times.
async fn requests_are_counted_once_whichever_tier_answers(backend: Backend) {
    let memory = MemoryTier::new(MemoryOptions::new(1 << 20), Arc::new(backend.clock.clone()));
    let cache = TieredCache::builder()
        .clock(Arc::new(backend.clock.clone()))
        .tier(Arc::new(memory), TierPolicy::local())
        .tier(Arc::clone(&backend.tier) as Arc<dyn CacheTier>, TierPolicy::shared())
        .lease(Arc::clone(&backend.leases))
        .ledger(Arc::clone(&backend.tier) as Arc<dyn Ledger>)
        .build();
    for _ in 0..4 {
        let rendition = cache.clone();
        let compute = async move || {
            // A matte on the way, which nobody asked for.
            let matte = async || Ok::<_, ComputeError<Infallible>>(Entry::computed("a matte", "image/png"));
            rendition.get_or_compute(&key("matte:1"), &ComputeOptions::new(HOUR), matte).await.unwrap();
            Ok::<_, ComputeError<Infallible>>(Entry::computed("a cut-out", "image/png"))
        };
        cache.get_or_compute(&key("a:1"), &ComputeOptions::new(HOUR), compute).await.unwrap();
        cache.flush().await;
    }
    let stats = backend.tier.stats(1).await.unwrap();
    assert_eq!((stats.total_requests, stats.cache_hits, stats.computed, stats.entries), (4, 3, 1, 2));
    assert_eq!(stats.cache_hit_ratio.to_string(), "75");
    assert!(stats.time_saved_ms > 0.0, "each hit saved what the computation took");
    let top = backend.tier.top(10).await.unwrap();
    let counted: Vec<_> = top.iter().map(|task| (task.cache_key.as_str(), task.cache_hits)).collect();
    assert_eq!(counted, [("a:1", 3)], "hits of the memory too");
}

async fn other_namespaces_can_be_intermediate(backend: Backend) {
    let another = backend.another_with(|keeping| keeping.intermediate_namespaces = vec!["step".to_owned()]).await;
    for name in ["step:1", "matte:1", "a:1", "stepping:1"] {
        another.record(&key(name), RequestOutcome::Missed);
    }
    assert_eq!(another.stats(1).await.unwrap().total_requests, 3);
}

async fn statistics_of_an_empty_cache_divide_by_nothing(backend: Backend) {
    let stats = backend.tier.stats(0).await.unwrap();
    assert_eq!((stats.total_requests, stats.entries, stats.bytes), (0, 0, 0));
    assert_eq!(stats.cache_efficiency, CacheEfficiency::Unknown);
    let times = [stats.cache_hit_ratio, stats.avg_processing_time_ms, stats.min_processing_time_ms];
    assert_eq!(times.map(|zero| zero.to_string()), ["0", "0", "0"]);
    assert!(backend.tier.recent(10).await.unwrap().is_empty());
    backend.tier.record(&key("a:1"), RequestOutcome::Missed);
    backend.tier.flush().await.unwrap();
    let ratio = backend.raw.text("SELECT CAST(hit_ratio_percent AS TEXT) FROM cache_performance").await;
    assert_eq!(ratio.parse::<f64>().unwrap().to_string(), "0");
}

async fn the_wire_names_of_statistics_are_those_of_the_service(backend: Backend) {
    script(&backend).await;
    let stats = serde_json::to_value(backend.tier.stats(7).await.unwrap()).unwrap();
    assert_eq!(stats["total_requests"], 8);
    assert_eq!(stats["cache_hits"], 5);
    assert_eq!(stats["cache_hit_ratio"], 62.5);
    assert_eq!(stats["avg_processing_time_ms"], 150.0);
    assert_eq!(stats["cache_efficiency"], "good");
    let recent = serde_json::to_value(backend.tier.recent(1).await.unwrap()).unwrap();
    assert_eq!(recent[0]["status"], "SUCCESS");
    assert_eq!(recent[0]["cache_key"], "a:5");
    assert_eq!(recent[0]["input_hash"], "5");
    assert_eq!(recent[0]["cache_hits"], 2);
    assert_eq!(recent[0]["processing_time_ms"], 50.0);
    assert_eq!(recent[0]["submitted_at"], "2026-09-22T14:13:20.000Z");
    assert_eq!(recent[0]["ttl_expires_at"], "2026-09-22T15:13:20.000Z");
    assert_eq!(recent[0]["id"].as_str().map(str::len), Some(36));
}

async fn the_view_says_the_same(backend: Backend) {
    script(&backend).await;
    backend.tier.flush().await.unwrap();
    let row = |date| {
        format!(
            "SELECT CAST(total_requests AS TEXT) || ' ' || CAST(cache_hits AS TEXT) || ' ' || \
             CAST(hit_ratio_percent AS TEXT) FROM cache_performance WHERE CAST(date AS TEXT) = '{date}'"
        )
    };
    assert_eq!(backend.raw.text(&row("2026-09-21")).await, "3 1 33.33");
    assert!(backend.raw.text(&row("2026-09-22")).await.starts_with("5 4 80.0"));
}

async fn recent_lists_the_newest_first_and_what_is_being_computed(backend: Backend) {
    let mut failure = backend.entry(b"no foreground found", 20);
    failure.head.status = EntryStatus::Failure;
    backend.put("a:1", &backend.entry(b"one", 10), HOUR).await;
    backend.clock.advance(Duration::from_secs(1));
    backend.put("a:2", &failure, HOUR).await;
    backend.get("a:1").await.expect("it is kept");

    let recent = backend.tier.recent(10).await.unwrap();
    let rows: Vec<_> = recent.iter().map(|task| (task.cache_key.as_str(), task.status)).collect();
    assert_eq!(rows, [("a:2", TaskStatus::Failure), ("a:1", TaskStatus::Success)]);
    assert_eq!((recent[1].cache_hits, recent[1].body_bytes), (1, 3));
    assert!(recent[1].last_read_at.is_some() && recent[0].last_read_at.is_none());
    assert_eq!(backend.tier.recent(1).await.unwrap().len(), 1);

    // Leases go by the database's clock, so the tier's is set to the same.
    backend.clock.set(SystemClock.now());
    let lease = backend.leases.acquire(&key("a:3:w"), HOUR).await.unwrap().expect("nobody holds it");
    let running = backend.tier.recent(10).await.unwrap();
    assert_eq!((running[0].cache_key.as_str(), running[0].status), ("a:3:w", TaskStatus::Pending));
    assert_eq!(running[0].input_hash, "3");
    backend.leases.release(&lease).await.unwrap();
    assert!(backend.tier.recent(10).await.unwrap().iter().all(|task| task.status != TaskStatus::Pending));
}

async fn lists_leave_out_what_was_made_on_the_way(backend: Backend) {
    for i in 0..30 {
        backend.clock.advance(Duration::from_secs(1));
        let name = if i % 10 == 0 { format!("a:{i}") } else { format!("matte:{i}") };
        backend.put(&name, &backend.entry(b"body", 10), HOUR).await;
        backend.get(&name).await.expect("it is kept");
    }
    let recent = backend.tier.recent(2).await.unwrap();
    assert_eq!(recent.iter().map(|task| task.cache_key.as_str()).collect::<Vec<_>>(), ["a:20", "a:10"]);
    assert_eq!(backend.tier.recent(100).await.unwrap().len(), 3);
    assert_eq!(backend.tier.top(100).await.unwrap().len(), 3);
}

async fn top_lists_what_was_answered_most_often(backend: Backend) {
    for (name, hits) in [("a:1", 1), ("a:2", 3), ("a:3", 0), ("a:4", 2)] {
        backend.put(name, &backend.entry(b"body", 10), HOUR).await;
        for _ in 0..hits {
            backend.get(name).await.expect("it is kept");
        }
    }
    let top = backend.tier.top(10).await.unwrap();
    let rows: Vec<_> = top.iter().map(|task| (task.cache_key.as_str(), task.cache_hits)).collect();
    assert_eq!(rows, [("a:2", 3), ("a:4", 2), ("a:1", 1)]);
    assert_eq!(backend.tier.top(1).await.unwrap().len(), 1);
}

/// The queries that stand in that service's own handbook.
async fn the_tables_carry_the_columns_that_clients_query(backend: Backend) {
    script(&backend).await;
    backend.tier.flush().await.unwrap();
    for sql in [
        "SELECT COUNT(*) FROM (SELECT id, task_id, input_hash, status, cache_hits, processing_time_ms, submitted_at, \
         ttl_expires_at FROM task_results ORDER BY submitted_at DESC LIMIT 10) AS recent",
        "SELECT COUNT(*) FROM (SELECT input_hash, cache_hits FROM task_results WHERE cache_hits >= 0 \
         ORDER BY cache_hits DESC) AS top",
    ] {
        assert_eq!(backend.raw.int(sql).await, 3, "{sql}");
    }
    assert_eq!(backend.raw.int("SELECT COUNT(*) FROM (SELECT * FROM cache_performance) AS days").await, 2);
}
