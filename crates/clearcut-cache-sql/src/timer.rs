//! The background task of a tier: writes what was counted, and cleans up.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::JoinHandle,
    time::{Instant, MissedTickBehavior},
};

use crate::{database::Database, store::Store};

/// Longest interval; as good as never, and no overflow.
const FOREVER: Duration = Duration::from_hours(365 * 24);

/// The running task. Ends with the value.
#[derive(Debug)]
pub(crate) struct Timer(JoinHandle<()>);

impl Timer {
    pub(crate) fn start<D: Database>(store: &Arc<Store<D>>) -> Self {
        Self(tokio::spawn(run(Arc::clone(store))))
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn run<D: Database>(store: Arc<Store<D>>) {
    let cleanup_interval = store.keeping.cleanup_interval;
    let flush_interval = store.keeping.flush_interval.clamp(Duration::from_millis(10), FOREVER);
    let mut flush = tokio::time::interval_at(Instant::now() + flush_interval, flush_interval);
    flush.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick is at once: a short-lived process, such as a command, must clean up too.
    let mut cleanup = tokio::time::interval(cleanup_interval.unwrap_or(FOREVER).clamp(Duration::from_secs(1), FOREVER));
    cleanup.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut healthy = true;
    loop {
        let done = tokio::select! {
            _ = flush.tick() => store.flush().await,
            () = store.counters.full.notified() => store.flush().await,
            _ = cleanup.tick() => match cleanup_interval {
                Some(interval) => store.cleanup_if_due(interval).await,
                None => Ok(()),
            },
        };
        // Said once for each outage: the timer comes back every few seconds.
        match done {
            Err(error) if healthy => {
                tracing::warn!(tier = D::NAME, %error, "cache upkeep is waiting for the database");
                healthy = false;
            }
            Err(_) => {}
            Ok(()) => healthy = true,
        }
    }
}
