//! What cleanup takes out, and what it leaves.

use std::time::Duration;

use clearcut_cache::EntryStatus;
use clearcut_cache_sql::CleanupOptions;

use crate::backend::{Backend, DAY, HOUR, key, on_both};

on_both! {
    cleanup_takes_out_what_has_expired
    cleanup_takes_out_failures_after_seven_days
    cleanup_takes_out_what_nobody_read_for_thirty_days
    cleanup_takes_out_what_was_read_longest_ago_when_over_the_bound
    cleanup_takes_out_old_metrics
    one_process_at_a_time_cleans_up
    the_timer_cleans_up_once_for_all_processes
}

async fn cleanup_takes_out_what_has_expired(backend: Backend) {
    backend.put("a:1", &backend.entry(b"short", 10), HOUR).await;
    backend.put("a:2", &backend.entry_for(b"long", 10, 7 * DAY), 7 * DAY).await;
    backend.clock.advance(2 * DAY);
    let report = backend.tier.cleanup(&CleanupOptions::default()).await.unwrap();
    assert_eq!((report.expired, report.entries()), (1, 1), "{report:?}");
    assert!(report.bytes_freed > 5);
    assert!(backend.get("a:2").await.is_some());
    assert_eq!(backend.raw.int("SELECT COUNT(*) FROM task_results").await, 1);
}

async fn cleanup_takes_out_failures_after_seven_days(backend: Backend) {
    let ttl = 60 * DAY;
    let mut failure = backend.entry_for(b"no foreground found", 10, ttl);
    failure.head.status = EntryStatus::Failure;
    backend.put("a:old", &failure, ttl).await;
    backend.put("a:success", &backend.entry_for(b"a result", 10, ttl), ttl).await;
    backend.clock.advance(Duration::from_secs(1));
    backend.put("a:new", &failure, ttl).await;
    backend.clock.advance(Duration::from_secs(7 * 24 * 3_600 - 1));
    let report = backend.tier.cleanup(&CleanupOptions::default()).await.unwrap();
    assert_eq!((report.failures, report.entries()), (1, 1), "{report:?}");
    assert!(backend.get("a:old").await.is_none() && backend.get("a:new").await.is_some());
    assert!(backend.get("a:success").await.is_some());
}

async fn cleanup_takes_out_what_nobody_read_for_thirty_days(backend: Backend) {
    let ttl = 60 * DAY;
    for name in ["a:read", "a:unread"] {
        backend.put(name, &backend.entry_for(b"body", 10, ttl), ttl).await;
    }
    backend.clock.advance(20 * DAY);
    backend.get("a:read").await.expect("it is kept");
    backend.clock.advance(10 * DAY);
    // The hit is not written yet: a cleanup must not overlook it.
    let report = backend.tier.cleanup(&CleanupOptions::default()).await.unwrap();
    assert_eq!((report.unread, report.entries()), (1, 1), "{report:?}");
    assert!(backend.get("a:read").await.is_some() && backend.get("a:unread").await.is_none());
}

async fn cleanup_takes_out_what_was_read_longest_ago_when_over_the_bound(backend: Backend) {
    const BODY_BYTES: usize = 100_000;
    for i in 0..30 {
        backend.put(&format!("a:{i:02}"), &backend.entry_for(&vec![i; BODY_BYTES], 10, DAY), DAY).await;
        backend.clock.advance(Duration::from_secs(1));
    }
    backend.get("a:00").await.expect("it is kept");
    let mut options = CleanupOptions::default();
    options.max_cache_size_bytes = Some(2_000_000);
    let report = backend.tier.cleanup(&options).await.unwrap();
    assert!((10..=14).contains(&report.over_size), "{report:?}");
    assert_eq!(report.entries(), report.over_size);
    assert!(backend.get("a:00").await.is_some(), "it was read a moment ago");
    assert!(backend.get("a:01").await.is_none(), "it was read longest ago");
    assert!(backend.get("a:29").await.is_some(), "it is the newest");
}

async fn cleanup_takes_out_old_metrics(backend: Backend) {
    backend.tier.record_metric("segment", "inference_ms", 1.0);
    backend.clock.advance(31 * DAY);
    backend.tier.record_metric("segment", "inference_ms", 2.0);
    backend.tier.cleanup(&CleanupOptions::default()).await.unwrap();
    assert_eq!(backend.raw.int("SELECT COUNT(*) FROM processing_metrics WHERE metric_value = 2").await, 1);
    assert_eq!(backend.raw.int("SELECT COUNT(*) FROM processing_metrics").await, 1);
}

async fn one_process_at_a_time_cleans_up(backend: Backend) {
    backend.put("a:1", &backend.entry(b"body", 10), HOUR).await;
    backend.clock.advance(2 * DAY);
    let busy = backend.leases.acquire(&key("clearcut.upkeep:cleanup"), HOUR).await.unwrap().expect("nobody cleans up");
    let report = backend.tier.cleanup(&CleanupOptions::default()).await.unwrap();
    assert!(report.skipped && report.entries() == 0, "{report:?}");
    assert_eq!(backend.raw.int("SELECT COUNT(*) FROM task_results").await, 1);
    backend.leases.release(&busy).await.unwrap();
    assert_eq!(backend.tier.cleanup(&CleanupOptions::default()).await.unwrap().expired, 1);
    let again = backend.tier.cleanup(&CleanupOptions::default()).await.unwrap();
    assert!(!again.skipped, "the lease was kept");
}

async fn the_timer_cleans_up_once_for_all_processes(backend: Backend) {
    const RESTS: &str = "SELECT COUNT(*) FROM task_leases WHERE cache_key = 'clearcut.upkeep:rest'";
    const FENCE: &str = "SELECT fence FROM task_leases WHERE cache_key = 'clearcut.upkeep:cleanup'";
    backend.put("a:1", &backend.entry(b"body", 10), HOUR).await;
    backend.clock.advance(2 * DAY);
    let timed = backend.another_with(|keeping| keeping.cleanup_interval = Some(HOUR)).await;
    let cleaned = async {
        while backend.raw.int(RESTS).await == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), cleaned).await.expect("the timer cleans up");
    assert_eq!(backend.raw.int("SELECT COUNT(*) FROM task_results").await, 0);
    let first = backend.raw.int(FENCE).await;

    // A process that starts later sees that it was done, and sets a new mark only if it cleans up itself.
    let late = backend.another_with(|keeping| keeping.cleanup_interval = Some(HOUR)).await;
    late.record_metric("test", "alive", 1.0);
    late.flush().await.unwrap();
    assert_eq!(backend.raw.int(FENCE).await, first);
    drop((timed, late));
}
