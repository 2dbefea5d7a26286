//! The seam by which whoever keeps the books hears of every request, whichever tier answered it.

use std::time::Duration;

use crate::{CacheKey, Lookup, Source};

/// Keeps the books of a [`TieredCache`](crate::TieredCache): each caller's request comes here once.
///
/// A tier cannot know how many requests there were: a faster one answers without asking it, and one request may ask it
/// several times, before and while another process computes.
pub trait Ledger: std::fmt::Debug + Send + Sync {
    /// Writes down how a request for `key` ended. Called on the way of the request: it must neither block nor wait.
    fn record(&self, key: &CacheKey, outcome: RequestOutcome<'_>);
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestOutcome<'a> {
    /// Answered by a tier, or by a computation that was under way for somebody else.
    Hit {
        /// What computing it took then, and did not take now.
        saved: Duration,
        /// The tier that answered, by its name; `None` for a computation.
        tier: Option<&'a str>,
    },
    /// Computed for this request; a lasting failure is a result too.
    Computed {
        /// What it took.
        took: Duration,
    },
    /// Not answered: no tier had it and nothing was computed, or the computation failed for the moment.
    Missed,
}

impl<'a> RequestOutcome<'a> {
    /// How a request ended that was answered with `lookup`.
    pub(crate) fn of(lookup: Option<&'a Lookup>) -> Self {
        let Some(Lookup { entry, source }) = lookup else { return Self::Missed };
        let computing = Duration::from_micros(entry.head.compute_us);
        match source {
            Source::Computed => Self::Computed { took: computing },
            Source::Tier { name, .. } => Self::Hit { saved: computing, tier: Some(name) },
            Source::Joined => Self::Hit { saved: computing, tier: None },
        }
    }
}
