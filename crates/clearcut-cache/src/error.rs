//! Why a tier could not answer.

/// A tier's failure. Never a reason to fail a request: a read becomes a miss, a write a counter.
#[derive(Debug, thiserror::Error)]
#[error("{tier}: {kind}: {reason}")]
pub struct TierError {
    tier: String,
    kind: TierErrorKind,
    reason: String,
}

/// What sort of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TierErrorKind {
    /// The server cannot be reached, or the connection broke.
    Unavailable,
    /// No answer within the tier's time limit.
    Timeout,
    /// No room left: a full disk, a memory limit.
    Full,
    /// Wrong password, wrong address, missing rights: it will not mend by itself.
    Configuration,
    /// What was kept under the key cannot be read (wrong version, wrong checksum), and has been removed.
    Corrupt,
    /// Anything else.
    Other,
}

impl TierError {
    /// `reason` holds no password and no driver type.
    pub fn new(tier: impl Into<String>, kind: TierErrorKind, reason: impl std::fmt::Display) -> Self {
        Self { tier: tier.into(), kind, reason: reason.to_string() }
    }

    /// What sort of failure it was.
    pub fn kind(&self) -> TierErrorKind {
        self.kind
    }

    /// The tier's name.
    pub fn tier(&self) -> &str {
        &self.tier
    }
}

impl std::fmt::Display for TierErrorKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unavailable => "unavailable",
            Self::Timeout => "timed out",
            Self::Full => "no room left",
            Self::Configuration => "misconfigured",
            Self::Corrupt => "unreadable entry",
            Self::Other => "failed",
        })
    }
}
