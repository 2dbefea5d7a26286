//! Hits are counted in batches, and none is lost or invented.

use std::time::Duration;

use clearcut_cache::{Pattern, RequestOutcome};

use crate::backend::{Backend, HOUR, key, on_both};

on_both! {
    hits_are_written_in_batches
    a_thousand_entries_fill_a_batch
    hits_of_two_processes_add_up
    hits_of_faster_tiers_count_for_what_is_kept
    counts_are_written_at_close
    what_was_kept_and_counted_survives_a_restart
    metrics_are_kept_as_they_were_recorded
    flushes_and_clears_of_many_processes_do_not_block_each_other
    counting_a_hit_rewrites_no_body
}

const HITS: &str = "SELECT CAST(SUM(cache_hits) AS BIGINT) FROM task_results WHERE cache_key = 'a:1'";
const REQUESTS: &str = "SELECT CAST(COALESCE(SUM(total_requests), 0) AS BIGINT) FROM cache_days";

async fn hits_are_written_in_batches(backend: Backend) {
    backend.put("a:1", &backend.entry(b"body", 10), HOUR).await;
    for _ in 0..5 {
        backend.ask("a:1").await;
    }
    backend.tier.record(&key("a:2"), RequestOutcome::Missed);
    assert_eq!((backend.raw.int(HITS).await, backend.raw.int(REQUESTS).await), (0, 0), "written at each read");
    backend.clock.advance(Duration::from_mins(1));
    backend.tier.flush().await.unwrap();
    assert_eq!((backend.raw.int(HITS).await, backend.raw.int(REQUESTS).await), (5, 6));
    backend.tier.flush().await.unwrap();
    assert_eq!((backend.raw.int(HITS).await, backend.raw.int(REQUESTS).await), (5, 6), "written twice");
}

async fn a_thousand_entries_fill_a_batch(backend: Backend) {
    for i in 0..1_000 {
        backend.tier.record_metric("test", "value", f64::from(i));
    }
    // Nobody flushes: the timer's next tick is an hour away.
    let written = async {
        while backend.raw.int("SELECT COUNT(*) FROM processing_metrics").await < 1_000 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), written).await.expect("a full batch is written by itself");
}

async fn hits_of_two_processes_add_up(backend: Backend) {
    let another = backend.another().await;
    backend.put("a:1", &backend.entry(b"body", 10), HOUR).await;
    backend.ask("a:1").await;
    for _ in 0..2 {
        another.get(&key("a:1")).await.unwrap().expect("it is shared");
        another.record(&key("a:1"), RequestOutcome::Hit { saved: Duration::ZERO, tier: Some(another.name()) });
    }
    backend.tier.flush().await.unwrap();
    another.flush().await.unwrap();
    assert_eq!((backend.raw.int(HITS).await, backend.raw.int(REQUESTS).await), (3, 3));
}

async fn hits_of_faster_tiers_count_for_what_is_kept(backend: Backend) {
    backend.put("a:1", &backend.entry(b"body", 10), HOUR).await;
    backend.put("a:2", &backend.entry(b"body", 10), HOUR).await;
    backend.ask("a:1").await;
    let saved = Duration::from_millis(10);
    for tier in [Some("memory"), Some("redis"), None] {
        backend.clock.advance(Duration::from_mins(1));
        backend.tier.record(&key("a:1"), RequestOutcome::Hit { saved, tier });
    }
    // Nothing is kept under the one, and nobody asks for the other by itself.
    for name in ["a:3", "matte:1"] {
        backend.tier.record(&key(name), RequestOutcome::Hit { saved, tier: Some("memory") });
    }
    backend.tier.flush().await.unwrap();
    let top = backend.tier.top(10).await.unwrap();
    let counted: Vec<_> = top.iter().map(|task| (task.cache_key.as_str(), task.cache_hits)).collect();
    assert_eq!(counted, [("a:1", 4)]);
    let last_read = "SELECT CAST(MAX(last_read_ms) AS BIGINT) FROM task_results WHERE cache_key = 'a:1'";
    assert_eq!(backend.raw.int(last_read).await, 1_790_000_000_000 + 3 * 60_000);
    backend.tier.flush().await.unwrap();
    assert_eq!(backend.raw.int(HITS).await, 4, "written twice");
}

