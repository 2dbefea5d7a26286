//! How one tier is used.

use std::{collections::BTreeMap, time::Duration};

use crate::BreakerPolicy;

/// How a [`TieredCache`](crate::TieredCache) uses one of its tiers.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TierPolicy {
    /// It is in this process, answers in microseconds, and no other process clears it: read and written inline, and
    /// cleared when another process clears something. Else it is shared: other processes find there what this one
    /// computed.
    pub local: bool,
    /// A read, write or removal that takes longer has failed.
    pub timeout: Duration,
    /// The same for clearing, which may walk over all keys.
    pub clear_timeout: Duration,
    /// Whether new results are written to it.
    pub write: bool,
    /// Whether what a later tier had is written to it.
    pub fill: bool,
    /// No entry is kept for longer.
    pub longest_ttl: Option<Duration>,
    /// No entry whose key begins with this namespace is kept for longer. Takes precedence over `longest_ttl`.
    pub namespace_ttls: BTreeMap<String, Duration>,
    /// When it is asked no more, and tried again.
    pub breaker: BreakerPolicy,
}

impl TierPolicy {
    /// For memory: no bound on the time to live but the entry's own.
    pub fn local() -> Self {
        Self {
            local: true,
            timeout: Duration::from_secs(1),
            clear_timeout: Duration::from_mins(1),
            write: true,
            fill: true,
            longest_ttl: None,
            namespace_ttls: BTreeMap::new(),
            breaker: BreakerPolicy::default(),
        }
    }

    /// For a server or a file: half a second for each call.
    pub fn shared() -> Self {
        Self { local: false, timeout: Duration::from_millis(500), ..Self::local() }
    }

    /// Keeps entries of `namespace` for at most `ttl`.
    #[must_use]
    pub fn namespace_ttl(mut self, namespace: impl Into<String>, ttl: Duration) -> Self {
        self.namespace_ttls.insert(namespace.into(), ttl);
        self
    }

    /// For how long an entry that has `remaining` to live is kept here.
    pub(super) fn ttl(&self, namespace: &str, remaining: Duration) -> Duration {
        let longest = self.namespace_ttls.get(namespace).copied().or(self.longest_ttl);
        longest.map_or(remaining, |longest| remaining.min(longest))
    }
}
