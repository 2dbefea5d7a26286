//! Why a queue could not answer.

/// A queue's failure. What was asked may or may not have happened; asking again is safe, because every call names its
/// job or its lease.
#[derive(Debug, thiserror::Error)]
#[error("{kind}: {reason}")]
pub struct QueueError {
    kind: QueueErrorKind,
    reason: String,
}

/// What sort of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueueErrorKind {
    /// The server cannot be reached, did not answer in time, or has no room: it may answer later.
    Unavailable,
    /// Wrong password, wrong address, missing rights: it will not mend by itself.
    Configuration,
    /// What is kept of a job cannot be read.
    Corrupt,
}

impl QueueError {
    /// `reason` holds no password and no driver type.
    pub fn new(kind: QueueErrorKind, reason: impl std::fmt::Display) -> Self {
        Self { kind, reason: reason.to_string() }
    }

    /// What sort of failure it was.
    pub fn kind(&self) -> QueueErrorKind {
        self.kind
    }
}

impl std::fmt::Display for QueueErrorKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unavailable => "the job queue cannot be reached",
            Self::Configuration => "the job queue is misconfigured",
            Self::Corrupt => "a job cannot be read",
        })
    }
}