async fn counts_are_written_at_close(backend: Backend) {
    backend.put("a:1", &backend.entry(b"body", 10), HOUR).await;
    backend.ask("a:1").await;
    backend.tier.close().await.unwrap();
    assert_eq!((backend.raw.int(HITS).await, backend.raw.int(REQUESTS).await), (1, 1));
    backend.tier.get(&key("a:1")).await.expect_err("a closed tier answers nothing");
}

async fn what_was_kept_and_counted_survives_a_restart(backend: Backend) {
    let entry = backend.entry(&vec![7; 100_000], 10);
    backend.compute("a:1", &entry, HOUR).await;
    backend.ask("a:1").await;
    backend.tier.close().await.unwrap();
    let restarted = backend.another().await;
    assert!(restarted.get(&key("a:1")).await.unwrap() == Some(entry), "the entry came back changed, or not at all");
    let stats = restarted.stats(1).await.unwrap();
    assert_eq!((stats.total_requests, stats.cache_hits, stats.computed, stats.entries), (2, 1, 1, 1));
}

async fn metrics_are_kept_as_they_were_recorded(backend: Backend) {
    backend.tier.record_metric("segment", "inference_ms", 41.5);
    backend.tier.record_metric("segment", "inference_ms", 42.5);
    backend.tier.record_metric("decode", "decode'; --", -0.25);
    backend.tier.record_metric("decode", "broken", f64::NAN);
    backend.tier.record_metric("decode", "broken", f64::INFINITY);
    assert_eq!(backend.raw.int("SELECT COUNT(*) FROM processing_metrics").await, 0, "written one by one");
    backend.tier.flush().await.unwrap();
    let rows = "SELECT COUNT(*) FROM processing_metrics WHERE component = 'segment' AND metric_name = 'inference_ms' \
                AND metric_value > 41 AND recorded_ms = 1790000000000 AND recorded_at IS NOT NULL";
    assert_eq!(backend.raw.int(rows).await, 2);
    let hostile = "SELECT COUNT(*) FROM processing_metrics WHERE metric_name = 'decode''; --' AND metric_value = -0.25";
    assert_eq!(backend.raw.int(hostile).await, 1);
    assert_eq!(backend.raw.int("SELECT COUNT(*) FROM processing_metrics").await, 3);
}

async fn flushes_and_clears_of_many_processes_do_not_block_each_other(backend: Backend) {
    let another = backend.another().await;
    let keys: Vec<_> = (0..40).map(|i| key(&format!("a:{i}"))).collect();
    let entry = backend.entry(b"body", 1);
    for round in 0..4 {
        for key in &keys {
            backend.put(key.as_str(), &entry, HOUR).await;
        }
        for (one, two) in keys.iter().zip(keys.iter().rev()) {
            backend.tier.get(one).await.unwrap();
            another.get(two).await.unwrap();
        }
        let pattern = Pattern::parse(&format!("a:{round}*")).unwrap();
        let (mine, others, cleared) = tokio::join!(backend.tier.flush(), another.flush(), another.clear(&pattern));
        mine.unwrap();
        others.unwrap();
        assert!(cleared.unwrap() > 0);
    }
}

/// Both databases would write the whole body again if it stood in the row.
async fn counting_a_hit_rewrites_no_body(backend: Backend) {
    const BODY_BYTES: usize = 500_000;
    backend.put("a:1", &backend.entry(&vec![7; BODY_BYTES], 10), HOUR).await;
    let size = match backend.raw {
        crate::backend::Raw::Postgres(_) => {
            "SELECT SUM(pg_table_size(inhrelid))::bigint FROM pg_inherits WHERE inhparent = 'task_results'::regclass"
        }
        crate::backend::Raw::Sqlite(_) => "SELECT CAST(page_count * 16384 AS BIGINT) FROM pragma_page_count",
    };
    let before = backend.raw.int(size).await;
    for _ in 0..20 {
        backend.get("a:1").await.expect("it is kept");
        backend.tier.flush().await.unwrap();
    }
    let grown = backend.raw.int(size).await - before;
    assert!(grown < BODY_BYTES as i64, "20 counted hits wrote {grown} bytes");
    assert_eq!(backend.raw.int(HITS).await, 20);
}
