//! Either database, opened for one test, with a clock that stands still.

use std::{path::PathBuf, sync::Arc, time::Duration};

use clearcut_cache::{
    CacheKey, CacheTier, Clock, Entry, LeaseKeeper, Ledger, PutOptions, PutOutcome, RequestOutcome, TierError,
    testing::ManualClock,
};
use clearcut_cache_sql::{CacheReports, CacheUpkeep, Keeping, PostgresConfig, PostgresTier, SqliteConfig, SqliteTier};
use clearcut_testkit::server::PostgresServer;
use sqlx::{AssertSqlSafe, PgPool, SqlitePool};
use tempfile::TempDir;

/// Everything that a tier of this crate is.
pub trait SqlCache: CacheTier + CacheReports + CacheUpkeep + Ledger {}
impl<T: CacheTier + CacheReports + CacheUpkeep + Ledger> SqlCache for T {}

/// One database with one tier on it.
pub struct Backend {
    pub tier: Arc<dyn SqlCache>,
    pub leases: Arc<dyn LeaseKeeper>,
    pub clock: ManualClock,
    pub raw: Raw,
    place: Place,
}

enum Place {
    Postgres(String),
    /// The folder goes with the value.
    Sqlite {
        path: PathBuf,
        _folder: TempDir,
    },
}

/// The database itself, past the tier.
pub enum Raw {
    Postgres(PgPool),
    Sqlite(SqlitePool),
}

impl Backend {
    /// A fresh Postgres database, or `None` after having said why.
    pub async fn postgres() -> Option<Self> {
        let url = PostgresServer::shared_or_skip()?.fresh_database().expect("a fresh database");
        let raw = PgPool::connect(&url).await.expect("the test's own connection");
        Some(Self::open(Place::Postgres(url), Raw::Postgres(raw)).await)
    }

    /// A fresh SQLite file.
    pub async fn sqlite() -> Option<Self> {
        let folder = TempDir::new().expect("a temporary folder");
        let path = folder.path().join("cache.sqlite");
        let raw = SqlitePool::connect_lazy(&format!("sqlite:{}", path.display())).expect("the test's own connection");
        Some(Self::open(Place::Sqlite { path, _folder: folder }, Raw::Sqlite(raw)).await)
    }

    async fn open(place: Place, raw: Raw) -> Self {
        let clock = ManualClock::default();
        let (tier, leases) = place.open(keeping(&clock)).await.expect("the database opens");
        Self { tier, leases, clock, raw, place }
    }

    /// Of the Postgres database.
    pub fn url(&self) -> &str {
        match &self.place {
            Place::Postgres(url) => url,
            Place::Sqlite { .. } => panic!("a file has no URL"),
        }
    }

    /// Another process on the same database.
    pub async fn another(&self) -> Arc<dyn SqlCache> {
        self.try_another().await.expect("the database opens")
    }

    /// Another process, which may fail to start.
    pub async fn try_another(&self) -> Result<Arc<dyn SqlCache>, TierError> {
        self.place.open(keeping(&self.clock)).await.map(|(tier, _)| tier)
    }

    /// Another process, which keeps results as `change` says.
    pub async fn another_with(&self, change: impl FnOnce(&mut Keeping)) -> Arc<dyn SqlCache> {
        let mut keeping = keeping(&self.clock);
        change(&mut keeping);
        self.place.open(keeping).await.expect("the database opens").0
    }

    /// An entry that took `compute_ms`, alive for an hour.
    pub fn entry(&self, body: &[u8], compute_ms: u64) -> Entry {
        self.entry_for(body, compute_ms, HOUR)
    }

    pub fn entry_for(&self, body: &[u8], compute_ms: u64, ttl: Duration) -> Entry {
        let mut entry = Entry::new(body.to_vec(), "image/png", self.clock.now(), ttl);
        entry.head.compute_us = compute_ms * 1_000;
        entry
    }

    pub async fn put(&self, key: &str, entry: &Entry, ttl: Duration) {
        let outcome = self.tier.put(&self::key(key), entry, &PutOptions::new(ttl)).await.expect("the tier takes a put");
        assert_eq!(outcome, PutOutcome::Stored, "{key}");
    }

    pub async fn get(&self, key: &str) -> Option<Entry> {
        self.tier.get(&self::key(key)).await.expect("the tier answers")
    }

    /// A request that finds `key`.
    pub async fn ask(&self, key: &str) {
        let entry = self.get(key).await.expect("it is kept");
        let saved = Duration::from_micros(entry.head.compute_us);
        self.tier.record(&self::key(key), RequestOutcome::Hit { saved, tier: Some(self.tier.name()) });
    }

