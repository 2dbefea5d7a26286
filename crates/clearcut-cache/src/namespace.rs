//! Other services' results under the same roof: any serde value, with its own time to live.

use std::{
    convert::Infallible,
    fmt::{self, Debug, Display},
    marker::PhantomData,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    CacheKey, ComputeError, ComputeOptions, Entry, EntryStatus, InvalidKey, LookupError, NEGATIVE_TTL, Refusal, Source,
    TieredCache,
};

/// For how long an analysis of a picture is kept: 7 days.
pub const ANALYSIS_TTL: Duration = Duration::from_hours(7 * 24);
/// For how long a text is kept: 30 days.
pub const TEXT_TTL: Duration = Duration::from_hours(30 * 24);

/// The media type of a value.
const MEDIA_TYPE: &str = "application/x-clearcut-value";
/// Greatest value that is read back: what a length inside it may claim at most.
const MAX_VALUE_BYTES: usize = 64 << 20;

/// Values of one type in a [`TieredCache`], under keys that begin with the namespace's name.
///
/// Values are written with bincode through serde, so a changed type is not told from the old one when both have the
/// same shape on paper: change the name (`analysis2`) with the meaning. What cannot be read as `T` is removed and
/// computed anew. Large bodies of bytes belong into an [`Entry`], which does not copy them.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use clearcut_cache::{ANALYSIS_TTL, ComputeError, Namespace, TieredCache};
///
/// const LABELS: Namespace<Vec<String>> = Namespace::new("analysis", ANALYSIS_TTL);
///
/// let cache = TieredCache::builder().build();
/// let digest = "a3f1"; // of everything that the labels depend on
/// let labels = LABELS
///     .get_or_compute(&cache, digest, || async { Ok::<_, ComputeError<std::io::Error>>(vec!["chair".to_owned()]) })
///     .await
///     .unwrap();
/// assert_eq!(labels.value, ["chair"]);
/// # });
/// ```
pub struct Namespace<T> {
    name: &'static str,
    ttl: Duration,
    negative_ttl: Duration,
    value: PhantomData<fn() -> T>,
}

/// A value, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub source: Source,
}

/// Why there is no value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError<E> {
    /// The parts make no key.
    #[error(transparent)]
    Key(#[from] InvalidKey),
    /// It was found before, or now, that there never will be one.
    #[error("{}", String::from_utf8_lossy(&.0.body))]
    Lasting(Refusal),
    /// The computation failed for now.
    #[error(transparent)]
    Lookup(#[from] LookupError<E>),
    /// The value cannot be written with bincode, or not be read back.
    #[error("a value of namespace {namespace} cannot be kept: {reason}")]
    Value {
        /// The namespace's name.
        namespace: &'static str,
        /// What bincode says.
        reason: String,
    },
}

impl<T> Namespace<T> {
    /// Values under `name`, kept for `ttl`.
    ///
    /// # Panics
    ///
    /// If `name` is empty or has characters other than lower-case letters, digits and `_`; in a constant that is a
    /// compile error.
    pub const fn new(name: &'static str, ttl: Duration) -> Self {
        assert!(!name.is_empty(), "a namespace has a name");
        let bytes = name.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            assert!(
                bytes[at].is_ascii_lowercase() || bytes[at].is_ascii_digit() || bytes[at] == b'_',
                "a namespace's name has lower-case letters, digits and _"
            );
            at += 1;
        }
        Self { name, ttl, negative_ttl: NEGATIVE_TTL, value: PhantomData }
    }

    /// Keeps lasting failures for `negative_ttl`.
    #[must_use]
    pub const fn negative_ttl(mut self, negative_ttl: Duration) -> Self {
        self.negative_ttl = negative_ttl;
        self
    }

    /// The first part of its keys.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The key of the value that depends on what `digest` was made of.
    pub fn key(&self, digest: impl Display) -> Result<CacheKey, InvalidKey> {
        CacheKey::parse(&format!("{}:{digest}", self.name))
    }

    fn options(&self) -> ComputeOptions {
        ComputeOptions::new(self.ttl).negative_ttl(self.negative_ttl)
    }
}

