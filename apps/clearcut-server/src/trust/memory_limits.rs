//! Limits counted in this process.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use governor::{
    Quota,
    clock::{Clock, DefaultClock, Reference as _},
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::{StateStore, keyed::ShrinkableKeyedStateStore},
};

use super::limits::{Decision, Limit, RateLimiter};

/// Most subjects that are remembered for one call. Beyond, those are forgotten that called least of late.
const MAX_SUBJECTS: usize = 50_000;
/// From so many on it is looked whether some need not be remembered any more.
const TIDY_FROM: usize = 1_000;

/// Counts in this process alone, by GCRA. What it remembers is bounded.
pub struct MemoryLimiter<C: Clock = DefaultClock> {
    clock: C,
    max_subjects: usize,
    counts: Mutex<Counts<C>>,
}

/// By call and limit.
type Counts<C> = HashMap<(String, Limit), Arc<Count<C>>>;

type Governor<C> = governor::RateLimiter<String, Arrivals, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// The subjects of one call under one limit.
struct Count<C: Clock> {
    governor: Governor<C>,
    arrivals: Arrivals,
    /// The governor counts time from here, or from a moment later.
    start: C::Instant,
    tidy_at: AtomicUsize,
}

/// Until when each subject's calls are spent, in time since the start: GCRA's theoretical arrival time.
#[derive(Clone, Default)]
struct Arrivals(Arc<Mutex<HashMap<String, Nanos>>>);

impl Default for MemoryLimiter {
    fn default() -> Self {
        Self::new(DefaultClock::default(), MAX_SUBJECTS)
    }
}

impl<C: Clock + Clone> MemoryLimiter<C> {
    fn new(clock: C, max_subjects: usize) -> Self {
        Self { clock, max_subjects, counts: Mutex::default() }
    }

    fn decide(&self, call: &str, subject: &str, limit: Limit) -> Decision {
        let count = self.count(call, limit);
        let subject = subject.to_owned();
        let allowed = count.governor.check_key(&subject).is_ok();
        count.tidy(self.max_subjects);
        // Read after the decision, so that rounding is in the caller's favor.
        let elapsed = self.clock.now().duration_since(count.start);
        let arrival = count.arrivals.lock().get(&subject).copied().unwrap_or_default();
        Decision::new(limit, allowed, Duration::from(arrival).saturating_sub(elapsed.into()), SystemTime::now())
    }

    fn count(&self, call: &str, limit: Limit) -> Arc<Count<C>> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(counts.entry((call.to_owned(), limit)).or_insert_with(|| Arc::new(Count::new(&self.clock, limit))))
    }
}

impl<C: Clock + Clone> Count<C> {
    fn new(clock: &C, limit: Limit) -> Self {
        let calls = limit.calls.max(1).try_into().expect("at least one call");
        let quota =
            Quota::with_period(limit.interval()).expect("an interval is longer than nothing").allow_burst(calls);
        let (start, arrivals) = (clock.now(), Arrivals::default());
        let governor = Governor::new(quota, arrivals.clone(), clock.clone());
        Self { governor, arrivals, start, tidy_at: AtomicUsize::new(TIDY_FROM) }
    }

    /// Forgets who might call as often as a newcomer; and where that is not enough, who comes closest to one.
    fn tidy(&self, max_subjects: usize) {
        let max_subjects = max_subjects.max(1);
        if self.arrivals.len() < self.tidy_at.load(Ordering::Relaxed).min(max_subjects) {
            return;
        }
        self.governor.retain_recent();
        if self.arrivals.len() >= max_subjects {
            // A quarter, so that this is seldom.
            self.arrivals.forget_earliest(max_subjects.div_ceil(4));
        }
        self.tidy_at.store((self.arrivals.len() * 2).max(TIDY_FROM), Ordering::Relaxed);
    }
}

#[async_trait]
impl<C: Clock<Instant: 'static> + Clone + Send + Sync + 'static> RateLimiter for MemoryLimiter<C> {
    async fn check(&self, call: &str, subject: &str, limit: Limit) -> Decision {
        self.decide(call, subject, limit)
    }
}

impl Arrivals {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Nanos>> {
        // A panic elsewhere leaves nothing half-written in it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget_earliest(&self, number: usize) {
        let mut arrivals = self.lock();
        let mut times: Vec<Nanos> = arrivals.values().copied().collect();
        let last = number.min(times.len()).saturating_sub(1);
        if !times.is_empty() {
            let (_, &mut latest, _) = times.select_nth_unstable(last);
            arrivals.retain(|_, arrival| *arrival > latest);
        }
    }
}

impl StateStore for Arrivals {
    type Key = String;

