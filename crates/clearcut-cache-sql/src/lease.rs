//! Leases in a table: one process among many computes a key.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use clearcut_cache::{CacheKey, LeaseGrant, LeaseKeeper, TierError};
use uuid::Uuid;

use crate::{database::Database, keeping::millis, statement::Statement, store::Store};

/// Leases for single flight across processes, in the tier's own database.
///
/// A lease is a row with an owner, a fence and a time, taken by one `INSERT … ON CONFLICT DO UPDATE … WHERE` that
/// succeeds only where the earlier holder's time is over. Not an advisory lock, for three reasons: an advisory lock
/// has no time and stays with a holder that hangs but keeps its connection; it carries no fence; and it belongs to a
/// connection, which `PgBouncer` in transaction mode takes away after each statement.
///
/// Time is the database's: servers whose clocks differ agree on who holds a lease. A released row stays for a day, so
/// that the next fence is greater; a fence also never starts below the time in milliseconds, so that it grows when the
/// row was cleaned up in between.
#[derive(Debug)]
pub struct SqlLease<D> {
    store: Arc<Store<D>>,
}

impl<D: Database> SqlLease<D> {
    pub(crate) fn new(store: Arc<Store<D>>) -> Self {
        Self { store }
    }
}

#[async_trait]
impl<D: Database> LeaseKeeper for SqlLease<D> {
    async fn acquire(&self, key: &CacheKey, ttl: Duration) -> Result<Option<LeaseGrant>, TierError> {
        self.store.acquire_lease(key, ttl).await
    }

    async fn renew(&self, grant: &LeaseGrant, ttl: Duration) -> Result<bool, TierError> {
        self.store.renew_lease(grant, ttl).await
    }

    async fn release(&self, grant: &LeaseGrant) -> Result<bool, TierError> {
        self.store.release_lease(grant).await
    }
}

impl<D: Database> Store<D> {
    pub(crate) async fn acquire_lease(&self, key: &CacheKey, ttl: Duration) -> Result<Option<LeaseGrant>, TierError> {
        let owner = Uuid::new_v4();
        let arguments = [key.as_str().into(), owner.to_string().into(), millis(ttl).into()];
        let rows = self.bounded(Statement::write(D::DIALECT.leases.acquire, arguments)).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let fence = row.int(0).map_err(|error| self.failed(&error))?;
        Ok(Some(LeaseGrant { key: key.clone(), owner: owner.as_u128(), fence: fence.try_into().unwrap_or_default() }))
    }

    pub(crate) async fn renew_lease(&self, grant: &LeaseGrant, ttl: Duration) -> Result<bool, TierError> {
        let arguments = [grant.key.as_str().into(), owner_text(grant).into(), millis(ttl).into()];
        Ok(!self.bounded(Statement::write(D::DIALECT.leases.renew, arguments)).await?.is_empty())
    }

    pub(crate) async fn release_lease(&self, grant: &LeaseGrant) -> Result<bool, TierError> {
        let arguments = [grant.key.as_str().into(), owner_text(grant).into()];
        Ok(!self.bounded(Statement::write(D::DIALECT.leases.release, arguments)).await?.is_empty())
    }

    /// Whether anybody holds the lease of `key`.
    pub(crate) async fn is_leased(&self, key: &CacheKey) -> Result<bool, TierError> {
        let arguments = [key.as_str().into()];
        Ok(!self.bounded(Statement::read(D::DIALECT.leases.held, arguments)).await?.is_empty())
    }
}

fn owner_text(grant: &LeaseGrant) -> String {
    Uuid::from_u128(grant.owner).to_string()
}

/// Statements on leases. Each answers a row exactly if it did what it is called.
#[derive(Debug)]
pub struct LeaseSql {
    /// Key `$1` for owner `$2` and `$3` ms; answers the fence.
    pub(crate) acquire: &'static str,
    /// Key `$1` of owner `$2` for `$3` ms from now.
    pub(crate) renew: &'static str,
    /// Key `$1` of owner `$2`.
    pub(crate) release: &'static str,
    /// Key `$1`.
    pub(crate) held: &'static str,
    /// Rows that nobody has held for a day.
    pub(crate) forget: &'static str,
}

/// `$now` is the database's time in milliseconds since 1970.
macro_rules! lease_sql {
    ($now:literal) => {
        $crate::lease::LeaseSql {
            acquire: concat!(
                "INSERT INTO task_leases (cache_key, owner, fence, acquired_ms, expires_ms) VALUES ($1, $2, ",
                $now,
                ", ",
                $now,
                ", ",
                $now,
                " + $3) \
                 ON CONFLICT (cache_key) DO UPDATE SET owner = excluded.owner, acquired_ms = excluded.acquired_ms, \
                 expires_ms = excluded.expires_ms, fence = CASE WHEN task_leases.fence < excluded.fence \
                 THEN excluded.fence ELSE task_leases.fence + 1 END \
                 WHERE task_leases.expires_ms <= ",
                $now,
                " RETURNING fence"
            ),
            renew: concat!(
                "UPDATE task_leases SET expires_ms = ",
                $now,
                " + $3 \
                 WHERE cache_key = $1 AND owner = $2 AND expires_ms > ",
                $now,
                " RETURNING fence"
            ),
            release: concat!(
                "UPDATE task_leases SET expires_ms = 0 \
                 WHERE cache_key = $1 AND owner = $2 AND expires_ms > ",
                $now,
                " RETURNING fence"
            ),
            held: concat!("SELECT fence FROM task_leases WHERE cache_key = $1 AND expires_ms > ", $now),
            forget: concat!(
                "DELETE FROM task_leases WHERE expires_ms <= ",
                $now,
                " AND acquired_ms <= ",
                $now,
                " - 86400000"
            ),
        }
    };
}
pub(crate) use lease_sql;
