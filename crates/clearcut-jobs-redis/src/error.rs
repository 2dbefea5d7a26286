//! What a failure of Redis means for a queue.

use clearcut_cache::{TierError, TierErrorKind};
use clearcut_jobs::{QueueError, QueueErrorKind};

/// A command that did not come to its end.
pub(crate) fn failed(error: &TierError) -> QueueError {
    let kind = match error.kind() {
        TierErrorKind::Configuration => QueueErrorKind::Configuration,
        TierErrorKind::Corrupt | TierErrorKind::Other => QueueErrorKind::Corrupt,
        // Full too: what is in line goes on, and makes room.
        _ => QueueErrorKind::Unavailable,
    };
    QueueError::new(kind, error)
}

/// An answer that this version does not understand.
pub(crate) fn corrupt(what: &str, reason: impl std::fmt::Display) -> QueueError {
    QueueError::new(QueueErrorKind::Corrupt, format!("{what}: {reason}"))
}
