//! Whether workers go on.

use tokio::sync::watch;

/// What workers are to do. Each phase comes after the one before and never ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Take jobs.
    Working,
    /// Take no more, and end those that run.
    Draining,
    /// Give back those that run.
    Leaving,
}

/// Tells the phase. Clones hear the same.
#[derive(Debug, Clone)]
pub(super) struct Phases(watch::Receiver<Phase>);

impl Phases {
    pub(super) fn channel() -> (watch::Sender<Phase>, Self) {
        let (sender, receiver) = watch::channel(Phase::Working);
        (sender, Self(receiver))
    }

    pub(super) fn now(&self) -> Phase {
        *self.0.borrow()
    }

    /// Waits for `phase` or a later one.
    pub(super) async fn reached(&mut self, phase: Phase) {
        // A sender that is gone says nothing more; whoever dropped it ends this task as well.
        let _ = self.0.wait_for(|now| *now >= phase).await;
    }
}
