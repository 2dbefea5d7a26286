//! SQLite as a [`Database`].

use std::path::PathBuf;

use async_trait::async_trait;
use clearcut_cache::Pattern;
use sqlx::{
    Error, SqliteConnection, SqlitePool,
    sqlite::{SqliteArguments, SqliteRow},
};

use super::NAME;
use crate::{
    database::{Database, Dialect, Dropped, NewResult, deletions},
    error::is_corrupt,
    lease::lease_sql,
    statement::{Record, Route, Statement, Value, statements_of},
};

statements_of!(sqlx::Sqlite, SqliteArguments, SqliteRow);

/// Large, because bodies are: fewer pages to follow for each.
pub(super) const PAGE_BYTES: u32 = 16_384;
/// Beyond what a put needs, this part of the bound is emptied: so that not every put has to.
const SPARE_PART: u64 = 32;
/// What a row takes besides its envelope, generously: the page that its end does not fill, the row, its indexes.
const ROW_BYTES: u64 = PAGE_BYTES as u64 + 2_048;

const USED: &str = "SELECT (SELECT page_count FROM pragma_page_count) - \
     (SELECT freelist_count FROM pragma_freelist_count)";
const SUPERSEDE: &str = "DELETE FROM task_results WHERE cache_key = $1";
const INSERT: &str = "INSERT INTO task_results (id, task_id, cache_key, input_hash, status, media_type, body_bytes, \
     stored_bytes, processing_time_ms, submitted_ms, last_read_ms, expires_ms) \
     VALUES ($1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10) RETURNING revision";
const INSERT_BODY: &str = "INSERT INTO task_bodies (revision, result_data) VALUES ($1, $2)";

/// One SQLite file.
#[derive(Debug)]
pub struct SqliteDatabase {
    /// One connection: SQLite has one writer at a time anyway, and waiting here is fair and cheap.
    pub(super) writer: SqlitePool,
    pub(super) readers: SqlitePool,
    pub(super) max_cache_size_bytes: u64,
    /// Stands beside the file while it is suspected to be damaged.
    pub(super) suspicion: PathBuf,
}

impl SqliteDatabase {
    /// Remembers that the file was found damaged: whoever opens it next looks through all of it.
    fn noticed<T>(&self, done: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &done
            && is_corrupt(error)
        {
            // Should it fail too, the next start looks no closer than it does anyway.
            let _ = std::fs::write(&self.suspicion, error.to_string());
        }
        done
    }

    /// All in one transaction: what was under the key, what must make room, the result and its body.
    async fn replace(&self, result: &NewResult) -> Result<(), Error> {
        let stored_bytes = result.envelope.len() as u64;
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        bind(SUPERSEDE, &[result.cache_key.as_str().into()]).execute(&mut *transaction).await?;
        self.make_room(&mut transaction, stored_bytes).await?;
        let row = fetch(
            &mut transaction,
            INSERT,
            &[
                result.id.as_str().into(),
                result.cache_key.as_str().into(),
                result.input_hash.as_str().into(),
                result.status.into(),
                result.media_type.as_str().into(),
                result.body_bytes.into(),
                Value::Int(stored_bytes.try_into().unwrap_or(i64::MAX)),
                result.processing_time_ms.into(),
                result.submitted_ms.into(),
                result.expires_ms.into(),
            ],
        )
        .await?;
        let revision = row.first().ok_or(Error::RowNotFound)?.int(0)?;
        let body = [revision.into(), result.envelope.clone().into()];
        bind(INSERT_BODY, &body).execute(&mut *transaction).await?;
        transaction.commit().await
    }

    /// Empties room for `needed` bytes, if there is none.
    async fn make_room(&self, connection: &mut SqliteConnection, needed: u64) -> Result<(), Error> {
        let bound = self.max_cache_size_bytes;
        loop {
            let wanted = used(connection).await? + needed + ROW_BYTES;
            if wanted <= bound {
                return Ok(());
            }
            let excess = wanted - bound + bound / SPARE_PART;
            let arguments = [Value::Int(excess.try_into().unwrap_or(i64::MAX))];
            if fetch(connection, Self::DIALECT.deletions.oldest, &arguments).await?.is_empty() {
                return Ok(());
            }
        }
    }
}