    /// A request for which `entry` is computed and put.
    pub async fn compute(&self, key: &str, entry: &Entry, ttl: Duration) {
        self.put(key, entry, ttl).await;
        let took = Duration::from_micros(entry.head.compute_us);
        self.tier.record(&self::key(key), RequestOutcome::Computed { took });
    }
}

impl Place {
    async fn open(&self, keeping: Keeping) -> Result<(Arc<dyn SqlCache>, Arc<dyn LeaseKeeper>), TierError> {
        match self {
            Self::Postgres(url) => {
                let tier = PostgresTier::connect(postgres_config(url, keeping)).await?;
                Ok((Arc::new(tier.clone()), Arc::new(tier.lease())))
            }
            Self::Sqlite { path, .. } => {
                let mut config = SqliteConfig::new(path);
                config.keeping = keeping;
                let tier = SqliteTier::open(config).await?;
                Ok((Arc::new(tier.clone()), Arc::new(tier.lease())))
            }
        }
    }
}

/// A pool small enough for many tests at once, and patience enough for a busy machine.
pub fn postgres_config(url: &str, keeping: Keeping) -> PostgresConfig {
    let mut config = PostgresConfig::new(url.to_owned());
    (config.pool_size, config.pool_overflow) = (2, 4);
    config.acquire_timeout = Duration::from_secs(30);
    config.keeping = keeping;
    config
}

/// Nothing happens by itself: no flush, no cleanup.
pub fn keeping(clock: &ManualClock) -> Keeping {
    let mut keeping = Keeping::default();
    keeping.clock = Arc::new(clock.clone());
    keeping.call_timeout = Duration::from_secs(30);
    keeping.flush_interval = Duration::from_hours(1);
    keeping.cleanup_interval = None;
    keeping
}

impl Raw {
    pub async fn execute(&self, sql: &str) -> u64 {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Postgres(pool) => sqlx::raw_sql(sql).execute(pool).await.expect("the statement runs").rows_affected(),
            Self::Sqlite(pool) => sqlx::raw_sql(sql).execute(pool).await.expect("the statement runs").rows_affected(),
        }
    }

    pub async fn int(&self, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Postgres(pool) => sqlx::query_scalar(sql).fetch_one(pool).await.expect("a number"),
            Self::Sqlite(pool) => sqlx::query_scalar(sql).fetch_one(pool).await.expect("a number"),
        }
    }

    pub async fn text(&self, sql: &str) -> String {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Postgres(pool) => sqlx::query_scalar(sql).fetch_one(pool).await.expect("a text"),
            Self::Sqlite(pool) => sqlx::query_scalar(sql).fetch_one(pool).await.expect("a text"),
        }
    }

    /// Flips one bit in the middle of what is stored under `key`.
    pub async fn flip_a_bit(&self, key: &str) {
        let changed = match self {
            Self::Postgres(_) => {
                self.execute(&format!(
                    "UPDATE task_results SET result_data = set_bit(result_data, 8 * (octet_length(result_data) - 3), \
                     1 - get_bit(result_data, 8 * (octet_length(result_data) - 3))) WHERE cache_key = '{key}'"
                ))
                .await
            }
            Self::Sqlite(pool) => {
                let (revision, mut body): (i64, Vec<u8>) = sqlx::query_as(
                    "SELECT revision, result_data FROM task_bodies JOIN task_results USING (revision) WHERE cache_key = $1",
                )
                .bind(key.to_owned())
                .fetch_one(pool)
                .await
                .expect("the entry is stored");
                let at = body.len() - 3;
                body[at] ^= 1;
                let update = sqlx::query("UPDATE task_bodies SET result_data = $2 WHERE revision = $1");
                update.bind(revision).bind(body).execute(pool).await.expect("the bit is flipped").rows_affected()
            }
        };
        assert_eq!(changed, 1, "{key}");
    }
}

pub const HOUR: Duration = Duration::from_hours(1);
pub const DAY: Duration = Duration::from_hours(24);

pub fn key(text: &str) -> CacheKey {
    CacheKey::parse(text).expect("the tests' keys are keys")
}

/// Runs each behavior on both databases.
macro_rules! on_both {
    ($($behavior:ident)+) => {
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $behavior() {
                    if let Some(backend) = $crate::backend::Backend::postgres().await {
                        super::$behavior(backend).await;
                    }
                }
            )+
        }
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $behavior() {
                    if let Some(backend) = $crate::backend::Backend::sqlite().await {
                        super::$behavior(backend).await;
                    }
                }
            )+
        }
    };
}
pub(crate) use on_both;
