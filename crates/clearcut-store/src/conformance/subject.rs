//! The store under test, and what the suite must know about it.

use std::{any::Any, fmt, time::Duration};

use bytes::Bytes;

use crate::{Object, ObjectName, Store};

/// A store under test: empty, and nobody else's.
pub struct Subject {
    store: Store,
    signs: bool,
    checks_signatures: bool,
    guard: Option<Box<dyn Any + Send + Sync>>,
}

impl Subject {
    /// A store that signs nothing.
    pub fn new(store: Store) -> Self {
        Self { store, signs: false, checks_signatures: false, guard: None }
    }

    /// It signs URLs, which its server, reached over plain HTTP, takes.
    #[must_use]
    pub fn signing(mut self) -> Self {
        self.signs = true;
        self
    }

    /// Its server refuses URLs whose signature is wrong; a server that is only for tests may take any.
    #[must_use]
    pub fn checking_signatures(mut self) -> Self {
        self.checks_signatures = true;
        self
    }

    /// Keeps `guard` (a server, a temporary folder) until the test is over.
    #[must_use]
    pub fn keeping(mut self, guard: impl Any + Send + Sync) -> Self {
        self.guard = Some(Box::new(guard));
        self
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    pub(super) fn signs(&self) -> bool {
        self.signs
    }

    pub(super) fn checks_signatures(&self) -> bool {
        self.checks_signatures
    }

    pub(super) async fn put(&self, body: impl Into<Bytes>) -> ObjectName {
        self.store.put_result(body.into(), "image/png").await.expect("the store takes a put")
    }

    pub(super) async fn put_upload(&self, id: &str, body: impl Into<Bytes>) -> ObjectName {
        let name = ObjectName::upload(id).expect("the suite's ids are ids");
        self.store.put_upload(&name, body.into()).await.expect("the store takes an upload");
        name
    }

    pub(super) async fn get(&self, name: &ObjectName) -> Option<Object> {
        self.store.get(name, LIMIT_BYTES).await.expect("the store answers a get")
    }

    pub(super) async fn has(&self, name: &ObjectName) -> bool {
        self.store.head(name).await.expect("the store answers a head").is_some()
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").field("store", &self.store).field("signs", &self.signs).finish_non_exhaustive()
    }
}

/// More than any body of the suite has.
pub(super) const LIMIT_BYTES: u64 = 64 << 20;
/// Longer than any test.
pub(super) const LONG: Duration = Duration::from_mins(10);
/// Stores tell times to the second, by clocks of their own.
pub(super) const CLOCK_TOLERANCE: Duration = Duration::from_mins(5);

/// `length` bytes without a pattern that a store could shorten.
pub(super) fn noise(length: usize, seed: u64) -> Bytes {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes.into()
}
