//! The unfinished file of a download.

use std::fs::{self, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use tokio::fs::File;
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use super::{PullError, blocking};
use crate::Sha256Digest;
use crate::store::StoreError;

/// An unfinished file, locked against other processes, and the entity tag of what it is a part of.
#[derive(Debug)]
pub(super) struct Part {
    path: PathBuf,
    file: File,
    received_bytes: u64,
}

impl Part {
    /// Opens or makes the file at `path`; whatever it holds was received earlier.
    pub(super) fn open(path: PathBuf) -> Result<Self, PullError> {
        let fail = |error| PullError::from(StoreError::io(&path, error));
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(fail)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(PullError::Busy { path }),
            // A file system without locks: two processes at once would spoil the digest, not the result.
            Err(TryLockError::Error(error)) => tracing::debug!(%error, "no lock on {}", path.display()),
        }
        let received_bytes = file.seek(SeekFrom::End(0)).map_err(fail)?;
        Ok(Self { file: File::from_std(file), path, received_bytes })
    }

    pub(super) fn received_bytes(&self) -> u64 {
        self.received_bytes
    }

    /// The entity tag under which the received bytes came.
    pub(super) fn etag(&self) -> Option<String> {
        fs::read_to_string(self.etag_path()).ok()
    }

    /// Forgets what was received; what comes next is the beginning of the file tagged `etag`.
    pub(super) async fn restart(&mut self, etag: Option<String>) -> Result<(), PullError> {
        if self.received_bytes > 0 {
            let emptied = async {
                self.file.set_len(0).await?;
                self.file.rewind().await
            };
            emptied.await.map_err(|error| StoreError::io(&self.path, error))?;
            self.received_bytes = 0;
        }
        let path = self.etag_path();
        match etag {
            Some(etag) => fs::write(&path, etag),
            None => remove(&path),
        }
        .map_err(|error| StoreError::io(&path, error).into())
    }

    /// Writes `piece` behind what was received. A fault may show only in [`Self::flush`].
    pub(super) async fn append(&mut self, piece: &[u8]) -> Result<(), PullError> {
        self.file.write_all(piece).await.map_err(|error| StoreError::io(&self.path, error))?;
        self.received_bytes += piece.len() as u64;
        Ok(())
    }

    /// Waits until everything is written, and learns whether it was.
    pub(super) async fn flush(&mut self) -> Result<(), PullError> {
        self.file.flush().await.map_err(|error| StoreError::io(&self.path, error).into())
    }

    /// The digest of the file as it is on disk.
    pub(super) async fn digest(&self) -> Result<Sha256Digest, PullError> {
        let path = self.path.clone();
        let digest = move || Sha256Digest::of_file(&path).map_err(|error| StoreError::io(&path, error));
        Ok(blocking(digest).await?)
    }

    /// Gives the complete file its final name.
    pub(super) async fn finish(self, path: &Path) -> Result<(), PullError> {
        self.file.sync_all().await.map_err(|error| StoreError::io(&self.path, error))?;
        fs::rename(&self.path, path).map_err(|error| StoreError::io(path, error))?;
        let etag_path = self.etag_path();
        remove(&etag_path).map_err(|error| StoreError::io(&etag_path, error).into())
    }

    /// Removes the file.
    pub(super) fn discard(&mut self) -> Result<(), PullError> {
        self.received_bytes = 0;
        for path in [self.etag_path(), self.path.clone()] {
            remove(&path).map_err(|error| StoreError::io(&path, error))?;
        }
        Ok(())
    }

    fn etag_path(&self) -> PathBuf {
        self.path.with_added_extension("etag")
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}
