//! The tier under test, and what the suite must know about it.

use std::{any::Any, fmt, sync::Arc, time::Duration, time::SystemTime};

use bytes::Bytes;
use futures::future::BoxFuture;

use crate::{CacheKey, CacheTier, Entry, PutOptions, PutOutcome, random};

/// Writes raw bytes where the tier will look for the entry of a key.
pub type Plant = Box<dyn Fn(CacheKey, Bytes) -> BoxFuture<'static, ()> + Send + Sync>;

/// A tier under test.
pub struct Subject {
    tier: Arc<dyn CacheTier>,
    writer: Arc<dyn CacheTier>,
    plant: Option<Plant>,
    limit_bytes: Option<usize>,
    namespace: String,
    guard: Option<Box<dyn Any + Send + Sync>>,
}

impl Subject {
    /// A tier that reads and writes.
    pub fn new(tier: Arc<dyn CacheTier>) -> Self {
        let namespace = format!("conformance-{:016x}", random::bits());
        Self { writer: Arc::clone(&tier), tier, plant: None, limit_bytes: None, namespace, guard: None }
    }

    /// What is put, removed or cleared goes through `writer`: for a tier that only reads.
    #[must_use]
    pub fn written_through(mut self, writer: Arc<dyn CacheTier>) -> Self {
        self.writer = writer;
        self
    }

    /// How raw bytes are planted. Without it the behaviors on unreadable entries are not tested.
    #[must_use]
    pub fn planted_by(
        mut self,
        plant: impl Fn(CacheKey, Bytes) -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) -> Self {
        self.plant = Some(Box::new(plant));
        self
    }

    /// The greatest body that it takes. Without it the behavior on greater ones is not tested.
    #[must_use]
    pub fn limited_to(mut self, limit_bytes: usize) -> Self {
        self.limit_bytes = Some(limit_bytes);
        self
    }

    /// Keeps `guard` (a server, a temporary folder) until the test is over.
    #[must_use]
    pub fn keeping(mut self, guard: impl Any + Send + Sync) -> Self {
        self.guard = Some(Box::new(guard));
        self
    }

    pub(super) fn tier(&self) -> &Arc<dyn CacheTier> {
        &self.tier
    }

    pub(super) fn writer(&self) -> &Arc<dyn CacheTier> {
        &self.writer
    }

    pub(super) fn plant(&self) -> Option<&Plant> {
        self.plant.as_ref()
    }

    pub(super) fn limit_bytes(&self) -> Option<usize> {
        self.limit_bytes
    }

    pub(super) fn namespace(&self) -> &str {
        &self.namespace
    }

    pub(super) fn key(&self, rest: &str) -> CacheKey {
        CacheKey::parse(&format!("{}:{rest}", self.namespace)).expect("the suite's keys are keys")
    }

    pub(super) async fn get(&self, key: &CacheKey) -> Option<Entry> {
        self.tier.get(key).await.expect("the tier answers a get")
    }

    pub(super) async fn put(&self, key: &CacheKey, entry: &Entry) {
        self.put_for(key, entry, LONG).await;
    }

    pub(super) async fn put_for(&self, key: &CacheKey, entry: &Entry, ttl: Duration) {
        let outcome = self.writer.put(key, entry, &PutOptions::new(ttl)).await.expect("the tier takes a put");
        assert_eq!(outcome, PutOutcome::Stored, "{key} was not stored");
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").field("tier", &self.tier).field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

/// Longer than any test.
pub(super) const LONG: Duration = Duration::from_mins(10);

/// An entry that lives [`LONG`].
pub(super) fn entry(body: impl Into<Bytes>) -> Entry {
    entry_for(body, LONG)
}

pub(super) fn entry_for(body: impl Into<Bytes>, ttl: Duration) -> Entry {
    Entry::new(body, "application/octet-stream", SystemTime::now(), ttl)
}

/// `length` bytes without a pattern that a tier could shorten.
pub(super) fn noise(length: usize, seed: u64) -> Bytes {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes.into()
}
