//! How a job says how far it is.

use tokio::sync::watch;

use crate::Progress;

/// Takes what a job says of its progress to those who renew its lease. What was not yet taken along is replaced by what
/// is said later, so that a job may say as much as it likes.
#[derive(Debug)]
pub struct ProgressSender {
    latest: watch::Sender<Option<Progress>>,
}

impl ProgressSender {
    /// For a worker of one's own: what was said last is read at the other end.
    pub fn channel() -> (Self, watch::Receiver<Option<Progress>>) {
        let (latest, said) = watch::channel(None);
        (Self { latest }, said)
    }

    /// Says how far it is, in percent; more than 100 is 100.
    pub fn send(&self, percent: u8, message: impl Into<String>) {
        self.latest.send_replace(Some(Progress { percent: percent.min(100), message: message.into() }));
    }
}
