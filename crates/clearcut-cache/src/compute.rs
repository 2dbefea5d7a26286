//! What a caller says about a computation, and what it gets back.

use std::{any::Any, fmt, sync::Arc, time::Duration};

use bytes::Bytes;

use crate::Entry;

/// For how long a failure that will repeat is kept, unless said otherwise.
pub const NEGATIVE_TTL: Duration = Duration::from_mins(10);

/// How the result of a computation is kept.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ComputeOptions {
    /// Time to live of a result. A tier's policy may shorten it.
    pub ttl: Duration,
    /// Time to live of a [`ComputeError::Lasting`] failure.
    pub negative_ttl: Duration,
}

impl ComputeOptions {
    /// Keep results for `ttl`, lasting failures for [`NEGATIVE_TTL`].
    pub fn new(ttl: Duration) -> Self {
        Self { ttl, negative_ttl: NEGATIVE_TTL }
    }

    /// Keep lasting failures for `negative_ttl`.
    #[must_use]
    pub fn negative_ttl(mut self, negative_ttl: Duration) -> Self {
        self.negative_ttl = negative_ttl;
        self
    }
}

/// Why a computation gave no result.
#[derive(Debug)]
pub enum ComputeError<E> {
    /// It will end like this each time (not a picture, no foreground found). Kept for a short time, and answered as
    /// an entry with [`EntryStatus::Failure`](crate::EntryStatus::Failure).
    Lasting(Refusal),
    /// The next attempt may succeed. Never kept; every caller that waits for it gets it as [`LookupError::Compute`].
    Transient(E),
}

impl<E> ComputeError<E> {
    /// A lasting failure with a message.
    pub fn lasting(message: impl Into<String>) -> Self {
        let message: String = message.into();
        Self::Lasting(Refusal { media_type: "text/plain".to_owned(), body: message.into() })
    }
}

impl<E> From<E> for ComputeError<E> {
    /// Transient, for `?`: keeping a failure is a decision to be written down.
    fn from(error: E) -> Self {
        Self::Transient(error)
    }
}

/// What is kept instead of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Of the body: `text/plain`, `application/problem+json`, …
    pub media_type: String,
    /// Says why, in whatever form the caller reads back.
    pub body: Bytes,
}

/// What was found or computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Lookup {
    /// The result, or why there is none: see [`EntryHead::status`](crate::EntryHead::status).
    pub entry: Entry,
    /// Where it comes from.
    pub source: Source,
}

/// Where an entry comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A tier had it.
    Tier {
        /// 0 is the first that is asked.
        index: usize,
        /// Its name.
        name: Arc<str>,
    },
    /// This call computed it.
    Computed,
    /// Another call, in this process or another one, computed it while this one waited.
    Joined,
}

/// Why a lookup gave neither a result nor a lasting failure. Trouble of tiers is never a reason.
#[derive(Debug, thiserror::Error)]
pub enum LookupError<E> {
    /// The computation failed, for this caller and for all that waited with it.
    #[error("{0}")]
    Compute(Arc<E>),
    /// The computation failed, was started by a caller with another error type, and said this.
    #[error("{0}")]
    ComputeElsewhere(Arc<str>),
    /// The computation panicked, with this message. The next caller computes anew.
    #[error("the computation panicked: {0}")]
    Panicked(Arc<str>),
    /// The computation ended without an outcome: its runtime is shutting down.
    #[error("the computation was given up, because the process is stopping")]
    Abandoned,
}

/// A failed computation without the type of its error, as callers of any type share it.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    Transient { error: Arc<dyn Any + Send + Sync>, message: Arc<str> },
    Panicked(Arc<str>),
    Abandoned,
}

impl Failure {
    pub(crate) fn transient<E: fmt::Display + Send + Sync + 'static>(error: E) -> Self {
        let message = error.to_string().into();
        Self::Transient { error: Arc::new(error), message }
    }

    pub(crate) fn panicked(payload: &(dyn Any + Send)) -> Self {
        let message = payload.downcast_ref::<&str>().copied();
        let message = message.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        Self::Panicked(message.unwrap_or("no message").into())
    }
}

impl<E: Send + Sync + 'static> From<Failure> for LookupError<E> {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Transient { error, message } => match error.downcast() {
                Ok(error) => Self::Compute(error),
                Err(_) => Self::ComputeElsewhere(message),
            },
            Failure::Panicked(message) => Self::Panicked(message),
            Failure::Abandoned => Self::Abandoned,
        }
    }
}
