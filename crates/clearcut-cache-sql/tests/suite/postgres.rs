//! What Postgres alone does: partitions, lost servers, replicas, many starters.

use std::time::{Duration, Instant};

use clearcut_cache::{CacheTier, PutOptions, TierErrorKind, testing::ManualClock};
use clearcut_cache_sql::{CacheReports, CacheUpkeep, CleanupOptions, PostgresTier};
use clearcut_testkit::server::PostgresServer;

use crate::backend::{Backend, DAY, HOUR, Raw, keeping, key, postgres_config};

const PARTITIONS: &str = "SELECT COUNT(*) FROM pg_inherits WHERE inhparent = 'task_results'::regclass";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_processes_may_start_at_once() {
    let Some(server) = PostgresServer::shared_or_skip() else { return };
    let url = server.fresh_database().unwrap();
    let starters = (0..8).map(|_| {
        let config = postgres_config(&url, keeping(&ManualClock::default()));
        tokio::spawn(async move { PostgresTier::connect(config).await })
    });
    for started in futures::future::join_all(starters).await {
        started.unwrap().unwrap().probe().await.unwrap();
    }
}

#[tokio::test]
async fn expiry_drops_partitions_and_deletes_no_rows() {
    let Some(backend) = Backend::postgres().await else { return };
    assert_eq!(backend.raw.int(PARTITIONS).await, 0, "a day without results needs no partition");
    for days in 1..=5 {
        let ttl = DAY * days;
        for i in 0..10 {
            backend.put(&format!("a:{days}:{i}"), &backend.entry_for(b"body", 10, ttl), ttl).await;
        }
    }
    assert_eq!(backend.raw.int(PARTITIONS).await, 5);

    backend.clock.advance(3 * DAY + HOUR);
    assert_eq!(backend.get("a:3:1").await, None, "it has expired, and its partition is still there");
    let report = backend.tier.cleanup(&CleanupOptions::default()).await.unwrap();
    // The third day is not over yet.
    assert_eq!((report.partitions_dropped, report.expired, report.entries()), (2, 20, 20), "{report:?}");
    // Days four and five, the rest of the third, and what the default time to live will need tomorrow (day five is there).
    assert_eq!(backend.raw.int(PARTITIONS).await, 3);
    assert!(backend.get("a:4:1").await.is_some());
    let deleted = backend
        .raw
        .int("SELECT COALESCE(SUM(n_tup_del), 0)::bigint FROM pg_stat_user_tables WHERE relname LIKE 'task_results_%'");
    assert_eq!(deleted.await, 0, "rows were deleted");
}

#[tokio::test]
async fn partitions_are_made_ahead_of_the_day_that_needs_them() {
    let Some(backend) = Backend::postgres().await else { return };
    backend.tier.cleanup(&CleanupOptions::default()).await.unwrap();
    let names = "SELECT string_agg(inhrelid::regclass::text, ' ' ORDER BY 1) FROM pg_inherits \
                 WHERE inhparent = 'task_results'::regclass";
    assert_eq!(backend.raw.text(names).await, "task_results_20260922 task_results_20260923");
    assert_eq!(
        backend
            .raw
            .text("SELECT DISTINCT attstorage::text FROM pg_attribute WHERE attname = 'result_data' AND attnum > 0")
            .await,
        "e",
        "bodies are compressed twice"
    );
}

#[tokio::test]
async fn a_partition_that_another_process_dropped_is_made_again() {
    let Some(backend) = Backend::postgres().await else { return };
    backend.put("a:1", &backend.entry(b"one", 10), HOUR).await;
    backend.raw.execute("DROP TABLE task_results_20260921").await;
    backend.put("a:2", &backend.entry(b"two", 10), HOUR).await;
    assert!(backend.get("a:2").await.is_some());
}

#[tokio::test]
async fn a_partition_in_use_is_dropped_next_time() {
    let Some(backend) = Backend::postgres().await else { return };
    backend.put("a:1", &backend.entry(b"one", 10), HOUR).await;
    backend.clock.advance(2 * DAY);
    let Raw::Postgres(pool) = &backend.raw else { unreachable!("it is Postgres") };
    let mut reader = pool.begin().await.unwrap();
    sqlx::query("SELECT COUNT(*) FROM task_results").execute(&mut *reader).await.unwrap();
    let report = backend.tier.cleanup(&CleanupOptions::default()).await.unwrap();
    assert_eq!((report.partitions_dropped, report.expired), (0, 0), "{report:?}");
    reader.commit().await.unwrap();
    let report = backend.tier.cleanup(&CleanupOptions::default()).await.unwrap();
    assert_eq!((report.partitions_dropped, report.expired), (1, 1), "{report:?}");
}

