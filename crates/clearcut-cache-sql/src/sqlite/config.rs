//! Which file, and how large.

use std::path::PathBuf;

use crate::Keeping;

/// Which file, and how large. Change what you need after [`SqliteConfig::new`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SqliteConfig {
    /// The file. Its folder is made if it does not exist. Beside it stand a write-ahead log (`-wal`, `-shm`) and a lock
    /// (`.lock`), and `.suspect` while it is suspected to be damaged.
    pub path: PathBuf,
    /// How many bytes of the file may be in use (`max_cache_size_mb`). Default 1 GiB. The write-ahead log takes up to
    /// 16 MiB more.
    pub max_cache_size_bytes: u64,
    /// Connections that read at the same time. One writes. Default 4.
    pub readers: u32,
    /// Whether every statement is logged at level debug (`DEBUG_SQL`). Default no. Arguments are never logged.
    pub log_statements: bool,
    /// How results are kept. [`Keeping::max_value_bytes`] is at most a quarter of the size.
    pub keeping: Keeping,
}

impl SqliteConfig {
    /// The defaults, for the file at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            max_cache_size_bytes: 1 << 30,
            readers: 4,
            log_statements: false,
            keeping: Keeping::default(),
        }
    }

    /// Bounds the file to `megabytes` of 1,048,576 bytes.
    #[must_use]
    pub fn max_cache_size_mb(mut self, megabytes: u64) -> Self {
        self.max_cache_size_bytes = megabytes.saturating_mul(1 << 20);
        self
    }
}
