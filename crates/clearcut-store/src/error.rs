//! Why a store could not do what it was asked for.

mod driver;

use std::fmt;

pub(crate) use driver::{from_driver, io_kind, is_absent};

/// A store's failure. Holds no key, no password and no signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{store} store: {kind}: {reason}")]
pub struct StoreError {
    store: &'static str,
    kind: StoreErrorKind,
    reason: String,
}

/// What sort of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// It cannot be reached, the connection broke, or it did not answer in time: worth another try later.
    Unavailable,
    /// No room left: a full disk, a quota.
    Full,
    /// Wrong key, wrong address, no such bucket, missing rights: it will not mend by itself.
    Configuration,
    /// The object is larger than the caller takes.
    TooLarge,
    /// What is kept under the name of a result is not what was put there, and has been removed.
    Corrupt,
    /// Anything else.
    Other,
}

impl StoreError {
    /// `reason` holds no secret.
    pub(crate) fn new(store: &'static str, kind: StoreErrorKind, reason: impl fmt::Display) -> Self {
        Self { store, kind, reason: reason.to_string() }
    }

    /// What sort of failure it was.
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// The store's name: `folder`, `s3`, `azure`, `gcs`, `memory`, or `object` where a configuration names none of them.
    pub fn store(&self) -> &'static str {
        self.store
    }
}

impl fmt::Display for StoreErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unavailable => "unavailable",
            Self::Full => "no room left",
            Self::Configuration => "misconfigured",
            Self::TooLarge => "too large",
            Self::Corrupt => "unreadable object",
            Self::Other => "failed",
        })
    }
}
