//! The stores behind the one.

mod azure;
mod connector;
mod folder;
mod gcs;
mod s3;

use std::{fmt, sync::Arc, time::Duration};

use futures::StreamExt as _;
use object_store::{
    BackoffConfig, ObjectStore, ObjectStoreExt as _, RetryConfig, memory::InMemory, path::Path, signer::Signer,
};

use self::folder::Folder;
use crate::{
    ObjectName, StoreConfig, StoreError, StoreErrorKind,
    config::{Bucket, Cloud, MACHINE_IDENTITY, Place},
    error::from_driver,
};

/// One store.
pub(crate) struct Backend {
    pub(crate) name: &'static str,
    pub(crate) objects: Arc<dyn ObjectStore>,
    pub(crate) signer: Option<Arc<dyn Signer>>,
    /// Headers without which a signed `PUT` is refused.
    pub(crate) upload_headers: &'static [(&'static str, &'static str)],
    /// Whether media type and cache control are kept with the object.
    pub(crate) keeps_attributes: bool,
    pub(crate) folder: Option<Folder>,
    pub(crate) prefix: Path,
    pub(crate) timeout: Duration,
}

impl Backend {
    pub(crate) fn open(config: StoreConfig) -> Result<Self, StoreError> {
        let name = config.name();
        let mut backend = match config.place {
            Place::Memory => Self::new(name, Arc::new(InMemory::new())),
            Place::Folder(root) => {
                let folder = Folder::create(root)?;
                let objects = Arc::new(folder.objects()?);
                Self { keeps_attributes: false, folder: Some(folder), ..Self::new(name, objects) }
            }
            Place::Bucket(bucket) => Self {
                prefix: Path::from(bucket.prefix.as_str()),
                ..match bucket.cloud {
                    Cloud::S3 => s3::open(&bucket, retries(config.timeout))?,
                    Cloud::Azure => azure::open(&bucket, retries(config.timeout))?,
                    Cloud::Gcs => gcs::open(&bucket, retries(config.timeout))?,
                }
            },
        };
        backend.timeout = config.timeout;
        Ok(backend)
    }

    fn new(name: &'static str, objects: Arc<dyn ObjectStore>) -> Self {
        Self {
            name,
            objects,
            signer: None,
            upload_headers: &[],
            keeps_attributes: true,
            folder: None,
            prefix: Path::default(),
            timeout: StoreConfig::DEFAULT_TIMEOUT,
        }
    }

    /// Where an object, or a folder of objects, lies.
    pub(crate) fn path(&self, name: &str) -> Path {
        Path::from(format!("{}/{name}", self.prefix))
    }

    /// The name of what lies there, if it has one.
    pub(crate) fn name_of(&self, path: &Path) -> Option<ObjectName> {
        let below = path.as_ref().strip_prefix(self.prefix.as_ref())?;
        ObjectName::parse(below.trim_start_matches('/')).ok()
    }

    pub(crate) async fn delete(&self, path: &Path) -> object_store::Result<()> {
        self.objects.delete(path).await
    }

    /// Asks for a listing, which takes rights and a bucket, of a folder where there is nothing.
    pub(crate) async fn probe(&self) -> Result<(), StoreError> {
        if let Some(folder) = &self.folder {
            return folder.probe().await;
        }
        match self.objects.list(Some(&self.path("probe"))).next().await {
            Some(Err(error)) => Err(from_driver(self.name, &error)),
            _ => Ok(()),
        }
    }
}

/// Two more tries, soon: whoever asks is waiting.
fn retries(timeout: Duration) -> RetryConfig {
    let backoff =
        BackoffConfig { init_backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(1), base: 2.0 };
    RetryConfig { backoff, max_retries: 2, retry_timeout: timeout }
}

/// What every bucket without credentials is told; asking the machine's metadata address is never done unasked.
fn no_credentials(bucket: &Bucket, way_out: &str) -> StoreError {
    let reason = format!("there are no credentials: set {way_out}, or {MACHINE_IDENTITY}=1 to use the machine's own");
    misconfigured(bucket, reason)
}

/// The driver refuses the settings. It quotes them where it tells why, so whatever was set is left out of that.
fn unusable(bucket: &Bucket, error: &object_store::Error) -> StoreError {
    let told = bucket.options.iter().fold(error.to_string(), |told, (variable, value)| told.replace(value, variable));
    misconfigured(bucket, format!("its settings cannot be used: {told}"))
}

fn misconfigured(bucket: &Bucket, reason: impl fmt::Display) -> StoreError {
    StoreError::new(bucket.cloud.name(), StoreErrorKind::Configuration, reason)
}
