//! Postgres as a [`Database`].

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use clearcut_cache::Pattern;
use sqlx::{Error, migrate::Migrator};
use tokio::sync::Mutex;

use super::{NAME, PostgresConfig, partitions::Partitions, pool::Pool};
use crate::{
    database::{Database, Dialect, Dropped, NewResult, deletions},
    day::Day,
    error::sql_state,
    keeping::millis,
    lease::lease_sql,
    statement::{Record, Route, Statement, Value},
};

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/postgres");

/// SQLSTATE of a table that does not exist.
const UNDEFINED_TABLE: &str = "42P01";
/// SQLSTATE of a row that no partition takes.
const CHECK_VIOLATION: &str = "23514";

/// Held while the schema is brought up to date.
const MIGRATIONS_LOCK: &str = "SELECT pg_advisory_xact_lock(4855430275171)";

/// Inserts, and takes out the live older revisions of the key in the same statement. Expired ones go with their
/// partition.
const INSERT: &str = "WITH new AS (INSERT INTO task_results (id, task_id, cache_key, input_hash, status, media_type, \
     result_data, body_bytes, stored_bytes, processing_time_ms, submitted_ms, last_read_ms, expires_ms) \
     VALUES (CAST($1 AS uuid), $1, $2, $3, $4, $5, $6, $7, octet_length($6), $8, $9, $9, $10) RETURNING revision) \
     DELETE FROM task_results USING new WHERE task_results.cache_key = $2 AND task_results.revision < new.revision \
     AND task_results.expires_ms > $9";

const USED_BYTES: &str = "SELECT CAST(COALESCE(SUM(stored_bytes), 0) AS BIGINT) FROM task_results";

/// Postgres.
#[derive(Debug)]
pub struct PostgresDatabase {
    primary: Pool,
    replica: Option<Pool>,
    partitions: Partitions,
    default_ttl: Duration,
    migrated: AtomicBool,
    migrating: Mutex<()>,
}

impl PostgresDatabase {
    pub(super) fn new(config: &PostgresConfig) -> Result<Self, Error> {
        Ok(Self {
            primary: Pool::new(&config.url, config)?,
            replica: config.replica_url.as_ref().map(|url| Pool::new(url, config)).transpose()?,
            partitions: Partitions::default(),
            default_ttl: config.keeping.default_ttl,
            migrated: AtomicBool::new(false),
            migrating: Mutex::new(()),
        })
    }

    /// Brings the schema up to date, once.
    ///
    /// All migrations are one transaction, which holds the lock: sqlx's own lock belongs to a connection, which
    /// `PgBouncer` does not keep.
    pub(super) async fn ready(&self) -> Result<(), Error> {
        if self.migrated.load(Ordering::Acquire) {
            return Ok(());
        }
        let _alone = self.migrating.lock().await;
        if self.migrated.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut transaction = self.primary.connections.begin().await?;
        sqlx::raw_sql(MIGRATIONS_LOCK).execute(&mut *transaction).await?;
        self.primary.forget_statements(&mut transaction).await?;
        let mut migrator = Migrator { migrations: MIGRATIONS.migrations.clone(), ..Migrator::DEFAULT };
        migrator.set_locking(false);
        migrator.run_direct(None, &mut *transaction, false).await?;
        self.primary.forget_statements(&mut transaction).await?;
        transaction.commit().await?;
        self.migrated.store(true, Ordering::Release);
        Ok(())
    }

    /// Notices that the tables are gone (an empty database behind the same address): the next call makes them again.
    fn noticed<T>(&self, done: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &done
            && sql_state(error).as_deref() == Some(UNDEFINED_TABLE)
        {
            self.partitions.forget_all();
            self.migrated.store(false, Ordering::Release);
        }
        done
    }

    /// Rows from the replica; `None` where it failed or has none.
    async fn run_on_replica(&self, statement: &Statement) -> Option<Vec<Record>> {
        let replica = self.replica.as_ref().filter(|_| statement.route == Route::Find)?;
        match replica.run(statement).await {
            Ok(rows) => Some(rows).filter(|rows| !rows.is_empty()),
            Err(error) => {
                tracing::debug!(tier = NAME, %error, "the read replica does not answer; the primary is asked");
                None
            }
        }
    }
}

#[async_trait]
impl Database for PostgresDatabase {
    const NAME: &'static str = NAME;

