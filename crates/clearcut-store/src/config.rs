//! Where a store is, and how it is reached.

mod connection_string;
mod options;
mod url;

use std::{fmt, path::PathBuf, time::Duration};

pub(crate) use options::{Cloud, MACHINE_IDENTITY, Options};

use crate::{StoreError, StoreErrorKind};

/// A store that knows no better name for itself.
const NAMELESS: &str = "object";

/// Where a store is, and how it is reached. [`Debug`] shows no secret.
#[derive(Clone)]
#[non_exhaustive]
pub struct StoreConfig {
    pub(crate) place: Place,
    pub(crate) timeout: Duration,
}

#[derive(Clone)]
pub(crate) enum Place {
    Memory,
    Folder(PathBuf),
    Bucket(Bucket),
}

/// A bucket, or a container as Azure calls it.
#[derive(Clone)]
pub(crate) struct Bucket {
    pub(crate) cloud: Cloud,
    pub(crate) name: String,
    /// Before every name, without slashes at its ends; empty for the whole bucket.
    pub(crate) prefix: String,
    pub(crate) options: Options,
}

impl StoreConfig {
    /// How long a request may take, beyond the time that its body takes, if nothing else is said.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

    /// A folder, which [`Store::open`](crate::Store::open) creates if need be.
    pub fn folder(path: impl Into<PathBuf>) -> Self {
        Self::at(Place::Folder(path.into()))
    }

    /// The memory of this process: gone with the store.
    pub fn memory() -> Self {
        Self::at(Place::Memory)
    }

    /// The store of a URL.
    ///
    /// | URL | store | variables that `lookup` is asked for |
    /// |---|---|---|
    /// | `file:///path` | a folder | |
    /// | `memory:` | the memory | |
    /// | `s3://bucket/prefix` | S3 and compatible | `AWS_…` |
    /// | `az://container/prefix` | Azure Blob Storage | `AZURE_STORAGE_CONNECTION_STRING`, or other `AZURE_…` |
    /// | `gs://bucket/prefix` | Google Cloud Storage | `GOOGLE_…` |
    ///
    /// The README lists the variables. An empty one counts as not set. A prefix has letters, digits, `.`, `_`, `-` and
    /// slashes.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Configuration`]: another URL, a connection string that is none. Whether there are credentials
    /// is looked at when the store is opened.
    pub fn from_url(store_url: &str, lookup: impl Fn(&str) -> Option<String>) -> Result<Self, StoreError> {
        url::parse(store_url, &lookup).map(Self::at)
    }

    /// A container in the storage account that the connection string names, as Azure's portal shows it.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Configuration`]: a connection string or a container name that is none.
    pub fn from_azure(connection_string: &str, container: &str) -> Result<Self, StoreError> {
        let options = connection_string::parse(connection_string)?;
        url::bucket(Cloud::Azure, container, "", options).map(Self::at)
    }

    /// How long a request may take, beyond a second for each MiB of its body; a store that is not there is told after
    /// this time at the latest.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The name of the store: `folder`, `s3`, `azure`, `gcs` or `memory`.
    pub fn name(&self) -> &'static str {
        match &self.place {
            Place::Memory => "memory",
            Place::Folder(_) => "folder",
            Place::Bucket(bucket) => bucket.cloud.name(),
        }
    }

    fn at(place: Place) -> Self {
        Self { place, timeout: Self::DEFAULT_TIMEOUT }
    }
}

impl fmt::Debug for StoreConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("StoreConfig");
        shown.field("name", &self.name()).field("timeout", &self.timeout);
        match &self.place {
            Place::Memory => &mut shown,
            Place::Folder(path) => shown.field("path", path),
            Place::Bucket(bucket) => shown
                .field("bucket", &bucket.name)
                .field("prefix", &bucket.prefix)
                .field("variables", &bucket.options.names().collect::<Vec<_>>()),
        };
        shown.finish()
    }
}

fn misconfigured(store: &'static str, reason: impl fmt::Display) -> StoreError {
    StoreError::new(store, StoreErrorKind::Configuration, reason)
}