    fn measure_and_replace<T, F, E>(&self, subject: &String, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut arrivals = self.lock();
        let (outcome, arrival) = measure(arrivals.get(subject).copied())?;
        arrivals.insert(subject.clone(), arrival);
        Ok(outcome)
    }
}

impl ShrinkableKeyedStateStore<String> for Arrivals {
    fn retain_recent(&self, drop_below: Nanos) {
        self.lock().retain(|_, arrival| *arrival > drop_below);
    }

    fn len(&self) -> usize {
        self.lock().len()
    }

    fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }
}

impl<C: Clock> fmt::Debug for MemoryLimiter<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryLimiter").field("max_subjects", &self.max_subjects).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    const HOURLY: Limit = Limit { calls: 10, per: Duration::from_hours(1) };

    fn limiter(max_subjects: usize) -> (MemoryLimiter<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        // Not at the clock's zero, which no real clock shows either.
        clock.advance(Duration::from_secs(5));
        (MemoryLimiter::new(clock.clone(), max_subjects), clock)
    }

    #[test]
    fn all_calls_may_come_at_once_and_then_evenly() {
        let (limiter, clock) = limiter(10);
        for remaining in (0..10).rev() {
            let decision = limiter.decide("native", "a", HOURLY);
            assert_eq!((decision.allowed, decision.remaining), (true, remaining));
        }
        let refused = limiter.decide("native", "a", HOURLY);
        assert_eq!((refused.allowed, refused.remaining), (false, 0));
        assert_eq!(refused.retry_after, Duration::from_mins(6));
        let reset_in = refused.reset.duration_since(SystemTime::now()).unwrap().as_secs_f64();
        assert!((3590.0..=3600.0).contains(&reset_in), "{reset_in}");

        clock.advance(refused.retry_after);
        assert!(limiter.decide("native", "a", HOURLY).allowed);
        assert!(!limiter.decide("native", "a", HOURLY).allowed);
        clock.advance(Duration::from_mins(59));
        let before = limiter.decide("native", "a", HOURLY);
        assert_eq!((before.allowed, before.remaining, before.retry_after), (true, 8, Duration::ZERO));
    }

    #[test]
    fn refused_calls_do_not_push_the_next_one_away() {
        let (limiter, clock) = limiter(10);
        let once = Limit { calls: 1, per: Duration::from_mins(1) };
        assert!(limiter.decide("native", "a", once).allowed);
        for second in 0..59 {
            let refused = limiter.decide("native", "a", once);
            assert_eq!((refused.allowed, refused.retry_after), (false, Duration::from_secs(60 - second)));
            clock.advance(Duration::from_secs(1));
        }
        clock.advance(Duration::from_secs(1));
        assert!(limiter.decide("native", "a", once).allowed);
    }

    #[test]
    fn subjects_and_calls_and_limits_have_counts_of_their_own() {
        let (limiter, _) = limiter(10);
        let once = Limit { calls: 1, per: Duration::from_mins(1) };
        for (call, subject, limit) in
            [("native", "a", once), ("native", "b", once), ("admin", "a", once), ("native", "a", HOURLY)]
        {
            assert!(limiter.decide(call, subject, limit).allowed, "{call} {subject}");
        }
        assert!(!limiter.decide("native", "a", once).allowed);
    }

    #[test]
    fn who_has_paused_is_forgotten_and_memory_is_bounded() {
        let (limiter, clock) = limiter(3_000);
        let subjects = |limiter: &MemoryLimiter<FakeRelativeClock>| limiter.count("native", HOURLY).arrivals.len();
        for number in 0..1_500 {
            limiter.decide("native", &number.to_string(), HOURLY);
        }
        clock.advance(Duration::from_hours(3));
        for number in 0..600 {
            limiter.decide("native", &format!("later {number}"), HOURLY);
        }
        assert!(subjects(&limiter) <= 1_600, "{}", subjects(&limiter));

        // The one that is at its limit is remembered among thousands that called once.
        while limiter.decide("native", "greedy", HOURLY).allowed {}
        for number in 0..10_000 {
            limiter.decide("native", &format!("flood {number}"), HOURLY);
            assert!(subjects(&limiter) <= 3_000);
        }
        assert!(!limiter.decide("native", "greedy", HOURLY).allowed);
    }

    #[tokio::test]
    async fn the_real_clock_allows_exactly_the_documented_number() {
        let limiter = MemoryLimiter::default();
        let mut allowed = 0;
        for _ in 0..50 {
            let decision = limiter.check("native", "a", HOURLY).await;
            allowed += u32::from(decision.allowed);
            assert_eq!(decision.remaining, 10 - allowed);
        }
        assert_eq!(allowed, 10);
    }
}