    const DIALECT: Dialect = Dialect {
        find: "SELECT revision, expires_ms, result_data FROM task_results \
               WHERE cache_key = $1 AND expires_ms > $2 ORDER BY revision DESC LIMIT 1",
        count_reads: "UPDATE task_results SET cache_hits = cache_hits + counted.hits, \
               last_read_ms = GREATEST(last_read_ms, counted.last_ms) \
               FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) \
               AS counted (cache_key, revision, expires_ms, hits, last_ms) \
               WHERE task_results.cache_key = counted.cache_key AND task_results.revision = counted.revision \
               AND task_results.expires_ms = counted.expires_ms",
        count_reads_elsewhere: "UPDATE task_results SET cache_hits = cache_hits + counted.hits, \
               last_read_ms = GREATEST(last_read_ms, counted.last_ms) \
               FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS counted (cache_key, hits, last_ms) \
               WHERE task_results.cache_key = counted.cache_key AND task_results.expires_ms > counted.last_ms",
        record_metrics: "INSERT INTO processing_metrics (component, metric_name, metric_value, recorded_ms) \
               SELECT * FROM unnest($1::text[], $2::text[], $3::double precision[], $4::bigint[])",
        deletions: deletions!("cache_key, revision, expires_ms", "LIKE $1 ESCAPE '!'"),
        leases: lease_sql!("CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"),
    };

    fn pattern(pattern: &Pattern) -> String {
        pattern.as_str().chars().fold(String::new(), |mut like, character| {
            match character {
                '*' => like.push('%'),
                '%' | '_' | '!' => like.extend(['!', character]),
                _ => like.push(character),
            }
            like
        })
    }

    async fn run(&self, statement: &Statement) -> Result<Vec<Record>, Error> {
        if let Some(rows) = self.run_on_replica(statement).await {
            return Ok(rows);
        }
        self.ready().await?;
        self.noticed(self.primary.run(statement).await)
    }

    async fn run_for_each(&self, sql: &'static str, rows: &[Vec<Value>]) -> Result<(), Error> {
        self.ready().await?;
        self.noticed(self.primary.run_for_each(sql, rows).await)
    }

    async fn insert(&self, result: &NewResult) -> Result<(), Error> {
        self.ready().await?;
        let day = Day::of_ms(result.expires_ms);
        let statement = Statement::write(
            INSERT,
            [
                result.id.as_str().into(),
                result.cache_key.as_str().into(),
                result.input_hash.as_str().into(),
                result.status.into(),
                result.media_type.as_str().into(),
                result.envelope.clone().into(),
                result.body_bytes.into(),
                result.processing_time_ms.into(),
                result.submitted_ms.into(),
                result.expires_ms.into(),
            ],
        );
        self.partitions.ensure(&self.primary.connections, day).await?;
        match self.primary.run(&statement).await {
            // No partition takes the row: a process whose clock is ahead has dropped it.
            Err(error) if sql_state(&error).as_deref() == Some(CHECK_VIOLATION) => {
                self.partitions.forget(day);
                self.partitions.ensure(&self.primary.connections, day).await?;
                self.primary.run(&statement).await.map(drop)
            }
            inserted => self.noticed(inserted).map(drop),
        }
    }

    async fn drop_expired(&self, now_ms: i64) -> Result<Dropped, Error> {
        self.ready().await?;
        self.partitions.drop_before(&self.primary.connections, Day::of_ms(now_ms)).await
    }

    async fn used_bytes(&self) -> Result<u64, Error> {
        let rows = self.run(&Statement::read(USED_BYTES, [])).await?;
        let bytes = rows.first().ok_or(Error::RowNotFound)?.int(0)?;
        Ok(bytes.try_into().unwrap_or_default())
    }

    /// Makes the partitions into which results of the default time to live will fall today and tomorrow.
    async fn prepare(&self, now_ms: i64) -> Result<(), Error> {
        self.ready().await?;
        let first = Day::of_ms(now_ms.saturating_add(millis(self.default_ttl)));
        for ahead in 0..=1 {
            self.partitions.ensure(&self.primary.connections, first.plus(ahead)).await?;
        }
        Ok(())
    }

    /// Postgres' autovacuum does.
    async fn shrink(&self) -> Result<(), Error> {
        Ok(())
    }

    async fn close(&self) {
        if let Some(replica) = &self.replica {
            replica.connections.close().await;
        }
        self.primary.connections.close().await;
    }
}
