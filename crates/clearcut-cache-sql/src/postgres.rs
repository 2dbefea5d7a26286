//! Results in Postgres, for many servers.

mod config;
mod database;
mod partitions;
mod pool;

pub use config::PostgresConfig;
pub use database::PostgresDatabase;

use clearcut_cache::TierError;

use crate::{SqlLease, SqlTier, error::tier_error};

/// The tier's name.
const NAME: &str = "postgres";

/// A cache tier in Postgres.
///
/// Results are partitioned by the day of their expiry; expired ones go with their partition. Bodies are inserted and
/// never rewritten. Every call is bounded by [`Keeping::call_timeout`](crate::Keeping::call_timeout).
pub type PostgresTier = SqlTier<PostgresDatabase>;

/// Leases in Postgres.
pub type PostgresLease = SqlLease<PostgresDatabase>;

impl PostgresTier {
    /// Connects, and brings the schema up to date under a lock: any number of processes may start at once.
    ///
    /// Fails if the server cannot be reached, refuses the password, or holds a schema of a newer version. A program
    /// that would rather start degraded takes [`PostgresTier::connect_lazy`]. Must be called within a tokio runtime.
    pub async fn connect(config: PostgresConfig) -> Result<Self, TierError> {
        let tier = Self::connect_lazy(config)?;
        // Patient, because others may be migrating.
        tier.store.database.ready().await.map_err(|error| tier_error(NAME, &error))?;
        Ok(tier)
    }

    /// As [`PostgresTier::connect`], but connects and migrates at the first call that reaches the server; calls before
    /// that fail.
    pub fn connect_lazy(config: PostgresConfig) -> Result<Self, TierError> {
        let database = PostgresDatabase::new(&config).map_err(|error| tier_error(NAME, &error))?;
        Ok(Self::start(database, config.keeping))
    }
}
