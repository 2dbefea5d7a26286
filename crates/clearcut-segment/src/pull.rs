//! Downloading a model's weights into the store.

mod client;
mod part;

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{CONTENT_RANGE, ETAG, HeaderMap, IF_RANGE, RANGE};

use self::part::Part;
use crate::store::{ModelStore, StoreError, Verification};
use crate::{ModelSpec, Sha256Digest};

/// How to download.
#[derive(Clone)]
#[non_exhaustive]
pub struct PullOptions {
    /// Refuse weights whose license forbids commercial use.
    pub commercial_only: bool,
    /// How often in a row the download may break off without a single new byte before it is given up.
    pub attempts: u32,
    /// The wait before the second attempt; it doubles with each further one.
    pub retry_delay: Duration,
    /// How many redirects are followed. GitHub's downloads need two.
    pub max_redirects: usize,
    /// Called after each piece.
    pub progress: Option<Arc<dyn Fn(PullProgress) + Send + Sync>>,
}

/// How far a download is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PullProgress {
    /// Bytes on disk, those of earlier attempts included.
    pub received_bytes: u64,
    /// Bytes in all.
    pub total_bytes: u64,
}

/// Why a model was not downloaded. What was received stays in the store for the next attempt, unless it is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PullError {
    /// The license does not allow what was asked for.
    #[error("the weights of {name} are under {license}, which forbids commercial use; choose another model")]
    NonCommercial {
        /// The model's name.
        name: String,
        /// Its license.
        license: String,
    },
    /// The catalogue does not say where the weights are, how large or with which digest.
    #[error("{name} cannot be downloaded: the catalogue has no {missing} for it; use a file of your own")]
    Unpinned {
        /// The model's name.
        name: String,
        /// What is missing.
        missing: &'static str,
    },
    /// Another process is downloading the same model.
    #[error("another process is downloading to {}; wait for it", path.display())]
    Busy {
        /// The unfinished file.
        path: PathBuf,
    },
    /// The server refused.
    #[error("{url} answered {status}; try again later, or download the file by hand")]
    Status {
        /// What was asked for.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// The server sent the request around in circles, or to an unprotected address.
    #[error("{url} redirects too often or to an unprotected address")]
    Redirect {
        /// What was asked for.
        url: String,
    },
    /// No connection, or one that broke off.
    #[error(
        "{url} broke off after {received_bytes} of {total_bytes} bytes ({reason}); run it again to go on from there"
    )]
    Interrupted {
        /// What was asked for.
        url: String,
        /// What happened.
        reason: String,
        /// Bytes on disk.
        received_bytes: u64,
        /// Bytes in all.
        total_bytes: u64,
    },
    /// The server has a file of another size.
    #[error("{url} has {actual_bytes} bytes or more, and the catalogue says {expected_bytes}; nothing was kept")]
    WrongSize {
        /// What was asked for.
        url: String,
        /// The catalogue's size.
        expected_bytes: u64,
        /// The server's.
        actual_bytes: u64,
    },
    /// The server has another file.
    #[error("{url} has the SHA-256 {actual}, and the catalogue says {expected}; nothing was kept")]
    WrongDigest {
        /// What was asked for.
        url: String,
        /// The catalogue's digest.
        expected: Sha256Digest,
        /// The digest of what came.
        actual: Sha256Digest,
    },
    /// No protected connection can be made from this machine.
    #[error("cannot set up TLS: {0}; install the system's root certificates (the package ca-certificates)")]
    Tls(String),
    /// The store's folder cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Default for PullOptions {
    fn default() -> Self {
        Self {
            commercial_only: false,
            attempts: 5,
            retry_delay: Duration::from_secs(1),
            max_redirects: 5,
            progress: None,
        }
    }
}

impl std::fmt::Debug for PullOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { commercial_only, attempts, retry_delay, max_redirects, progress } = self;
        f.debug_struct("PullOptions")
            .field("commercial_only", commercial_only)
            .field("attempts", attempts)
            .field("retry_delay", retry_delay)
            .field("max_redirects", max_redirects)
            .field("progress", &progress.is_some())
            .finish()
    }
}

/// Downloads the weights of `spec` into `store`, and returns their path.
///
/// Weights that are there already and have the right digest are left alone; others are replaced. The file appears
/// under its final name only when its size and SHA-256 are right. A download that broke off is continued, in this
/// call and in later ones.
pub async fn pull(spec: &ModelSpec, store: &ModelStore, options: &PullOptions) -> Result<PathBuf, PullError> {
    if options.commercial_only && !spec.commercial_use {
        return Err(PullError::NonCommercial { name: spec.name.clone(), license: spec.license.clone() });
    }
    let path = store.path(spec);
    let (known_store, known_spec) = (store.clone(), spec.clone());
    let verification = blocking(move || known_store.verify(&known_spec)).await?;
    if verification == Verification::Valid {
        return Ok(path);
    }
    let download = Download::new(spec, options)?;
    fs::create_dir_all(store.folder()).map_err(|error| StoreError::io(store.folder(), error))?;
    let mut part = Part::open(path.with_added_extension("part"))?;
    let mut continued = part.received_bytes() > 0;
    loop {
        download.fetch(&mut part, options).await?;
        let actual = part.digest().await?;
        if actual == download.sha256 {
            part.finish(&path).await?;
            return Ok(path);
        }
        part.restart(None).await?;
        if !continued {
            part.discard()?;
            return Err(PullError::WrongDigest { url: download.url, expected: download.sha256, actual });
        }
        // The beginning may have been of another file: once more from the start.
        continued = false;
    }
}

