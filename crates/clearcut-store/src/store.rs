//! The store.

mod deadline;
mod signing;
mod sweep;

use std::{fmt, sync::Arc};

use bytes::Bytes;
use object_store::{Attribute, Attributes, GetOptions, GetResult, ObjectStore as _, PutOptions};

use crate::{
    Object, ObjectInfo, ObjectName, StoreConfig, StoreError, StoreErrorKind,
    backend::Backend,
    error::{from_driver, is_absent},
    media,
};

/// Said of every result: its name is the hash of its bytes, so it never changes.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// A body longer than this is hashed on a thread that may block.
const HASHED_INLINE_BYTES: usize = 256 << 10;

/// Where results and uploads are kept. A clone is the same store.
#[derive(Clone)]
pub struct Store {
    backend: Arc<Backend>,
}

impl Store {
    /// Makes the store ready without asking for it on the network: one that cannot be reached is no error here.
    ///
    /// A folder is created if it is not there.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Configuration`]: no credentials, keys that are none, a folder that cannot be written.
    pub fn open(config: StoreConfig) -> Result<Self, StoreError> {
        Ok(Self { backend: Arc::new(Backend::open(config)?) })
    }

    /// `folder`, `s3`, `azure`, `gcs` or `memory`.
    pub fn name(&self) -> &'static str {
        self.backend.name
    }

    /// Keeps what was computed, under the hash of its bytes.
    ///
    /// Put twice, the same bytes as the same media type are one object, whose lifetime begins anew. A reader sees all
    /// of it or nothing. A media type that is not known is kept as `application/octet-stream`.
    pub async fn put_result(&self, body: Bytes, media_type: &str) -> Result<ObjectName, StoreError> {
        let name = ObjectName::of_digest(&digest(&body).await, media_type);
        let attributes = Attributes::from_iter([
            (Attribute::ContentType, name.media_type().unwrap_or(media::PLAIN_BYTES)),
            (Attribute::CacheControl, IMMUTABLE),
        ]);
        self.put(&name, body, attributes).await?;
        Ok(name)
    }

    /// Keeps what was uploaded, in the place of what was kept under this name. A reader sees all of it or nothing.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Other`] if `name` is none of an upload; and as everywhere.
    pub async fn put_upload(&self, name: &ObjectName, body: Bytes) -> Result<(), StoreError> {
        if !name.is_upload() {
            return Err(self.failed(StoreErrorKind::Other, format!("{name} is no upload, and results name themselves")));
        }
        self.put(name, body, Attributes::from_iter([(Attribute::ContentType, media::PLAIN_BYTES)])).await
    }

    async fn put(&self, name: &ObjectName, body: Bytes, attributes: Attributes) -> Result<(), StoreError> {
        let backend = &self.backend;
        let attributes = if backend.keeps_attributes { attributes } else { Attributes::new() };
        let (path, length) = (backend.path(name.as_str()), body.len() as u64);
        let work = backend.objects.put_opts(&path, body.into(), PutOptions::from(attributes));
        self.within(length, work).await?.map_err(|error| from_driver(backend.name, &error))?;
        Ok(())
    }

    /// The whole object, or `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::TooLarge`] if it is longer than `limit_bytes`, before any of it is read;
    /// [`StoreErrorKind::Corrupt`] if the bytes of a result are not those that were put; and as everywhere.
    pub async fn get(&self, name: &ObjectName, limit_bytes: u64) -> Result<Option<Object>, StoreError> {
        let Some(found) = self.find(name, GetOptions::new()).await? else { return Ok(None) };
        let length = found.meta.size;
        if length > limit_bytes {
            let reason = format!("{name} has {length} bytes, more than {limit_bytes}");
            return Err(self.failed(StoreErrorKind::TooLarge, reason));
        }
        let media_type = media_type(name, &found);
        let body = match self.within(length, found.bytes()).await? {
            Ok(body) => body,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(from_driver(self.name(), &error)),
        };
        if let Some(expected) = name.digest()
            && digest(&body).await.to_hex().as_str() != expected
        {
            self.remove(name).await?;
            return Err(self.failed(StoreErrorKind::Corrupt, format!("{name} held other bytes; it was removed")));
        }
        Ok(Some(Object { body, media_type }))
    }

    /// What is known of the object without reading it, or `None` if there is none.
    pub async fn head(&self, name: &ObjectName) -> Result<Option<ObjectInfo>, StoreError> {
        let Some(found) = self.find(name, GetOptions::new().with_head(true)).await? else { return Ok(None) };
        Ok(Some(ObjectInfo {
            bytes: found.meta.size,
            media_type: media_type(name, &found),
            modified: found.meta.last_modified.into(),
        }))
    }

    /// Removes the object and says whether there was one.
    pub async fn remove(&self, name: &ObjectName) -> Result<bool, StoreError> {
        // Most stores say the same whether there was one or not.
        if self.head(name).await?.is_none() {
            return Ok(false);
        }
        self.delete(name).await
    }

    async fn delete(&self, name: &ObjectName) -> Result<bool, StoreError> {
        let path = self.backend.path(name.as_str());
        match self.within(0, self.backend.delete(&path)).await? {
            Ok(()) => Ok(true),
            Err(error) if is_absent(&error) => Ok(false),
            Err(error) => Err(from_driver(self.name(), &error)),
        }
    }

    /// Whether it works: a folder can be written, a bucket can be listed.
    pub async fn probe(&self) -> Result<(), StoreError> {
        self.within(0, self.backend.probe()).await?
    }

    async fn find(&self, name: &ObjectName, options: GetOptions) -> Result<Option<GetResult>, StoreError> {
        let path = self.backend.path(name.as_str());
        match self.within(0, self.backend.objects.get_opts(&path, options)).await? {
            Ok(found) => Ok(Some(found)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(from_driver(self.name(), &error)),
        }
    }

    fn failed(&self, kind: StoreErrorKind, reason: impl fmt::Display) -> StoreError {
        StoreError::new(self.name(), kind, reason)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.backend.name).finish()
    }
}

fn media_type(name: &ObjectName, found: &GetResult) -> Option<String> {
    let told = found.attributes.get(&Attribute::ContentType).map(|value| value.as_ref().to_owned());
    told.or_else(|| name.media_type().map(str::to_owned))
}

async fn digest(body: &Bytes) -> blake3::Hash {
    if body.len() <= HASHED_INLINE_BYTES {
        return blake3::hash(body);
    }
    let body = body.clone();
    match tokio::task::spawn_blocking(move || blake3::hash(&body)).await {
        Ok(digest) => digest,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
