//! Stops asking what does not answer, and notices when it does again.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

/// When a [`Breaker`] opens and tries again.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BreakerPolicy {
    /// So many failures in a row open it.
    pub failures_to_open: u32,
    /// How long it stays open before the first probe. Each failed probe doubles that, up to `max_delay`.
    pub first_delay: Duration,
    /// Longest time between two probes: how long a server that came back may stay unnoticed.
    pub max_delay: Duration,
}

impl Default for BreakerPolicy {
    /// 5 failures, 250 ms, 10 s.
    fn default() -> Self {
        Self { failures_to_open: 5, first_delay: Duration::from_millis(250), max_delay: Duration::from_secs(10) }
    }
}

/// Whether calls go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// Calls go through.
    Closed,
    /// No call goes through for some time.
    Open,
    /// One call goes through, and decides.
    HalfOpen,
}

/// A circuit breaker: closed, open after failures in a row, half open for one probe at a time.
///
/// It measures with tokio's clock.
#[derive(Debug)]
pub struct Breaker {
    policy: BreakerPolicy,
    failures: AtomicU32,
    /// Whether `circuit` must be looked at: a closed breaker costs no lock.
    tripped: AtomicBool,
    circuit: Mutex<Circuit>,
}

#[derive(Debug)]
enum Circuit {
    Closed,
    Open { until: Instant, delay: Duration },
    Probing { delay: Duration },
}

impl Breaker {
    /// A closed one.
    pub fn new(policy: BreakerPolicy) -> Self {
        Self {
            policy,
            failures: AtomicU32::new(0),
            tripped: AtomicBool::new(false),
            circuit: Mutex::new(Circuit::Closed),
        }
    }

    /// Leave to make one call, or `None`: do without. How the call went is told to the [`Admission`].
    pub fn admit(&self) -> Option<Admission<'_>> {
        if !self.tripped.load(Ordering::Acquire) {
            return Some(Admission { breaker: self, probe: false });
        }
        let mut circuit = self.circuit();
        match *circuit {
            Circuit::Closed => Some(Admission { breaker: self, probe: false }),
            Circuit::Open { until, delay } if until <= Instant::now() => {
                *circuit = Circuit::Probing { delay };
                Some(Admission { breaker: self, probe: true })
            }
            Circuit::Open { .. } | Circuit::Probing { .. } => None,
        }
    }

    /// Whether calls go through at present. An open breaker whose time is over is half open.
    pub fn state(&self) -> BreakerState {
        match *self.circuit() {
            Circuit::Closed => BreakerState::Closed,
            Circuit::Open { until, .. } if until > Instant::now() => BreakerState::Open,
            Circuit::Open { .. } | Circuit::Probing { .. } => BreakerState::HalfOpen,
        }
    }

    fn circuit(&self) -> MutexGuard<'_, Circuit> {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        *self.circuit() = Circuit::Closed;
        self.failures.store(0, Ordering::Relaxed);
        self.tripped.store(false, Ordering::Release);
    }

    fn open_for(&self, circuit: &mut Circuit, delay: Duration) {
        let delay = delay.min(self.policy.max_delay);
        *circuit = Circuit::Open { until: Instant::now() + delay, delay };
        self.tripped.store(true, Ordering::Release);
    }
}

/// Leave to make one call. Dropped without a verdict (the caller went away), it decides nothing.
#[derive(Debug)]
#[must_use = "tell it how the call went"]
pub struct Admission<'a> {
    breaker: &'a Breaker,
    probe: bool,
}

impl Admission<'_> {
    /// The call was answered. Whether that closed the breaker.
    pub fn succeeded(mut self) -> bool {
        if std::mem::take(&mut self.probe) {
            self.breaker.close();
            return true;
        }
        if self.breaker.failures.load(Ordering::Relaxed) != 0 {
            self.breaker.failures.store(0, Ordering::Relaxed);
        }
        false
    }

    /// The call failed or took too long. Whether that opened the breaker.
    pub fn failed(mut self) -> bool {
        let mut circuit = self.breaker.circuit();
        if std::mem::take(&mut self.probe) {
            if let Circuit::Probing { delay } = *circuit {
                self.breaker.open_for(&mut circuit, delay * 2);
            }
            return false;
        }
        let failures = self.breaker.failures.fetch_add(1, Ordering::Relaxed) + 1;
        // Calls that were admitted before it opened, and fail after, change nothing.
        if failures < self.breaker.policy.failures_to_open || !matches!(*circuit, Circuit::Closed) {
            return false;
        }
        self.breaker.open_for(&mut circuit, self.breaker.policy.first_delay);
        true
    }
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        if self.probe {
            let mut circuit = self.breaker.circuit();
            if let Circuit::Probing { delay } = *circuit {
                // The next call may probe at once.
                *circuit = Circuit::Open { until: Instant::now(), delay };
            }
        }
    }
}

#[cfg(test)]
mod tests;