/// What the catalogue says of a file, and a client to get it.
struct Download {
    url: String,
    bytes: u64,
    sha256: Sha256Digest,
    client: reqwest::Client,
}

impl Download {
    fn new(spec: &ModelSpec, options: &PullOptions) -> Result<Self, PullError> {
        let missing = |missing| PullError::Unpinned { name: spec.name.clone(), missing };
        let url = spec.source.clone().ok_or_else(|| missing("source"))?;
        let bytes = spec.bytes.ok_or_else(|| missing("size"))?;
        let sha256 = spec.sha256.ok_or_else(|| missing("digest"))?;
        let client = client::build(&url, options.max_redirects)?;
        Ok(Self { url, bytes, sha256, client })
    }

    /// Receives what is missing, however often the connection breaks off, as long as each one brings something.
    async fn fetch(&self, part: &mut Part, options: &PullOptions) -> Result<(), PullError> {
        let mut failures = 0;
        while part.received_bytes() != self.bytes {
            let before = part.received_bytes();
            let outcome = self.receive(part, options).await;
            part.flush().await?;
            let Err(error) = outcome else { break };
            if matches!(error, PullError::WrongSize { .. }) {
                part.discard()?;
            }
            failures = if part.received_bytes() > before { 1 } else { failures + 1 };
            if !error.is_temporary() || failures >= options.attempts {
                return Err(error);
            }
            tracing::warn!(%error, "download broke off, going on");
            tokio::time::sleep(options.retry_delay.saturating_mul(1 << (failures - 1).min(6))).await;
        }
        Ok(())
    }

    /// One request: the rest of the file, or all of it where the server cannot continue.
    async fn receive(&self, part: &mut Part, options: &PullOptions) -> Result<(), PullError> {
        let mut request = self.client.get(&self.url);
        let received = part.received_bytes();
        if received > 0 {
            request = request.header(RANGE, format!("bytes={received}-"));
            if let Some(etag) = part.etag() {
                request = request.header(IF_RANGE, etag);
            }
        }
        let mut response = request.send().await.map_err(|error| self.broken(&error, part))?;
        match response.status() {
            StatusCode::PARTIAL_CONTENT if range_start(response.headers()) == Some(received) => {}
            StatusCode::OK => part.restart(strong_etag(response.headers())).await?,
            // A range that was not asked for: the next request asks for everything.
            status @ (StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE) => {
                part.restart(None).await?;
                return Err(self.status(status));
            }
            status => return Err(self.status(status)),
        }
        if let Some(coming) = response.content_length() {
            self.check_size(part.received_bytes() + coming, false)?;
        }
        while let Some(piece) = response.chunk().await.map_err(|error| self.broken(&error, part))? {
            self.check_size(part.received_bytes() + piece.len() as u64, true)?;
            part.append(&piece).await?;
            if let Some(progress) = &options.progress {
                progress(PullProgress { received_bytes: part.received_bytes(), total_bytes: self.bytes });
            }
        }
        if part.received_bytes() < self.bytes {
            return Err(self.interrupted("the server sent less than it has".to_owned(), part));
        }
        Ok(())
    }

    fn check_size(&self, actual_bytes: u64, so_far: bool) -> Result<(), PullError> {
        if actual_bytes == self.bytes || so_far && actual_bytes < self.bytes {
            Ok(())
        } else {
            Err(PullError::WrongSize { url: self.url.clone(), expected_bytes: self.bytes, actual_bytes })
        }
    }

    fn status(&self, status: StatusCode) -> PullError {
        PullError::Status { url: self.url.clone(), status: status.as_u16() }
    }

    fn broken(&self, error: &reqwest::Error, part: &Part) -> PullError {
        if error.is_redirect() {
            return PullError::Redirect { url: self.url.clone() };
        }
        let mut reason: &dyn std::error::Error = error;
        while let Some(source) = reason.source() {
            reason = source;
        }
        self.interrupted(reason.to_string(), part)
    }

    fn interrupted(&self, reason: String, part: &Part) -> PullError {
        PullError::Interrupted {
            url: self.url.clone(),
            reason,
            received_bytes: part.received_bytes(),
            total_bytes: self.bytes,
        }
    }
}

impl PullError {
    /// Whether the same request may well succeed later.
    fn is_temporary(&self) -> bool {
        match self {
            Self::Interrupted { .. } => true,
            Self::Status { status, .. } => matches!(status, 206 | 408 | 416 | 429 | 500..),
            _ => false,
        }
    }
}

/// Where a partial answer begins.
fn range_start(headers: &HeaderMap) -> Option<u64> {
    let range = headers.get(CONTENT_RANGE)?.to_str().ok()?.strip_prefix("bytes ")?;
    range.split_once('-')?.0.parse().ok()
}

/// The file's entity tag, where it promises equal bytes.
fn strong_etag(headers: &HeaderMap) -> Option<String> {
    headers.get(ETAG)?.to_str().ok().filter(|etag| etag.starts_with('"')).map(str::to_owned)
}

/// Runs file work where it may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(StoreError::io(std::path::Path::new("."), io::Error::other(error))))
}
