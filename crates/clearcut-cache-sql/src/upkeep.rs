//! What keeps a cache in order: the words.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use clearcut_cache::TierError;
use serde::Serialize;

/// What is cleaned up, besides what has expired.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CleanupOptions {
    /// Failures put longer ago than this. Default 7 days.
    pub failures_after: Duration,
    /// Results last read, or put and never read, longer ago than this. Default 30 days.
    pub unread_after: Duration,
    /// Metrics recorded longer ago than this. Default 30 days.
    pub metrics_after: Duration,
    /// Bytes that may be kept; above, what was read longest ago goes first. Default: what the tier was opened with.
    pub max_cache_size_bytes: Option<u64>,
}

impl Default for CleanupOptions {
    fn default() -> Self {
        let days = |days: u64| Duration::from_hours(days * 24);
        Self { failures_after: days(7), unread_after: days(30), metrics_after: days(30), max_cache_size_bytes: None }
    }
}

/// What a cleanup took out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CleanupReport {
    /// Another process is cleaning up just now, and this one did nothing.
    pub skipped: bool,
    /// Entries whose time was over.
    pub expired: u64,
    /// Old failures.
    pub failures: u64,
    /// Entries that nobody read for long.
    pub unread: u64,
    /// Entries over the size bound.
    pub over_size: u64,
    /// Bytes of all these entries.
    pub bytes_freed: u64,
    /// Partitions that were dropped (Postgres).
    pub partitions_dropped: u64,
}

impl CleanupReport {
    /// How many entries went.
    pub fn entries(&self) -> u64 {
        self.expired + self.failures + self.unread + self.over_size
    }
}

/// What a verification found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct VerifyReport {
    /// Entries that were read.
    pub checked: u64,
    /// Those that were unreadable, and are gone.
    pub removed: u64,
}

/// What keeps a cache in order. Both tiers have it, so that a program uses either.
#[async_trait]
pub trait CacheUpkeep: fmt::Debug + Send + Sync {
    /// Takes out what is old. One process at a time: while another does it, the report says `skipped`.
    async fn cleanup(&self, options: &CleanupOptions) -> Result<CleanupReport, TierError>;

    /// Reads every entry, and removes those that cannot be read.
    async fn verify(&self) -> Result<VerifyReport, TierError>;

    /// Writes the counted hits, requests and metrics now.
    async fn flush(&self) -> Result<(), TierError>;

    /// Writes what was counted and ends every connection. Later calls fail.
    async fn close(&self) -> Result<(), TierError>;
}
