//! What must never be answered, and what must never be lost.

use std::time::Duration;

use clearcut_cache::{PutOptions, PutOutcome, TierErrorKind};
use clearcut_cache_sql::CleanupOptions;

use crate::backend::{Backend, DAY, HOUR, key, on_both};

on_both! {
    a_flipped_bit_is_never_answered_and_its_entry_is_gone
    verification_removes_what_cannot_be_read_and_nothing_else
    a_clock_that_jumps_forth_and_back_harms_nothing
    an_entry_is_not_answered_past_the_time_in_its_head
    a_value_over_the_limit_is_declined
    a_time_to_live_beyond_the_longest_is_cut
    an_entry_that_has_expired_already_is_declined
    a_newer_schema_is_refused
}

async fn a_flipped_bit_is_never_answered_and_its_entry_is_gone(backend: Backend) {
    backend.put("a:1", &backend.entry(&[7; 10_000], 10), HOUR).await;
    backend.put("a:2", &backend.entry(b"another", 10), HOUR).await;
    backend.raw.flip_a_bit("a:1").await;
    let error = backend.tier.get(&key("a:1")).await.expect_err("a flipped bit was answered");
    assert_eq!(error.kind(), TierErrorKind::Corrupt);
    assert_eq!(backend.get("a:1").await, None);
    assert!(backend.get("a:2").await.is_some());
    assert_eq!(backend.raw.int("SELECT COUNT(*) FROM task_results").await, 1);
    let stats = backend.tier.stats(1).await.unwrap();
    assert_eq!((stats.unreadable, stats.entries), (1, 1));
}

async fn verification_removes_what_cannot_be_read_and_nothing_else(backend: Backend) {
    for i in 0..250 {
        backend.put(&format!("a:{i:03}"), &backend.entry(&[7; 100], 10), HOUR).await;
    }
    for name in ["a:000", "a:100", "a:249"] {
        backend.raw.flip_a_bit(name).await;
    }
    let report = backend.tier.verify().await.unwrap();
    assert_eq!((report.checked, report.removed), (250, 3));
    let again = backend.tier.verify().await.unwrap();
    assert_eq!((again.checked, again.removed), (247, 0));
    let recent = backend.tier.recent(250).await.unwrap();
    assert!(recent.iter().all(|task| task.cache_hits == 0), "a verification is no read");
}

async fn a_clock_that_jumps_forth_and_back_harms_nothing(backend: Backend) {
    let entry = backend.entry(b"body", 10);
    backend.put("a:1", &entry, HOUR).await;
    let start = clearcut_cache::Clock::now(&backend.clock);
    backend.clock.set(start + 400 * DAY);
    assert_eq!(backend.get("a:1").await, None, "it has expired");
    backend.put("a:2", &backend.entry(b"from the future", 10), HOUR).await;
    assert!(backend.get("a:2").await.is_some());

    backend.clock.set(start - 400 * DAY);
    assert!(backend.get("a:1").await == Some(entry.clone()), "it has not expired");
    assert!(backend.get("a:2").await.is_some(), "it lives longer than was meant, and is not wrong");
    let replaced = backend.entry(b"replaced in the past", 10);
    backend.put("a:1", &replaced, HOUR).await;
    backend.put("a:2", &replaced, HOUR).await;
    assert!(backend.get("a:2").await == Some(replaced), "the newer put counts, whatever the clock said");
    backend.tier.cleanup(&CleanupOptions::default()).await.unwrap();
    backend.tier.stats(7).await.unwrap();

    backend.clock.set(start);
    assert_eq!(backend.get("a:1").await, None, "put in the past for an hour");
    backend.put("a:1", &entry, HOUR).await;
    assert!(backend.get("a:1").await == Some(entry));

    backend.clock.set(std::time::SystemTime::UNIX_EPOCH - DAY);
    backend.get("a:1").await;
    backend.put("a:9", &backend.entry(b"before 1970", 10), HOUR).await;
    assert!(backend.get("a:9").await.is_some());
    backend.tier.cleanup(&CleanupOptions::default()).await.unwrap();
    backend.tier.stats(7).await.unwrap();
}

async fn an_entry_is_not_answered_past_the_time_in_its_head(backend: Backend) {
    backend.put("a:1", &backend.entry_for(b"body", 10, Duration::from_mins(1)), HOUR).await;
    assert!(backend.get("a:1").await.is_some());
    backend.clock.advance(Duration::from_mins(1));
    assert_eq!(backend.get("a:1").await, None);
}

async fn a_value_over_the_limit_is_declined(backend: Backend) {
    let small = backend.another_with(|keeping| keeping.max_value_bytes = 1_000).await;
    let options = PutOptions::new(HOUR);
    let put = async |bytes| small.put(&key("a:1"), &backend.entry(&vec![7; bytes], 10), &options).await.unwrap();
    assert_eq!(put(1_001).await, PutOutcome::Declined);
    assert_eq!(put(990).await, PutOutcome::Declined, "the envelope counts");
    assert_eq!(put(800).await, PutOutcome::Stored);
    assert_eq!(small.stats(1).await.unwrap().entries, 1);
}

async fn a_time_to_live_beyond_the_longest_is_cut(backend: Backend) {
    let forever = Duration::from_secs(u64::MAX);
    backend.put("a:1", &backend.entry_for(b"body", 10, forever), forever).await;
    assert!(backend.get("a:1").await.is_some());
    let kept = backend.raw.int("SELECT expires_ms - submitted_ms FROM task_results").await;
    assert_eq!(kept, 90 * 24 * 3_600 * 1_000);
}

async fn an_entry_that_has_expired_already_is_declined(backend: Backend) {
    let entry = backend.entry_for(b"body", 10, Duration::ZERO);
    let outcome = backend.tier.put(&key("a:1"), &entry, &PutOptions::new(HOUR)).await.unwrap();
    assert_eq!(outcome, PutOutcome::Declined);
    assert_eq!(backend.get("a:1").await, None);
}

async fn a_newer_schema_is_refused(backend: Backend) {
    backend.raw.execute("UPDATE _sqlx_migrations SET version = 9999 WHERE version = 3").await;
    let error = backend.try_another().await.expect_err("an unknown schema was opened");
    assert_eq!(error.kind(), TierErrorKind::Configuration, "{error}");
}
