//! Asks a lease keeper for leave to compute, and keeps the lease while the computation runs.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{task::JoinHandle, time::Instant};

use crate::{Breaker, BreakerPolicy, CacheKey, LeaseGrant, LeaseKeeper, TierError, TierErrorKind, random};

/// How leases are taken and waited for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LeasePolicy {
    /// A holder that dies delays the others by no more than this. Renewed at a third of it.
    pub ttl: Duration,
    /// A keeper that takes longer to answer is done without.
    pub timeout: Duration,
    /// How soon a waiting process looks for the result; each look waits half as long again, up to `last_poll`.
    pub first_poll: Duration,
    /// Longest time between two looks.
    pub last_poll: Duration,
    /// A process that has waited for longer computes by itself.
    pub longest_wait: Duration,
    /// When the keeper is asked no more, and tried again.
    pub breaker: BreakerPolicy,
}

impl Default for LeasePolicy {
    /// 10 s, renewed every 3.3 s; looks after 5 ms to 200 ms; waits for at most 60 s.
    fn default() -> Self {
        Self {
            ttl: Duration::from_secs(10),
            timeout: Duration::from_millis(500),
            first_poll: Duration::from_millis(5),
            last_poll: Duration::from_millis(200),
            longest_wait: Duration::from_mins(1),
            breaker: BreakerPolicy::default(),
        }
    }
}

/// A lease keeper behind its time limit and breaker.
#[derive(Debug)]
pub(crate) struct LeaseGate {
    keeper: Arc<dyn LeaseKeeper>,
    policy: LeasePolicy,
    breaker: Breaker,
}

/// What came of asking.
#[derive(Debug)]
pub(crate) enum Asked {
    Granted(HeldLease),
    HeldByAnother,
    NoAnswer,
}

impl LeaseGate {
    pub(crate) fn new(keeper: Arc<dyn LeaseKeeper>, policy: LeasePolicy) -> Self {
        let breaker = Breaker::new(policy.breaker.clone());
        Self { keeper, policy, breaker }
    }

    pub(crate) fn longest_wait(&self) -> Duration {
        self.policy.longest_wait
    }

    pub(crate) async fn ask(&self, key: &CacheKey) -> Asked {
        let Some(admission) = self.breaker.admit() else { return Asked::NoAnswer };
        let asked_at = Instant::now();
        match limited(self.policy.timeout, self.keeper.acquire(key, self.policy.ttl)).await {
            Ok(granted) => {
                if admission.succeeded() {
                    tracing::info!("the lease keeper answers again");
                }
                granted.map_or(Asked::HeldByAnother, |grant| Asked::Granted(self.hold(grant, asked_at)))
            }
            Err(error) => {
                tracing::debug!(cache.key = key.as_str(), %error, "computing without a lease");
                if admission.failed() {
                    tracing::warn!(%error, "the cache goes on without leases for now: servers may compute the same");
                }
                Asked::NoAnswer
            }
        }
    }

    /// How long to wait before each look for the result.
    pub(crate) fn polls(&self) -> impl Iterator<Item = Duration> + Send + use<> {
        let (first, last) = (self.policy.first_poll, self.policy.last_poll);
        // Between half and the whole, so that waiting processes do not look in step.
        std::iter::successors(Some(first), move |wait| Some((*wait * 3 / 2).min(last)))
            .map(|wait| wait.mul_f64(0.5 + random::unit() / 2.0))
    }

    fn hold(&self, grant: LeaseGrant, asked_at: Instant) -> HeldLease {
        let tenure = Arc::new(Tenure {
            keeper: Arc::clone(&self.keeper),
            ttl: self.policy.ttl,
            timeout: self.policy.timeout,
            held_until: Mutex::new(Some(asked_at + self.policy.ttl)),
            grant,
        });
        let renewing = Arc::clone(&tenure);
        let renewal = tokio::spawn(async move {
            loop {
                tokio::time::sleep(renewing.ttl / 3).await;
                if !renewing.renew().await {
                    break;
                }
            }
        });
        HeldLease { tenure, renewal }
    }
}

/// A lease that is renewed until this is dropped.
#[derive(Debug)]
pub(crate) struct HeldLease {
    tenure: Arc<Tenure>,
    renewal: JoinHandle<()>,
}

#[derive(Debug)]
struct Tenure {
    keeper: Arc<dyn LeaseKeeper>,
    ttl: Duration,
    timeout: Duration,
    grant: LeaseGrant,
    /// Until when nobody else can hold it, as far as is known; `None` once it is lost.
    held_until: Mutex<Option<Instant>>,
}

impl HeldLease {
    /// Whether nobody else can have taken it: asked of the keeper, for what is about to be written must not replace
    /// what the next holder wrote.
    pub(crate) async fn still_held(&self) -> bool {
        self.tenure.renew().await
    }

    /// Gives it back. If that fails, it ends by itself.
    pub(crate) async fn release(self) {
        self.renewal.abort();
        let tenure = &self.tenure;
        if let Err(error) = limited(tenure.timeout, tenure.keeper.release(&tenure.grant)).await {
            tracing::debug!(cache.key = tenure.grant.key.as_str(), %error, "a lease was not released, and will expire");
        }
    }
}

impl Drop for HeldLease {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

impl Tenure {
    /// Extends the lease, and says whether it is held. If the keeper does not answer, it is held until the time of
    /// the last extension is over.
    async fn renew(&self) -> bool {
        let asked_at = Instant::now();
        let answer = limited(self.timeout, self.keeper.renew(&self.grant, self.ttl)).await;
        let mut held_until = self.held_until.lock().unwrap_or_else(PoisonError::into_inner);
        match answer {
            Ok(true) => *held_until = held_until.map(|until| until.max(asked_at + self.ttl)),
            Ok(false) => *held_until = None,
            Err(error) => {
                tracing::debug!(cache.key = self.grant.key.as_str(), %error, "a lease could not be renewed yet");
            }
        }
        held_until.is_some_and(|until| until > Instant::now())
    }
}

async fn limited<T>(limit: Duration, call: impl Future<Output = Result<T, TierError>>) -> Result<T, TierError> {
    tokio::time::timeout(limit, call).await.unwrap_or_else(|_| {
        Err(TierError::new("lease", TierErrorKind::Timeout, format_args!("no answer within {limit:?}")))
    })
}
