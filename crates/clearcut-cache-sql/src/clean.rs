//! What keeps a cache in order: the work. The same for both databases.

use std::{convert::Infallible, time::Duration};

use async_trait::async_trait;
use clearcut_cache::{CacheKey, LeaseGrant, TierError};

use crate::{
    CacheUpkeep, CleanupOptions, CleanupReport, SqlTier, VerifyReport,
    database::Database,
    keeping::millis,
    reports::OWN_KEYS,
    statement::Statement,
    store::{PATIENCE, Store},
};

/// What a crashed cleanup delays the next one by.
const CLEANUP_LEASE: Duration = Duration::from_mins(1);

const OLD_METRICS: &str = "DELETE FROM processing_metrics WHERE recorded_ms <= $1";
/// Keys in order, from the one after `$1` on: live ones alone.
const KEYS_AFTER: &str =
    "SELECT DISTINCT cache_key FROM task_results WHERE cache_key > $1 AND expires_ms > $2 ORDER BY cache_key LIMIT 100";

#[async_trait]
impl<D: Database> CacheUpkeep for SqlTier<D> {
    async fn cleanup(&self, options: &CleanupOptions) -> Result<CleanupReport, TierError> {
        self.store.cleanup(options).await
    }

    async fn verify(&self) -> Result<VerifyReport, TierError> {
        self.store.verify_all().await
    }

    async fn flush(&self) -> Result<(), TierError> {
        self.store.flush().await
    }

    async fn close(&self) -> Result<(), TierError> {
        let flushed = self.store.flush().await;
        self.store.database.close().await;
        flushed
    }
}

impl<D: Database> Store<D> {
    pub(crate) async fn cleanup(&self, options: &CleanupOptions) -> Result<CleanupReport, TierError> {
        let Some(lease) = self.acquire_lease(&own_key("cleanup"), CLEANUP_LEASE).await? else {
            return Ok(CleanupReport { skipped: true, ..CleanupReport::default() });
        };
        let cleaned = tokio::select! {
            cleaned = self.clean(options) => cleaned,
            never = self.hold(&lease) => match never {},
        };
        let _ = self.release_lease(&lease).await;
        cleaned
    }

    /// Renews `lease` for as long as it is polled. A renewal that fails lets the lease end by itself: two cleanups at
    /// once are slow, not wrong.
    async fn hold(&self, lease: &LeaseGrant) -> Infallible {
        loop {
            tokio::time::sleep(CLEANUP_LEASE / 3).await;
            let _ = self.renew_lease(lease, CLEANUP_LEASE).await;
        }
    }

    /// Cleans up unless some process has done so within the last `interval`.
    pub(crate) async fn cleanup_if_due(&self, interval: Duration) -> Result<(), TierError> {
        let rest = own_key("rest");
        if self.is_leased(&rest).await? {
            return Ok(());
        }
        let report = self.cleanup(&self.keeping.cleanup).await?;
        if !report.skipped {
            self.acquire_lease(&rest, interval).await?;
            tracing::info!(
                tier = D::NAME,
                cache.entries = report.entries(),
                cache.bytes = report.bytes_freed,
                cache.partitions = report.partitions_dropped,
                "cache cleaned up"
            );
        }
        Ok(())
    }

    async fn clean(&self, options: &CleanupOptions) -> Result<CleanupReport, TierError> {
        // What was read since the last flush must not count as unread.
        self.flush().await?;
        let now_ms = self.keeping.now_ms();
        let before = |age: Duration| now_ms.saturating_sub(millis(age));
        let mut report = CleanupReport::default();

        let dropped = self.within(PATIENCE, self.database.drop_expired(now_ms)).await?;
        (report.expired, report.bytes_freed, report.partitions_dropped) =
            (dropped.entries, dropped.bytes, dropped.partitions);

        let deletions = &D::DIALECT.deletions;
        for (sql, limit_ms, deleted) in [
            (deletions.failures, before(options.failures_after), &mut report.failures),
            (deletions.unread, before(options.unread_after), &mut report.unread),
        ] {
            loop {
                let batch = self.delete(sql, limit_ms).await?;
                *deleted += batch.entries;
                report.bytes_freed += batch.bytes;
                if batch.entries == 0 {
                    break;
                }
            }
        }

        if let Some(most) = options.max_cache_size_bytes.or(self.keeping.cleanup.max_cache_size_bytes) {
            loop {
                let used = self.within(PATIENCE, self.database.used_bytes()).await?;
                let Some(over) = used.checked_sub(most).filter(|over| *over > 0) else { break };
                let batch = self.delete(deletions.oldest, over.try_into().unwrap_or(i64::MAX)).await?;
                report.over_size += batch.entries;
                report.bytes_freed += batch.bytes;
                if batch.entries == 0 {
                    break;
                }
            }
        }

        self.patiently(Statement::write_many(OLD_METRICS, [before(options.metrics_after).into()])).await?;
        self.patiently(Statement::write_many(D::DIALECT.leases.forget, [])).await?;
        self.within(PATIENCE, self.database.prepare(now_ms)).await?;
        self.within(PATIENCE, self.database.shrink()).await?;
        Ok(report)
    }

    async fn verify_all(&self) -> Result<VerifyReport, TierError> {
        let mut report = VerifyReport::default();
        let mut after = String::new();
        loop {
            let arguments = [after.as_str().into(), self.keeping.now_ms().into()];
            let rows = self.patiently(Statement::read(KEYS_AFTER, arguments)).await?;
            for row in &rows {
                let text = row.text(0).map_err(|error| self.failed(&error))?;
                text.clone_into(&mut after);
                // A key that is none was not put by this crate, and nobody can ask for it.
                let Ok(key) = CacheKey::parse(text) else { continue };
                report.checked += 1;
                report.removed += u64::from(!self.verify(&key).await?);
            }
            if rows.is_empty() {
                return Ok(report);
            }
        }
    }

    async fn delete(&self, sql: &'static str, argument: i64) -> Result<Batch, TierError> {
        let rows = self.patiently(Statement::write_many(sql, [argument.into()])).await?;
        let bytes = rows.iter().map(|row| row.int(1)).sum::<Result<i64, _>>().map_err(|error| self.failed(&error))?;
        Ok(Batch { entries: rows.len() as u64, bytes: bytes.try_into().unwrap_or_default() })
    }
}

/// What one deletion took out.
struct Batch {
    entries: u64,
    bytes: u64,
}

fn own_key(name: &str) -> CacheKey {
    CacheKey::parse(&format!("{OWN_KEYS}{name}")).expect("own keys are keys")
}
