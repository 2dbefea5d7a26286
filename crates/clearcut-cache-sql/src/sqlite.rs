//! Results in one SQLite file: the embedded default.

mod config;
mod connect;
mod database;
mod file;

pub use config::SqliteConfig;
pub use database::SqliteDatabase;

use clearcut_cache::TierError;

use crate::{SqlLease, SqlTier};

/// The tier's name.
const NAME: &str = "sqlite";

/// A cache tier in one SQLite file, which many processes of one machine may share.
///
/// Write-ahead log, `synchronous = NORMAL`: a crash of the machine may lose the last moments, never the file. Bounded by
/// [`SqliteConfig::max_cache_size_bytes`]: a put that would exceed it first takes out what was read longest ago.
pub type SqliteTier = SqlTier<SqliteDatabase>;

/// Leases in a SQLite file.
pub type SqliteLease = SqlLease<SqliteDatabase>;

impl SqliteTier {
    /// Opens the file, or makes it, and brings its schema up to date. Any number of processes may start at once.
    ///
    /// A damaged file is set aside under another name, said at level error, and a new one is begun: a cache can be
    /// computed again. Fails with [`Configuration`](clearcut_cache::TierErrorKind::Configuration) where the file cannot
    /// be written, is another program's database, or was written by a newer version. Must be called within a tokio
    /// runtime.
    pub async fn open(config: SqliteConfig) -> Result<Self, TierError> {
        let mut keeping = config.keeping.clone();
        keeping.cleanup.max_cache_size_bytes.get_or_insert(config.max_cache_size_bytes);
        // A value may not drive out all others.
        keeping.max_value_bytes =
            keeping.max_value_bytes.min(usize::try_from(config.max_cache_size_bytes / 4).unwrap_or(usize::MAX));
        let database = file::open(&config).await?;
        Ok(Self::start(database, keeping))
    }
}
