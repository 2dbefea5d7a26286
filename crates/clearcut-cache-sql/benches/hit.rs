//! A hit of 200 KB through the tier beside a bare select by primary key of the same bytes through a pool like its own.
//!
//! Criterion's figures come one after the other; the ratios at the end are of medians taken in turns, so that what else
//! the machine does hits both alike.

use std::time::{Duration, Instant, SystemTime};

use clearcut_cache::{CacheKey, CacheTier, Entry, PutOptions};
use clearcut_cache_sql::{PostgresConfig, PostgresTier, SqliteConfig, SqliteTier};
use clearcut_testkit::server::PostgresServer;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sqlx::{PgPool, SqlitePool, postgres::PgPoolOptions, sqlite::SqlitePoolOptions};
use tokio::runtime::Runtime;

const BODY_BYTES: usize = 200_000;
const ROUNDS: usize = 2_000;
const DAY: Duration = Duration::from_hours(24);

fn key(name: &str) -> CacheKey {
    CacheKey::parse(&format!("remove_bg:{name}")).expect("a key")
}

async fn put(tier: &impl CacheTier, name: &str, ttl: Duration) {
    // Bytes as an encoded picture has them: no two runs alike.
    let body: Vec<u8> = (0..BODY_BYTES as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let entry = Entry::new(body, "image/png", SystemTime::now(), ttl);
    tier.put(&key(name), &entry, &PutOptions::new(ttl)).await.expect("a put");
}

/// Measures `bare` and a hit of `tier`, in criterion's way and in turns.
fn compare(criterion: &mut Criterion, runtime: &Runtime, name: &str, tier: &impl CacheTier, bare: impl AsyncFn()) {
    let wanted = key("measured");
    let hit = async || {
        let found = tier.get(&wanted).await.expect("a get");
        assert!(found.is_some_and(|entry| entry.body.len() == BODY_BYTES));
    };
    let mut group = criterion.benchmark_group(format!("hit of 200 KB, {name}"));
    group.throughput(Throughput::Bytes(BODY_BYTES as u64));
    group.bench_function("bare select", |bencher| bencher.iter(|| runtime.block_on(bare())));
    group.bench_function("tier", |bencher| bencher.iter(|| runtime.block_on(hit())));
    group.finish();

    let (mut bare_times, mut hit_times) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        bare_times.push(runtime.block_on(timed(&bare)));
        hit_times.push(runtime.block_on(timed(&hit)));
    }
    let (bare, hit) = (median(bare_times), median(hit_times));
    println!("{name}: tier {hit:?}, bare select {bare:?}, ratio {:.2}", hit.as_secs_f64() / bare.as_secs_f64());
}

async fn timed(work: impl AsyncFn()) -> Duration {
    let started = Instant::now();
    work().await;
    started.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn postgres(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let server = PostgresServer::start().expect("a private Postgres");
    let url = server.fresh_database().expect("a database");
    let tier = runtime.block_on(PostgresTier::connect(PostgresConfig::new(url.clone()))).expect("a tier");
    let bare: PgPool = runtime.block_on(PgPoolOptions::new().connect(&url)).expect("a pool");
    let put_bare = "CREATE TABLE bare (k text PRIMARY KEY, v bytea); \
                    ALTER TABLE bare ALTER COLUMN v SET STORAGE EXTERNAL;";
    runtime.block_on(async {
        put(&tier, "measured", DAY).await;
        sqlx::raw_sql(put_bare).execute(&bare).await.expect("a table");
        let copy = "INSERT INTO bare SELECT cache_key, result_data FROM task_results";
        sqlx::raw_sql(copy).execute(&bare).await.expect("the same bytes");
    });
    let select = async || {
        let sql = "SELECT v FROM bare WHERE k = $1";
        let bytes: Vec<u8> = sqlx::query_scalar(sql).bind("remove_bg:measured").fetch_one(&bare).await.expect("a row");
        assert!(bytes.len() > BODY_BYTES);
    };
    compare(criterion, &runtime, "postgres, 2 partitions", &tier, select);
    runtime.block_on(async {
        for days in 1..=30 {
            put(&tier, &format!("other-{days}"), DAY * days).await;
        }
    });
    compare(criterion, &runtime, "postgres, 31 partitions", &tier, select);
}

fn sqlite(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("cache.sqlite");
    let tier = runtime.block_on(SqliteTier::open(SqliteConfig::new(&path))).expect("a tier");
    let url = format!("sqlite:{}", path.display());
    let bare: SqlitePool =
        runtime.block_on(SqlitePoolOptions::new().test_before_acquire(false).connect(&url)).expect("a pool");
    runtime.block_on(async {
        put(&tier, "measured", DAY).await;
        let copy = "CREATE TABLE bare (k TEXT PRIMARY KEY, v BLOB); INSERT INTO bare \
                    SELECT cache_key, result_data FROM task_results JOIN task_bodies USING (revision);";
        sqlx::raw_sql(copy).execute(&bare).await.expect("the same bytes");
    });
    let select = async || {
        let sql = "SELECT v FROM bare WHERE k = $1";
        let bytes: Vec<u8> = sqlx::query_scalar(sql).bind("remove_bg:measured").fetch_one(&bare).await.expect("a row");
        assert!(bytes.len() > BODY_BYTES);
    };
    compare(criterion, &runtime, "sqlite", &tier, select);
}

criterion_group!(benches, postgres, sqlite);
criterion_main!(benches);
