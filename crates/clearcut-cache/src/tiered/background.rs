//! Work that goes on after the answer was given, bounded and waited for on demand.

use std::sync::Arc;

use tokio::sync::{Semaphore, watch};

/// Bodies are counted in this unit: tokio's semaphores count to 2^32 at least on every platform.
const UNIT_BYTES: usize = 1 << 10;

/// Counts the tasks that run, and bounds the bytes that wait to be written.
#[derive(Debug)]
pub(crate) struct Background {
    running: Arc<watch::Sender<usize>>,
    budget: Arc<Semaphore>,
}

impl Background {
    pub(crate) fn new(budget_bytes: usize) -> Self {
        Self {
            running: Arc::new(watch::Sender::new(0)),
            budget: Arc::new(Semaphore::new((budget_bytes / UNIT_BYTES).min(Semaphore::MAX_PERMITS))),
        }
    }

    /// Runs `work` to its end, whoever started it goes away.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let running = Running::new(&self.running);
        tokio::spawn(async move {
            let _running = running;
            work.await;
        });
    }

    /// Room for `bytes` that wait to be written, given back when dropped. `None` if there is none: shed the write.
    pub(crate) fn reserve(&self, bytes: usize) -> Option<Reservation> {
        let units = bytes.div_ceil(UNIT_BYTES).max(1).try_into().ok()?;
        Arc::clone(&self.budget).try_acquire_many_owned(units).ok().map(Reservation)
    }

    /// Waits until nothing runs.
    pub(crate) async fn idle(&self) {
        let mut running = self.running.subscribe();
        // Fails only if the sender is gone, and with it everything that ran.
        let _ = running.wait_for(|&running| running == 0).await;
    }
}

/// Room that a waiting write takes.
#[derive(Debug)]
pub(crate) struct Reservation(
    #[expect(dead_code, reason = "it acts by being dropped")] tokio::sync::OwnedSemaphorePermit,
);

/// One running task; counted even if it panics or its runtime ends.
struct Running(Arc<watch::Sender<usize>>);

impl Running {
    fn new(running: &Arc<watch::Sender<usize>>) -> Self {
        running.send_modify(|running| *running += 1);
        Self(Arc::clone(running))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.send_modify(|running| *running -= 1);
    }
}