#[tokio::test]
async fn one_entry_stands_under_a_key_however_often_it_is_put() {
    let Some(backend) = Backend::postgres().await else { return };
    for days in [3, 1, 2, 1] {
        let ttl = DAY * days;
        backend.put("a:1", &backend.entry_for(&[days as u8], 10, ttl), ttl).await;
    }
    assert_eq!(backend.get("a:1").await.expect("it is kept").body.as_ref(), [1]);
    assert_eq!(backend.raw.int("SELECT COUNT(*) FROM task_results").await, 1);
    backend.clock.advance(DAY);
    assert_eq!(backend.get("a:1").await, None, "an older put is answered again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_is_a_timeout_within_the_limit_and_loses_no_counts() {
    const LIMIT: Duration = Duration::from_millis(300);
    let Some(server) = PostgresServer::start_or_skip() else { return };
    let clock = ManualClock::default();
    let mut config = postgres_config(&server.fresh_database().unwrap(), keeping(&clock));
    config.keeping.call_timeout = LIMIT;
    let tier = PostgresTier::connect(config).await.unwrap();
    let entry = clearcut_cache::Entry::new("body", "text/plain", clearcut_cache::Clock::now(&clock), HOUR);
    tier.put(&key("a:1"), &entry, &PutOptions::new(HOUR)).await.unwrap();
    tier.record_metric("test", "value", 1.0);

    server.pause().unwrap();
    for _ in 0..3 {
        let asked = Instant::now();
        let error = tier.get(&key("a:1")).await.expect_err("a server that hangs answered");
        assert_eq!(error.kind(), TierErrorKind::Timeout, "{error}");
        assert!(asked.elapsed() < LIMIT * 10, "it took {:?}", asked.elapsed());
    }
    tier.flush().await.expect_err("a server that hangs took a flush");
    server.resume().unwrap();

    let back = async { while tier.get(&key("a:1")).await.is_err() {} };
    tokio::time::timeout(Duration::from_secs(20), back).await.expect("it comes back with the server");
    while tier.flush().await.is_err() {}
    assert!(tier.get(&key("a:1")).await.unwrap() == Some(entry));
    let hits = tier.recent(1).await.unwrap()[0].cache_hits;
    assert_eq!(hits, 2, "each call that was answered is counted, and none that failed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_down_at_the_start_is_used_when_it_comes() {
    let Some(server) = PostgresServer::start_or_skip() else { return };
    let url = server.fresh_database().unwrap();
    let config = || {
        let mut config = postgres_config(&url, keeping(&ManualClock::default()));
        config.acquire_timeout = Duration::from_millis(300);
        config
    };
    server.stop().unwrap();
    PostgresTier::connect(config()).await.expect_err("there is no server");
    let tier = PostgresTier::connect_lazy(config()).unwrap();
    let error = tier.get(&key("a:1")).await.expect_err("there is no server");
    assert!(matches!(error.kind(), TierErrorKind::Timeout | TierErrorKind::Unavailable), "{error}");
    server.restart().unwrap();
    assert_eq!(tier.get(&key("a:1")).await.unwrap(), None);
    tier.probe().await.unwrap();

    // The test's server does not force a commit to disk by itself.
    let raw = sqlx::PgPool::connect(&url).await.unwrap();
    sqlx::raw_sql("CHECKPOINT").execute(&raw).await.unwrap();
    server.kill().unwrap();
    server.restart().unwrap();
    assert_eq!(tier.get(&key("a:1")).await.unwrap(), None, "the first call after a restart failed");
}

#[tokio::test]
async fn an_empty_database_behind_the_same_address_is_filled_again() {
    let Some(backend) = Backend::postgres().await else { return };
    backend.put("a:1", &backend.entry(b"one", 10), HOUR).await;
    backend.raw.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public;").await;
    backend.tier.get(&key("a:1")).await.expect_err("there is no table");
    assert_eq!(backend.get("a:1").await, None);
    backend.put("a:1", &backend.entry(b"one", 10), HOUR).await;
    assert!(backend.get("a:1").await.is_some());
}

#[tokio::test]
async fn what_cannot_mend_by_itself_is_a_configuration_error() {
    let Some(server) = PostgresServer::shared_or_skip() else { return };
    for url in [server.url("no_such_database"), server.url("postgres").replace("postgres@", "nobody:hunter2@")] {
        let config = postgres_config(&url, keeping(&ManualClock::default()));
        let error = PostgresTier::connect(config).await.expect_err("it is wrong");
        assert_eq!(error.kind(), TierErrorKind::Configuration, "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    let config = postgres_config("postgres://me:hunter2@host:port/x", keeping(&ManualClock::default()));
    let error = PostgresTier::connect_lazy(config).expect_err("it is no URL");
    assert_eq!(error.kind(), TierErrorKind::Configuration, "{error}");
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

/// The replica is another database here: what only the primary has stands for what has not arrived yet.
#[tokio::test]
async fn a_replica_that_lags_or_is_down_costs_a_second_look_and_no_entry() {
    let Some(backend) = Backend::postgres().await else { return };
    let Some(server) = PostgresServer::shared_or_skip() else { return };
    let lagging = server.fresh_database().unwrap();
    let clock = backend.clock.clone();
    let replica = PostgresTier::connect(postgres_config(&lagging, keeping(&clock))).await.unwrap();
    let only_there = backend.entry(b"on the replica", 10);
    replica.put(&key("a:2"), &only_there, &PutOptions::new(HOUR)).await.unwrap();

    for (replica_url, has_second) in [(lagging.as_str(), true), ("postgres://postgres@127.0.0.1:9/none", false)] {
        let mut config = postgres_config(backend.url(), keeping(&clock));
        config.replica_url = Some(replica_url.to_owned().into());
        config.acquire_timeout = Duration::from_millis(300);
        let tier = PostgresTier::connect(config).await.unwrap();
        let entry = backend.entry(b"on the primary", 10);
        tier.put(&key("a:1"), &entry, &PutOptions::new(HOUR)).await.unwrap();
        assert!(tier.get(&key("a:1")).await.unwrap() == Some(entry), "with {replica_url}");
        assert_eq!(tier.get(&key("a:2")).await.unwrap().is_some(), has_second, "with {replica_url}");
        assert_eq!(tier.stats(1).await.unwrap().entries, 1, "figures come from the primary");
    }
}
