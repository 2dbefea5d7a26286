//! Settings of jobs and of the store.

use std::{num::NonZeroUsize, str::FromStr, time::Duration};

use secrecy::SecretString;

/// Work that is done after the answer.
#[derive(Debug, Clone)]
pub struct JobSettings {
    /// Where jobs wait.
    pub queue: QueueKind,
    /// Jobs that one process works on at once; one more than the engine's threads if absent.
    pub workers: Option<NonZeroUsize>,
    /// Jobs that wait or run.
    pub max_queued: usize,
    /// How often a job is tried before it is given up.
    pub max_attempts: u32,
    /// How long a worker that is not heard of keeps its job.
    pub lease: Duration,
    /// Pause before the second attempt; it doubles with each.
    pub backoff: Duration,
    /// How long a progress is kept after its last change.
    pub progress_ttl: Duration,
    /// How long an ended job is known by its id.
    pub result_ttl: Duration,
    /// How long the list of a batch's jobs is kept.
    pub batch_ttl: Duration,
    /// Signs webhooks; without it none are sent.
    pub webhook_key: Option<SecretString>,
    /// How often a webhook is tried; at most as often as any job.
    pub webhook_attempts: u32,
    /// Time for a webhook's receiver to answer.
    pub webhook_timeout: Duration,
    /// Port of a worker's own `/health` and `/metrics`.
    pub worker_port: Option<u16>,
}

/// Where uploads and results of jobs lie.
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// A folder, a bucket or a container; a folder beside the embedded cache if absent.
    pub url: Option<SecretString>,
    /// Azure's storage account, with `azure_container`.
    pub azure_connection_string: Option<SecretString>,
    /// Container of the Azure account.
    pub azure_container: Option<String>,
    /// How long an upload is kept, and how long a job waits for its own.
    pub upload_ttl: Duration,
    /// How long a result is kept.
    pub result_ttl: Duration,
}

/// Where jobs wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueKind {
    /// In Redis where there is one, in this process otherwise.
    Auto,
    /// In this process.
    Memory,
    /// In Redis, for all servers and workers together.
    Redis,
}

impl Default for JobSettings {
    fn default() -> Self {
        const DAY: Duration = Duration::from_hours(24);
        Self {
            queue: QueueKind::Auto,
            workers: None,
            max_queued: 10_000,
            max_attempts: 5,
            lease: Duration::from_secs(30),
            backoff: Duration::from_secs(1),
            progress_ttl: Duration::from_hours(1),
            result_ttl: DAY * 7,
            batch_ttl: DAY,
            webhook_key: None,
            webhook_attempts: 5,
            webhook_timeout: Duration::from_secs(10),
            worker_port: None,
        }
    }
}

impl Default for StoreSettings {
    fn default() -> Self {
        const DAY: Duration = Duration::from_hours(24);
        Self { url: None, azure_connection_string: None, azure_container: None, upload_ttl: DAY, result_ttl: DAY * 7 }
    }
}

impl QueueKind {
    /// As settings write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Memory => "memory",
            Self::Redis => "redis",
        }
    }
}

impl FromStr for QueueKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Auto, Self::Memory, Self::Redis].into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}
