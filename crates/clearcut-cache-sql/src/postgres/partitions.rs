//! One partition per day of expiry: attached when the first result for the day comes, dropped when the day is over.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use sqlx::{AssertSqlSafe, Error, PgPool, Row};

use crate::{database::Dropped, day::Day, error::sql_state};

const PREFIX: &str = "task_results_";
/// Held while partitions are attached or dropped.
const PARTITIONS_LOCK: &str = "SELECT pg_advisory_xact_lock(4855430275173)";
const NAMES: &str = "SELECT c.relname::text AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
     WHERE i.inhparent = 'task_results'::regclass ORDER BY 1";

/// The days that this process knows a partition of.
#[derive(Debug, Default)]
pub(super) struct Partitions(Mutex<BTreeSet<Day>>);

impl Partitions {
    /// Makes sure that results which expire on `day` have a partition.
    ///
    /// Attaching takes a lock that neither readers nor writers wait for (`SHARE UPDATE EXCLUSIVE`); `CREATE TABLE …
    /// PARTITION OF` would make both wait.
    pub(super) async fn ensure(&self, pool: &PgPool, day: Day) -> Result<(), Error> {
        if self.known(|days| days.contains(&day)) {
            return Ok(());
        }
        let (name, from_ms, to_ms) = (name(day), day.start_ms(), day.plus(1).start_ms());
        let mut transaction = pool.begin().await?;
        sqlx::raw_sql(PARTITIONS_LOCK).execute(&mut *transaction).await?;
        let exists = format!("SELECT to_regclass('{name}') IS NOT NULL AS found");
        let row = sqlx::raw_sql(AssertSqlSafe(exists)).fetch_one(&mut *transaction).await?;
        if !row.try_get::<bool, _>("found")? {
            // Room on each page, so that a counted hit finds some beside the row (HOT).
            let create = format!(
                "CREATE TABLE {name} (LIKE task_results INCLUDING ALL) WITH (fillfactor = 80); \
                 ALTER TABLE task_results ATTACH PARTITION {name} FOR VALUES FROM ({from_ms}) TO ({to_ms});"
            );
            sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        self.known(|days| days.insert(day));
        Ok(())
    }

    /// Forgets that `day` has a partition: another process has dropped it.
    pub(super) fn forget(&self, day: Day) {
        self.known(|days| days.remove(&day));
    }

    /// Forgets every partition: the schema has been dropped.
    pub(super) fn forget_all(&self) {
        self.known(BTreeSet::clear);
    }

    /// Drops the partitions of every day before `today`.
    ///
    /// Dropping locks the whole table for a moment. It waits for running statements no longer than a second, because
    /// every later statement waits behind it; a partition that is read for longer goes next time.
    pub(super) async fn drop_before(&self, pool: &PgPool, today: Day) -> Result<Dropped, Error> {
        let mut dropped = Dropped::default();
        let first_kept = name(today);
        let names = sqlx::raw_sql(NAMES).fetch_all(pool).await?;
        for row in names {
            let name: String = row.try_get("name")?;
            // Names sort like days.
            if !name.starts_with(PREFIX) || name >= first_kept {
                continue;
            }
            match drop_one(pool, &name).await {
                Ok((entries, bytes)) => {
                    dropped.entries += entries;
                    dropped.bytes += bytes;
                    dropped.partitions += 1;
                }
                Err(error) if sql_state(&error).as_deref() == Some("55P03") => {
                    tracing::info!(cache.partition = name, "an expired partition is in use and is dropped next time");
                }
                Err(error) => return Err(error),
            }
        }
        self.known(|days| days.retain(|day| *day >= today));
        Ok(dropped)
    }

    fn known<T>(&self, look: impl FnOnce(&mut BTreeSet<Day>) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn drop_one(pool: &PgPool, name: &str) -> Result<(u64, u64), Error> {
    let mut transaction = pool.begin().await?;
    sqlx::raw_sql(PARTITIONS_LOCK).execute(&mut *transaction).await?;
    let count = format!("SELECT count(*) AS entries, coalesce(sum(stored_bytes), 0)::bigint AS bytes FROM {name}");
    let row = sqlx::raw_sql(AssertSqlSafe(count)).fetch_one(&mut *transaction).await?;
    let (entries, bytes) = (row.try_get::<i64, _>("entries")?, row.try_get::<i64, _>("bytes")?);
    let drop = format!("SET LOCAL lock_timeout = '1s'; DROP TABLE {name};");
    sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok((entries.try_into().unwrap_or_default(), bytes.try_into().unwrap_or_default()))
}

fn name(day: Day) -> String {
    format!("{PREFIX}{}", day.compact())
}
