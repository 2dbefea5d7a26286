//! One tier behind its time limit, breaker and counters: its trouble ends here.

use std::{
    fmt,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures::FutureExt as _;
use tokio::time::Instant;

use super::TierPolicy;
use crate::{
    Breaker, BreakerState, CacheKey, CacheTier, Entry, Pattern, PutOptions, PutOutcome, TierError, TierErrorKind,
    TierStats, breaker::Admission, stats::TierCounters, unix_ms,
};

#[derive(Debug)]
pub(crate) struct GuardedTier {
    tier: Arc<dyn CacheTier>,
    name: Arc<str>,
    policy: TierPolicy,
    breaker: Breaker,
    counters: TierCounters,
}

/// Whether a read that finds nothing is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// A caller's first look.
    First,
    /// Another look for the same caller.
    Again,
}

impl GuardedTier {
    pub(crate) fn new(tier: Arc<dyn CacheTier>, policy: TierPolicy) -> Self {
        let name = tier.name().into();
        let breaker = Breaker::new(policy.breaker.clone());
        Self { tier, name, policy, breaker, counters: TierCounters::default() }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn policy(&self) -> &TierPolicy {
        &self.policy
    }

    pub(crate) fn breaker_state(&self) -> BreakerState {
        self.breaker.state()
    }

    pub(crate) fn stats(&self) -> TierStats {
        self.counters.snapshot(&self.name, self.breaker.state())
    }

    /// The entry, if the tier has it and answers in time.
    pub(crate) async fn get(&self, key: &CacheKey, now: SystemTime, reading: Reading) -> Option<Entry> {
        let found = if let Some(admission) = self.breaker.admit() {
            let began = Instant::now();
            let answer = self.limited(self.policy.timeout, self.tier.get(key)).await;
            self.counters.get.record(began.elapsed());
            self.judge(admission, answer, key.as_str()).ok().flatten()
        } else {
            self.counters.skipped.count();
            None
        };
        let live = found.filter(|entry| !entry.is_expired(now));
        if let Some(entry) = &live {
            self.counters.hits.count();
            self.counters.bytes_read.add(entry.body.len() as u64);
        } else if reading == Reading::First {
            self.counters.misses.count();
        }
        live
    }

    /// Keeps the entry for what is left of its life, or for less if the policy says so.
    pub(crate) async fn put(&self, key: &CacheKey, entry: &Entry, now: SystemTime) {
        let remaining = Duration::from_millis(entry.head.expires_ms.saturating_sub(unix_ms(now)));
        let ttl = self.policy.ttl(key.namespace(), remaining);
        if ttl.is_zero() {
            return;
        }
        let Some(admission) = self.breaker.admit() else { return self.counters.skipped.count() };
        let began = Instant::now();
        let answer = self.limited(self.policy.timeout, self.tier.put(key, entry, &PutOptions::new(ttl))).await;
        self.counters.put.record(began.elapsed());
        match self.judge(admission, answer, key.as_str()) {
            Ok(PutOutcome::Stored) => {
                self.counters.puts.count();
                self.counters.bytes_written.add(entry.body.len() as u64);
            }
            Ok(PutOutcome::Declined) => self.counters.declined.count(),
            Err(_) => {}
        }
    }

    /// A write that was given up before the tier was asked.
    pub(crate) fn shed(&self) {
        self.counters.shed.count();
    }

    /// Removes one entry. Asks whatever the breaker says: its caller wants to know.
    pub(crate) async fn remove(&self, key: &CacheKey) -> Result<bool, TierError> {
        self.ask(self.policy.timeout, self.tier.remove(key), key.as_str()).await
    }

    /// Removes what matches. Asks whatever the breaker says: its caller wants to know.
    pub(crate) async fn clear(&self, pattern: &Pattern) -> Result<u64, TierError> {
        self.ask(self.policy.clear_timeout, self.tier.clear(pattern), pattern.as_str()).await
    }

    /// Whether it answers, and how fast. Asks whatever the breaker says, and leaves it alone.
    pub(crate) async fn probe(&self) -> Result<Duration, TierError> {
        let began = Instant::now();
        self.limited(self.policy.timeout, self.tier.probe()).await.map(|()| began.elapsed())
    }

    async fn ask<T>(
        &self,
        limit: Duration,
        call: impl Future<Output = Result<T, TierError>>,
        subject: &str,
    ) -> Result<T, TierError> {
        self.limited(limit, call).await.inspect_err(|error| {
            self.count(error);
            tracing::warn!(cache.tier = &*self.name, cache.key = subject, %error, "a cache tier was not cleared");
        })
    }

    async fn limited<T>(
        &self,
        limit: Duration,
        call: impl Future<Output = Result<T, TierError>>,
    ) -> Result<T, TierError> {
        let failed = |kind, reason: fmt::Arguments<'_>| Err(TierError::new(&*self.name, kind, reason));
        // A tier that panics is a tier in trouble, no more.
        match tokio::time::timeout(limit, AssertUnwindSafe(call).catch_unwind()).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_panic)) => failed(TierErrorKind::Other, format_args!("it panicked")),
            Err(_elapsed) => failed(TierErrorKind::Timeout, format_args!("no answer within {limit:?}")),
        }
    }

    /// Counts and logs a failure, and tells the breaker how the call went.
    fn judge<T>(&self, admission: Admission<'_>, answer: Result<T, TierError>, subject: &str) -> Result<T, TierError> {
        let Err(error) = &answer else {
            if admission.succeeded() {
                tracing::info!(cache.tier = &*self.name, "the cache tier answers again");
            }
            return answer;
        };
        self.count(error);
        match error.kind() {
            // The tier answered; what it said about one entry says nothing about the others.
            TierErrorKind::Corrupt => {
                tracing::warn!(cache.tier = &*self.name, cache.key = subject, %error, "removed an unreadable cache entry");
                admission.succeeded();
            }
            // It still reads.
            TierErrorKind::Full => {
                tracing::debug!(cache.tier = &*self.name, cache.key = subject, %error, "a cache tier has no room left");
                admission.succeeded();
            }
            _ => {
                tracing::debug!(cache.tier = &*self.name, cache.key = subject, %error, "a cache tier failed");
                if admission.failed() {
                    tracing::warn!(cache.tier = &*self.name, %error, "the cache goes on without this tier for now");
                }
            }
        }
        answer
    }

    fn count(&self, error: &TierError) {
        match error.kind() {
            TierErrorKind::Timeout => self.counters.timeouts.count(),
            TierErrorKind::Corrupt => self.counters.corrupt.count(),
            _ => self.counters.errors.count(),
        }
    }
}
