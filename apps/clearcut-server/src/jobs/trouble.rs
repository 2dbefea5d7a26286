//! What becomes of a queue's and a store's failures on the wire, and of jobs that nobody knows.

use std::time::{Duration, SystemTime};

use clearcut_jobs::{QueueError, QueueErrorKind};
use clearcut_store::{StoreError, StoreErrorKind};

use crate::failure::{Code, Failure};

/// How far the clocks of two servers may be apart.
const SKEW: Duration = Duration::from_hours(1);

/// After this time the same call may find the queue or the store again.
const AGAIN: Duration = Duration::from_secs(2);

impl From<QueueError> for Failure {
    fn from(error: QueueError) -> Self {
        if error.kind() == QueueErrorKind::Corrupt {
            return Self::internal(error);
        }
        tracing::warn!(%error, "the job queue does not answer");
        Self::new(Code::Unavailable, "the job queue does not answer; try again in a moment").retry_after(AGAIN)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error.kind() {
            StoreErrorKind::TooLarge => Self::new(Code::TooLarge, "the picture in the store is larger than allowed"),
            StoreErrorKind::Full => {
                tracing::error!(%error, "the store is full");
                Self::new(Code::StoreFull, "there is no room for the picture; the operator has to make some")
            }
            StoreErrorKind::Unavailable | StoreErrorKind::Configuration => {
                tracing::warn!(%error, "the store does not answer");
                let detail = "the store of pictures does not answer; try again in a moment";
                Self::new(Code::Unavailable, detail).retry_after(AGAIN)
            }
            StoreErrorKind::Corrupt => {
                tracing::error!(%error, "a stored result was damaged");
                Self::new(Code::ResultExpired, "the stored result was damaged and is gone; send the picture again")
            }
            _ => Self::internal(error),
        }
    }
}

/// Why a job or a batch, `what`, that was named at `made_at` is not known at `now`, where it would be kept for `ttl`.
pub(crate) fn absent(what: &str, made_at: SystemTime, now: SystemTime, ttl: Duration) -> Failure {
    let age = match now.duration_since(made_at) {
        Ok(age) => age,
        Err(ahead) if ahead.duration() <= SKEW => Duration::ZERO,
        Err(_) => return unknown(what),
    };
    if age > ttl {
        let detail = format!("the {what} is older than this server remembers; send its pictures again");
        return Failure::new(Code::JobExpired, detail);
    }
    let detail = format!(
        "the {what} is not known any more: its picture was not uploaded in time, or the queue lost its memory; \
         send its pictures again"
    );
    Failure::new(Code::JobLost, detail)
}

/// That no job or batch can have this id, or that it is somebody else's.
pub(crate) fn unknown(what: &str) -> Failure {
    Failure::new(Code::JobUnknown, format!("there is no {what} with this id"))
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn what_nobody_knows_was_lost_forgotten_or_never_there() {
        let day = Duration::from_hours(24);
        let now = UNIX_EPOCH + day * 100;
        for (made_at, expected) in [
            (now - Duration::from_secs(1), Code::JobLost),
            (now - day * 7, Code::JobLost),
            (now - day * 7 - Duration::from_secs(1), Code::JobExpired),
            (UNIX_EPOCH, Code::JobExpired),
            // By a server whose clock is ahead.
            (now + Duration::from_mins(5), Code::JobLost),
            (now + day, Code::JobUnknown),
        ] {
            assert_eq!(absent("job", made_at, now, day * 7).code(), expected, "{made_at:?}");
        }
    }
}