pub(super) async fn fetch(
    connection: &mut SqliteConnection,
    sql: &'static str,
    arguments: &[Value],
) -> Result<Vec<Record>, Error> {
    bind(sql, arguments).fetch_all(connection).await?.iter().map(record).collect()
}

/// Bytes of the pages that hold something.
async fn used(connection: &mut SqliteConnection) -> Result<u64, Error> {
    let rows = fetch(connection, USED, &[]).await?;
    let pages = rows.first().ok_or(Error::RowNotFound)?.int(0)?;
    Ok(u64::try_from(pages).unwrap_or_default() * u64::from(PAGE_BYTES))
}

#[async_trait]
impl Database for SqliteDatabase {
    const NAME: &'static str = NAME;

    const DIALECT: Dialect = Dialect {
        find: "SELECT task_results.revision, expires_ms, result_data FROM task_results \
               JOIN task_bodies ON task_bodies.revision = task_results.revision \
               WHERE cache_key = $1 AND expires_ms > $2",
        count_reads: "UPDATE task_results SET cache_hits = cache_hits + $4, last_read_ms = MAX(last_read_ms, $5) \
               WHERE cache_key = $1 AND revision = $2 AND expires_ms = $3",
        count_reads_elsewhere: "UPDATE task_results SET cache_hits = cache_hits + $2, \
               last_read_ms = MAX(last_read_ms, $3) WHERE cache_key = $1",
        record_metrics: "INSERT INTO processing_metrics (component, metric_name, metric_value, recorded_ms) \
               VALUES ($1, $2, $3, $4)",
        deletions: deletions!("revision", "GLOB $1"),
        leases: lease_sql!("CAST(unixepoch('subsec') * 1000 AS INTEGER)"),
    };

    fn pattern(pattern: &Pattern) -> String {
        pattern.as_str().chars().fold(String::new(), |mut glob, character| {
            match character {
                '?' | '[' => glob.extend(['[', character, ']']),
                _ => glob.push(character),
            }
            glob
        })
    }

    async fn run(&self, statement: &Statement) -> Result<Vec<Record>, Error> {
        let pool = match statement.route {
            Route::Find | Route::Read => &self.readers,
            Route::Write | Route::WriteMany => &self.writer,
        };
        let rows = bind(statement.sql, &statement.arguments).fetch_all(pool).await;
        self.noticed(rows)?.iter().map(record).collect()
    }

    async fn run_for_each(&self, sql: &'static str, rows: &[Vec<Value>]) -> Result<(), Error> {
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        for row in rows {
            bind(sql, row).execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }

    async fn insert(&self, result: &NewResult) -> Result<(), Error> {
        let inserted = self.replace(result).await;
        self.noticed(inserted)
    }

    async fn drop_expired(&self, now_ms: i64) -> Result<Dropped, Error> {
        let mut dropped = Dropped::default();
        loop {
            let rows = self.run(&Statement::write_many(Self::DIALECT.deletions.expired, [now_ms.into()])).await?;
            if rows.is_empty() {
                return Ok(dropped);
            }
            dropped.entries += rows.len() as u64;
            for row in &rows {
                dropped.bytes += u64::try_from(row.int(1)?).unwrap_or_default();
            }
        }
    }

    async fn used_bytes(&self) -> Result<u64, Error> {
        used(&mut *self.readers.acquire().await?).await
    }

    /// Nothing: there are no partitions.
    async fn prepare(&self, _now_ms: i64) -> Result<(), Error> {
        Ok(())
    }

    async fn shrink(&self) -> Result<(), Error> {
        let mut connection = self.writer.acquire().await?;
        sqlx::raw_sql("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE);").execute(&mut *connection).await?;
        Ok(())
    }

    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

#[cfg(test)]
mod tests;
