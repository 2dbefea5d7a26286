//! The contracts of tiers and lease keepers.

use std::sync::Arc;

use clearcut_cache::{SystemClock, conformance};
use clearcut_cache_sql::{Keeping, PostgresTier, SqliteConfig, SqliteTier};
use clearcut_testkit::server::PostgresServer;
use sqlx::{PgPool, SqlitePool};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::backend::{self, postgres_config};

const LIMIT_BYTES: usize = 2 << 20;

fn keeping() -> Keeping {
    let mut keeping = backend::keeping(&clearcut_cache::testing::ManualClock::default());
    keeping.clock = Arc::new(SystemClock);
    keeping.max_value_bytes = LIMIT_BYTES;
    keeping
}

/// One database for all: each behavior has its own namespace.
async fn url() -> Option<&'static str> {
    static URL: OnceCell<Option<String>> = OnceCell::const_new();
    let make = async || Some(PostgresServer::shared_or_skip()?.fresh_database().expect("a fresh database"));
    URL.get_or_init(make).await.as_deref()
}

async fn postgres_tier(behind_pgbouncer: bool) -> Option<PostgresTier> {
    let mut config = postgres_config(url().await?, keeping());
    config.behind_pgbouncer = behind_pgbouncer;
    Some(PostgresTier::connect(config).await.expect("Postgres is there"))
}

async fn postgres_subject(behind_pgbouncer: bool) -> Option<conformance::Subject> {
    let tier = postgres_tier(behind_pgbouncer).await?;
    let raw = PgPool::connect(url().await?).await.expect("the test's own connection");
    let subject = conformance::Subject::new(Arc::new(tier)).limited_to(LIMIT_BYTES).planted_by(move |key, bytes| {
        let raw = raw.clone();
        Box::pin(async move {
            let planted = sqlx::query(
                "INSERT INTO task_results (id, task_id, cache_key, input_hash, status, media_type, result_data, \
                 body_bytes, stored_bytes, processing_time_ms, submitted_ms, last_read_ms, expires_ms) \
                 SELECT gen_random_uuid(), 'planted', $1, '', 'SUCCESS', '', $2, 0, 0, 0, 0, 0, max(bound) - 1 \
                 FROM (SELECT substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \\(''?(\\d+)')::bigint AS bound \
                 FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
                 WHERE i.inhparent = 'task_results'::regclass) bounds",
            );
            planted
                .bind(key.as_str().to_owned())
                .bind(bytes.to_vec())
                .execute(&raw)
                .await
                .expect("the bytes are planted");
        })
    });
    Some(subject)
}

async fn sqlite_tier(folder: &TempDir) -> SqliteTier {
    let mut config = SqliteConfig::new(folder.path().join("cache.sqlite"));
    config.keeping = keeping();
    SqliteTier::open(config).await.expect("the file opens")
}

async fn sqlite_subject() -> conformance::Subject {
    let folder = TempDir::new().expect("a temporary folder");
    let tier = sqlite_tier(&folder).await;
    let url = format!("sqlite:{}", folder.path().join("cache.sqlite").display());
    let raw = SqlitePool::connect(&url).await.expect("the test's own connection");
    let plant = move |key: clearcut_cache::CacheKey, bytes: bytes::Bytes| {
        let raw = raw.clone();
        let work = async move {
            let mut transaction = raw.begin_with("BEGIN IMMEDIATE").await.expect("the file is writable");
            let revision: i64 = sqlx::query_scalar(
                "INSERT INTO task_results (id, task_id, cache_key, input_hash, status, media_type, body_bytes, \
                 stored_bytes, processing_time_ms, submitted_ms, last_read_ms, expires_ms) \
                 VALUES ('', 'planted', $1, '', 'SUCCESS', '', 0, 0, 0, 0, 0, 9000000000000) RETURNING revision",
            )
            .bind(key.as_str().to_owned())
            .fetch_one(&mut *transaction)
            .await
            .expect("the row is planted");
            let body = sqlx::query("INSERT INTO task_bodies (revision, result_data) VALUES ($1, $2)");
            body.bind(revision).bind(bytes.to_vec()).execute(&mut *transaction).await.expect("the bytes are planted");
            transaction.commit().await.expect("both are planted");
        };
        Box::pin(work) as futures::future::BoxFuture<'static, ()>
    };
    conformance::Subject::new(Arc::new(tier)).limited_to(LIMIT_BYTES).planted_by(plant).keeping(folder)
}

clearcut_cache::conformance_suite!(postgres, postgres_subject(false));
clearcut_cache::conformance_suite!(postgres_as_behind_pgbouncer, postgres_subject(true));
clearcut_cache::conformance_suite!(sqlite, sqlite_subject());

clearcut_cache::lease_conformance_suite!(postgres_lease, async {
    let (one, other) = (postgres_tier(false).await?, postgres_tier(true).await?);
    Some(conformance::lease::Subject::new(Arc::new(one.lease())).against(Arc::new(other.lease())))
});
clearcut_cache::lease_conformance_suite!(sqlite_lease, async {
    let folder = TempDir::new().expect("a temporary folder");
    let (one, other) = (sqlite_tier(&folder).await, sqlite_tier(&folder).await);
    conformance::lease::Subject::new(Arc::new(one.lease())).against(Arc::new(other.lease())).keeping(folder)
});
