//! Opening a file: locked, checked, and set aside where it is damaged.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

use clearcut_cache::{TierError, TierErrorKind};
use tokio::time::Instant;

use super::{NAME, SqliteConfig, SqliteDatabase, connect::connect};
use crate::error::{is_corrupt, tier_error};

/// Longest wait for other processes that are opening the same file.
const LOCK_PATIENCE: Duration = Duration::from_secs(20);

/// Opens the file of `config`, or makes it.
///
/// One process at a time: the switch to a write-ahead log and the first migration do not bear company, and a file may
/// be set aside only by who is alone with it.
pub(super) async fn open(config: &SqliteConfig) -> Result<SqliteDatabase, TierError> {
    let path = &config.path;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| unusable(folder, "cannot make the folder", &error))?;
    }
    let _lock = lock(&beside(path, ".lock")).await?;
    let suspicion = beside(path, ".suspect");
    match connect(config, suspicion.clone()).await {
        Err(error) if is_corrupt(&error) => {
            let aside = beside(path, &format!(".damaged-{}", config.keeping.now_ms()));
            tracing::error!(
                cache.file = %path.display(), cache.set_aside = %aside.display(), %error,
                "the cache file is damaged: it is set aside and a new one is begun"
            );
            set_aside(path, &aside)?;
            // What it was suspected of went with it.
            let _ = std::fs::remove_file(&suspicion);
            connect(config, suspicion).await.map_err(|error| failed(path, &error))
        }
        opened => opened.map_err(|error| failed(path, &error)),
    }
}

/// Waits for the lock file. It is let go when the value is dropped, or the process dies.
async fn lock(path: &Path) -> Result<File, TierError> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(|error| unusable(path, "cannot write", &error))?;
    let asked = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if asked.elapsed() < LOCK_PATIENCE => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Err(TryLockError::WouldBlock) => {
                let reason = format!("another process has been opening {} for {LOCK_PATIENCE:?}", path.display());
                return Err(TierError::new(NAME, TierErrorKind::Timeout, reason));
            }
            Err(TryLockError::Error(error)) => return Err(unusable(path, "cannot lock", &error)),
        }
    }
}

/// Renames the file, and what belongs to it.
fn set_aside(path: &Path, aside: &Path) -> Result<(), TierError> {
    std::fs::rename(path, aside).map_err(|error| unusable(path, "cannot set aside", &error))?;
    for suffix in ["-wal", "-shm"] {
        // Left behind, it would be taken for the new file's log. It need not exist.
        let _ = std::fs::rename(beside(path, suffix), beside(aside, suffix));
    }
    Ok(())
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn unusable(path: &Path, what: &str, error: &std::io::Error) -> TierError {
    let kind = match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => TierErrorKind::Full,
        _ => TierErrorKind::Configuration,
    };
    TierError::new(NAME, kind, format!("{what} {}: {error}", path.display()))
}

fn failed(path: &Path, error: &sqlx::Error) -> TierError {
    let kind = tier_error(NAME, error).kind();
    TierError::new(NAME, kind, format!("{}: {error}", path.display()))
}
