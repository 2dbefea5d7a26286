//! What a database must do so that everything else is written once.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use clearcut_cache::Pattern;
use sqlx::Error;

use crate::{
    lease::LeaseSql,
    statement::{Record, Statement, Value},
};

/// A database that can keep results. Implemented by Postgres and by SQLite, and by nothing outside this crate.
#[async_trait]
pub trait Database: fmt::Debug + Send + Sync + 'static {
    /// The tier's name.
    const NAME: &'static str;
    /// The texts that differ.
    const DIALECT: Dialect;

    /// `pattern` in the language of [`Dialect::clear`].
    fn pattern(pattern: &Pattern) -> String;

    /// Runs one statement by itself.
    async fn run(&self, statement: &Statement) -> Result<Vec<Record>, Error>;

    /// Runs one of the dialect's texts for each of `rows`, all or none.
    async fn run_for_each(&self, sql: &'static str, rows: &[Vec<Value>]) -> Result<(), Error>;

    /// Keeps a result, and takes out what was kept under its key before.
    async fn insert(&self, result: &NewResult) -> Result<(), Error>;

    /// Takes out every result that expired before `now_ms`, or as many as is cheap.
    async fn drop_expired(&self, now_ms: i64) -> Result<Dropped, Error>;

    /// How many bytes the results take, and with them what must be kept for them.
    async fn used_bytes(&self) -> Result<u64, Error>;

    /// Makes what puts of the next days will need.
    async fn prepare(&self, now_ms: i64) -> Result<(), Error>;

    /// Gives free room back to the operating system.
    async fn shrink(&self) -> Result<(), Error>;

    /// Ends every connection.
    async fn close(&self);
}

/// The texts that differ between databases.
#[derive(Debug)]
pub struct Dialect {
    /// Newest live result of key `$1` at `$2`: revision, expiry, envelope.
    pub(crate) find: &'static str,
    /// For each of key, revision, expiry, hits, time of the last: adds the hits.
    pub(crate) count_reads: &'static str,
    /// For each of key, hits, time of the last: adds the hits to what is kept under the key.
    pub(crate) count_reads_elsewhere: &'static str,
    /// For each of component, name, value, time: adds a metric.
    pub(crate) record_metrics: &'static str,
    /// Deletions in batches of [`BATCH`](crate::clean::BATCH) rows; each answers expiry and size of the deleted.
    pub(crate) deletions: Deletions,
    /// Leases, by the database's own clock.
    pub(crate) leases: LeaseSql,
}

/// Deletions of many rows. Each answers expiry and stored bytes of what it deleted, at most a batch.
#[derive(Debug)]
pub struct Deletions {
    /// Keys like `$1`.
    pub(crate) matching: &'static str,
    /// Failures put before `$1`.
    pub(crate) failures: &'static str,
    /// Results last read, or put and never read, before `$1`.
    pub(crate) unread: &'static str,
    /// The results read longest ago, until they make up `$1` bytes.
    pub(crate) oldest: &'static str,
    /// Results that expired before `$1`.
    pub(crate) expired: &'static str,
}

/// `$row` are the columns by which rows are best found again, `$matches` compares a key with a pattern.
macro_rules! deletions {
    ($row:literal, $matches:literal) => {
        $crate::database::Deletions {
            matching: $crate::database::delete_batch!($row, concat!("cache_key ", $matches)),
            failures: $crate::database::delete_batch!($row, "status = 'FAILURE' AND submitted_ms <= $1"),
            unread: $crate::database::delete_batch!($row, "last_read_ms <= $1"),
            expired: $crate::database::delete_batch!($row, "expires_ms <= $1"),
            oldest: concat!(
                "DELETE FROM task_results WHERE (",
                $row,
                ") IN (SELECT ",
                $row,
                " FROM (SELECT ",
                $row,
                ", SUM(stored_bytes) OVER (ORDER BY last_read_ms, revision) - stored_bytes AS bytes_before \
                 FROM (SELECT cache_key, revision, expires_ms, last_read_ms, stored_bytes FROM task_results \
                 ORDER BY last_read_ms, revision LIMIT 1000) AS oldest) AS summed WHERE bytes_before < $1) \
                 RETURNING expires_ms, stored_bytes"
            ),
        }
    };
}
pub(crate) use deletions;

macro_rules! delete_batch {
    ($row:literal, $condition:expr) => {
        concat!(
            "DELETE FROM task_results WHERE (",
            $row,
            ") IN (SELECT ",
            $row,
            " FROM task_results WHERE ",
            $condition,
            " LIMIT 1000) RETURNING expires_ms, stored_bytes"
        )
    };
}
pub(crate) use delete_batch;

/// What a put writes.
#[derive(Debug)]
pub struct NewResult {
    /// Random.
    pub(crate) id: String,
    /// Under what it is kept.
    pub(crate) cache_key: String,
    /// The key's second part: the digest of the input.
    pub(crate) input_hash: String,
    /// `SUCCESS` or `FAILURE`.
    pub(crate) status: &'static str,
    /// Of the body.
    pub(crate) media_type: String,
    /// The entry in its envelope.
    pub(crate) envelope: Bytes,
    /// Size of the body alone.
    pub(crate) body_bytes: i64,
    /// What it took to compute.
    pub(crate) processing_time_ms: f64,
    /// Now.
    pub(crate) submitted_ms: i64,
    /// When it stops being answered.
    pub(crate) expires_ms: i64,
}

/// What [`Database::drop_expired`] took out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    pub(crate) entries: u64,
    pub(crate) bytes: u64,
    pub(crate) partitions: u64,
}