impl<T: Serialize + DeserializeOwned> Namespace<T> {
    /// The value, if it is kept and there is one.
    pub async fn get(&self, cache: &TieredCache, digest: impl Display) -> Result<Option<Found<T>>, InvalidKey> {
        let key = self.key(digest)?;
        let Some(lookup) = cache.get(&key).await.filter(|lookup| lookup.entry.head.status == EntryStatus::Success)
        else {
            return Ok(None);
        };
        match read(&lookup.entry) {
            Ok(value) => Ok(Some(Found { value, source: lookup.source })),
            Err(reason) => {
                forget(cache, &key, &reason).await;
                Ok(None)
            }
        }
    }

    /// Keeps `value`.
    pub async fn put(
        &self,
        cache: &TieredCache,
        digest: impl Display,
        value: &T,
    ) -> Result<(), ValueError<Infallible>> {
        let key = self.key(digest)?;
        let body = write(value).map_err(|reason| ValueError::Value { namespace: self.name, reason })?;
        cache.put(&key, &Entry::new(body, MEDIA_TYPE, cache.now(), self.ttl)).await;
        Ok(())
    }

    /// The value that is kept, or else what `compute` makes of it, once for all callers: see
    /// [`TieredCache::get_or_compute`].
    #[expect(clippy::missing_panics_doc, reason = "`compute` is taken at most once")]
    pub async fn get_or_compute<E, F, Fut>(
        &self,
        cache: &TieredCache,
        digest: impl Display,
        compute: F,
    ) -> Result<Found<T>, ValueError<E>>
    where
        E: Display + Debug + Send + Sync + 'static,
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, ComputeError<E>>> + Send + 'static,
    {
        let key = self.key(digest)?;
        // An entry that turns out to be unreadable leaves `compute` in its place for another attempt.
        let compute = Arc::new(Mutex::new(Some(compute)));
        loop {
            let place = Arc::clone(&compute);
            let work = move || async move {
                let compute = place.lock().unwrap_or_else(PoisonError::into_inner).take();
                let value = compute.expect("no attempt follows one that computed")().await?;
                let body = write(&value).map_err(ComputeError::lasting)?;
                Ok(Entry::computed(body, MEDIA_TYPE))
            };
            let lookup = cache.get_or_compute(&key, &self.options(), work).await?;
            if lookup.entry.head.status == EntryStatus::Failure {
                let Entry { body, head } = lookup.entry;
                return Err(ValueError::Lasting(Refusal { media_type: head.media_type, body }));
            }
            let reason = match read(&lookup.entry) {
                Ok(value) => return Ok(Found { value, source: lookup.source }),
                Err(reason) => reason,
            };
            if compute.lock().unwrap_or_else(PoisonError::into_inner).is_none() {
                return Err(ValueError::Value { namespace: self.name, reason });
            }
            forget(cache, &key, &reason).await;
        }
    }
}

impl<T> Debug for Namespace<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Namespace").field("name", &self.name).field("ttl", &self.ttl).finish_non_exhaustive()
    }
}

fn write<T: Serialize>(value: &T) -> Result<Vec<u8>, String> {
    let body = bincode::serde::encode_to_vec(value, config()).map_err(|error| error.to_string())?;
    if body.len() > MAX_VALUE_BYTES {
        return Err(format!("{} bytes, but at most {MAX_VALUE_BYTES} are read back", body.len()));
    }
    Ok(body)
}

fn read<T: DeserializeOwned>(entry: &Entry) -> Result<T, String> {
    if entry.head.media_type != MEDIA_TYPE {
        return Err(format!("it is {}", entry.head.media_type));
    }
    let (value, used) = bincode::serde::decode_from_slice(&entry.body, config()).map_err(|error| error.to_string())?;
    if used != entry.body.len() {
        return Err(format!("{} bytes, of which only {used} are used", entry.body.len()));
    }
    Ok(value)
}

fn config() -> impl bincode::config::Config {
    bincode::config::standard().with_limit::<MAX_VALUE_BYTES>()
}

/// Removes a value that another version of its type wrote.
async fn forget(cache: &TieredCache, key: &CacheKey, reason: &str) {
    tracing::info!(cache.key = key.as_str(), reason, "removing a value that is not of this type");
    // A tier that fails to remove it has counted and logged that.
    let _ = cache.remove(key).await;
}

#[cfg(test)]
mod tests;
