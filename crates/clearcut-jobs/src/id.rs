//! Names of jobs and batches.

use std::{
    fmt,
    str::FromStr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use uuid::{NoContext, Timestamp, Uuid};

/// Names a job. It carries the time at which the job was accepted, so that an id which nobody knows any more can be
/// told from one that expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(Uuid);

/// Names a batch: jobs that were accepted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BatchId(Uuid);

/// Not an id that a job or a batch can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of a job or batch")]
pub struct InvalidId;

macro_rules! id {
    ($name:ident) => {
        impl $name {
            /// A new id, of the time `now`.
            pub fn new(now: SystemTime) -> Self {
                let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
                Self(Uuid::new_v7(Timestamp::from_unix(NoContext, since.as_secs(), since.subsec_nanos())))
            }

            /// When it was made, to the millisecond, by the clock of whoever made it.
            pub fn made_at(self) -> SystemTime {
                let (seconds, nanos) = self.0.get_timestamp().map_or((0, 0), |timestamp| timestamp.to_unix());
                UNIX_EPOCH + Duration::new(seconds, nanos)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            /// Takes what [`Display`](fmt::Display) writes, and nothing else that names a UUID.
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let id = Uuid::try_parse(text).map_err(|_| InvalidId)?;
                if id.get_version_num() != 7 || id.as_hyphenated().to_string() != text {
                    return Err(InvalidId);
                }
                Ok(Self(id))
            }
        }
    };
}

id!(JobId);
id!(BatchId);
