//! Results: found, put, removed. The same for both databases.

use std::{future::Future, time::Duration};

use clearcut_cache::{
    CacheKey, Entry, EntryStatus, Pattern, PutOptions, PutOutcome, TierError, TierErrorKind, envelope,
};
use sqlx::Error;
use uuid::Uuid;

use crate::{
    counters::{Counters, Read},
    database::{Database, NewResult},
    error::tier_error,
    keeping::{Keeping, millis},
    statement::{Record, Statement},
};

const REMOVE: &str = "DELETE FROM task_results WHERE cache_key = $1 RETURNING expires_ms";
const REMOVE_REVISION: &str = "DELETE FROM task_results WHERE cache_key = $1 AND revision = $2 RETURNING expires_ms";
/// Longest wait for work on many rows: a server that has vanished must not hold the upkeep for ever.
pub(crate) const PATIENCE: Duration = Duration::from_mins(5);

const PROBE: &str = "SELECT CAST(1 AS BIGINT)";

/// A database with results in it.
#[derive(Debug)]
pub struct Store<D> {
    pub(crate) database: D,
    pub(crate) keeping: Keeping,
    pub(crate) counters: Counters,
}

/// A result as it stands in the database.
struct Found {
    revision: i64,
    expires_ms: i64,
    envelope: bytes::Bytes,
}

impl<D: Database> Store<D> {
    pub(crate) fn new(database: D, keeping: Keeping) -> Self {
        Self { database, keeping, counters: Counters::default() }
    }

    pub(crate) async fn get(&self, key: &CacheKey) -> Result<Option<Entry>, TierError> {
        let now_ms = self.keeping.now_ms();
        let Some(found) = self.find(key, now_ms).await? else { return Ok(None) };
        match envelope::decode(&found.envelope) {
            Ok(entry) if entry.is_expired(self.keeping.clock.now()) => Ok(None),
            Ok(entry) => {
                let read = Read { cache_key: key.clone(), revision: found.revision, expires_ms: found.expires_ms };
                self.counters.read(&read, now_ms);
                Ok(Some(entry))
            }
            Err(error) => {
                self.counters.unreadable(now_ms);
                self.remove_revision(key, found.revision).await?;
                Err(error.in_tier(D::NAME))
            }
        }
    }

    /// Whether the entry under `key` can be read; removed if it cannot. Not counted as read.
    pub(crate) async fn verify(&self, key: &CacheKey) -> Result<bool, TierError> {
        let Some(found) = self.find(key, self.keeping.now_ms()).await? else { return Ok(true) };
        let readable = envelope::decode(&found.envelope).is_ok();
        if !readable {
            self.remove_revision(key, found.revision).await?;
        }
        Ok(readable)
    }

    pub(crate) async fn put(
        &self,
        key: &CacheKey,
        entry: &Entry,
        options: &PutOptions,
    ) -> Result<PutOutcome, TierError> {
        let now_ms = self.keeping.now_ms();
        let ttl_ms = millis(options.ttl.min(self.keeping.longest_ttl));
        let expires_ms = now_ms.saturating_add(ttl_ms).min(entry.head.expires_ms.try_into().unwrap_or(i64::MAX));
        let Ok(envelope) = envelope::encode(entry) else { return Ok(PutOutcome::Declined) };
        if envelope.len() > self.keeping.max_value_bytes || expires_ms <= now_ms {
            return Ok(PutOutcome::Declined);
        }
        let result = NewResult {
            id: Uuid::new_v4().to_string(),
            cache_key: key.as_str().to_owned(),
            input_hash: input_hash(key).to_owned(),
            status: match entry.head.status {
                EntryStatus::Success => "SUCCESS",
                EntryStatus::Failure => "FAILURE",
            },
            media_type: entry.head.media_type.clone(),
            envelope,
            body_bytes: entry.body.len().try_into().unwrap_or(i64::MAX),
            processing_time_ms: entry.head.compute_us as f64 / 1_000.0,
            submitted_ms: now_ms,
            expires_ms,
        };
        self.in_time(self.database.insert(&result)).await?;
        Ok(PutOutcome::Stored)
    }

    pub(crate) async fn remove(&self, key: &CacheKey) -> Result<bool, TierError> {
        let rows = self.bounded(Statement::write(REMOVE, [key.as_str().into()])).await?;
        Ok(self.count_live(&rows)? > 0)
    }

    pub(crate) async fn clear(&self, pattern: &Pattern) -> Result<u64, TierError> {
        let mut cleared = 0;
        loop {
            let statement = Statement::write_many(D::DIALECT.deletions.matching, [D::pattern(pattern).into()]);
            let rows = self.patiently(statement).await?;
            cleared += self.count_live(&rows)?;
            if rows.is_empty() {
                return Ok(cleared);
            }
        }
    }

    pub(crate) async fn probe(&self) -> Result<(), TierError> {
        self.bounded(Statement::read(PROBE, [])).await.map(drop)
    }

    async fn find(&self, key: &CacheKey, now_ms: i64) -> Result<Option<Found>, TierError> {
        let statement = Statement::find(D::DIALECT.find, [key.as_str().into(), now_ms.into()]);
        let rows = self.bounded(statement).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let found = || Ok(Found { revision: row.int(0)?, expires_ms: row.int(1)?, envelope: row.bytes(2)?.clone() });
        found().map(Some).map_err(|error| self.failed(&error))
    }

    async fn remove_revision(&self, key: &CacheKey, revision: i64) -> Result<(), TierError> {
        self.bounded(Statement::write(REMOVE_REVISION, [key.as_str().into(), revision.into()])).await.map(drop)
    }

    /// How many of deleted rows had not expired.
    fn count_live(&self, deleted: &[Record]) -> Result<u64, TierError> {
        let now_ms = self.keeping.now_ms();
        let live = |count, row: &Record| Ok(count + u64::from(row.int(0)? > now_ms));
        deleted.iter().try_fold(0, live).map_err(|error| self.failed(&error))
    }

    /// Runs `statement` within the time limit of a call.
    pub(crate) async fn bounded(&self, statement: Statement) -> Result<Vec<Record>, TierError> {
        self.in_time(self.database.run(&statement)).await
    }

    /// Runs `statement` on many rows, for which nobody waits with a picture.
    pub(crate) async fn patiently(&self, statement: Statement) -> Result<Vec<Record>, TierError> {
        self.within(PATIENCE, self.database.run(&statement)).await
    }

    /// Does `work` within the time limit of a call.
    pub(crate) async fn in_time<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, TierError> {
        self.within(self.keeping.call_timeout, work).await
    }

    /// Does `work` within `limit`.
    pub(crate) async fn within<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, TierError> {
        let Ok(done) = tokio::time::timeout(limit, work).await else {
            let reason = format!("no answer within {} ms", limit.as_millis());
            return Err(TierError::new(D::NAME, TierErrorKind::Timeout, reason));
        };
        done.map_err(|error| self.failed(&error))
    }

    #[expect(clippy::unused_self, reason = "the store knows the tier's name")]
    pub(crate) fn failed(&self, error: &Error) -> TierError {
        tier_error(D::NAME, error)
    }
}

/// The part after the namespace: the digest of the input, by the cache's convention.
pub(crate) fn input_hash(key: &CacheKey) -> &str {
    key.as_str().split(':').nth(1).unwrap_or_default()
}
