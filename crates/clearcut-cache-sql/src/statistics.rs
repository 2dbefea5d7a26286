//! What reports say, in the words of the wire.

use serde::{Serialize, Serializer};
use sqlx::Error;

use crate::{day::Timestamp, statement::Record};

/// What a cache did in the last days, and what it holds now. All days are UTC.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CacheStatistics {
    /// Requests that a [`TieredCache`](clearcut_cache::TieredCache) told to this tier as its ledger.
    pub total_requests: u64,
    /// Those that were answered without computing.
    pub cache_hits: u64,
    /// Hits in percent of requests, to two decimals; 0 without requests.
    pub cache_hit_ratio: f64,
    /// Mean time that a result took to compute; 0 without one.
    pub avg_processing_time_ms: f64,
    /// Shortest; 0 without one.
    pub min_processing_time_ms: f64,
    /// Longest; 0 without one.
    pub max_processing_time_ms: f64,
    /// The hit ratio in a word.
    pub cache_efficiency: CacheEfficiency,
    /// Computing time that the hits saved.
    pub time_saved_ms: f64,
    /// Requests for which a result was computed.
    pub computed: u64,
    /// Reads that met an unreadable entry, which was removed.
    pub unreadable: u64,
    /// Entries kept now.
    pub entries: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Day by day, the oldest first. Days on which nothing happened are left out.
    pub days: Vec<DayStatistics>,
}

/// What a cache did on one day (UTC): a row of the view `cache_performance`, and more.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DayStatistics {
    /// `2026-11-20`.
    pub date: String,
    /// Requests.
    pub total_requests: u64,
    /// Those that were answered without computing.
    pub cache_hits: u64,
    /// Hits in percent of requests, to two decimals; 0 without requests.
    pub hit_ratio_percent: f64,
    /// Computing time that the hits saved.
    pub time_saved_ms: f64,
    /// Requests for which a result was computed.
    pub computed: u64,
}

/// A hit ratio in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum CacheEfficiency {
    /// At least 80 %.
    Excellent,
    /// At least 50 %.
    Good,
    /// At least 25 %.
    Fair,
    /// Less.
    Poor,
    /// Nobody has asked yet.
    Unknown,
}

impl CacheEfficiency {
    /// The word for `hits` of `requests`.
    pub fn of(hits: u64, requests: u64) -> Self {
        match ratio_percent(hits, requests) {
            _ if requests == 0 => Self::Unknown,
            ratio if ratio >= 80.0 => Self::Excellent,
            ratio if ratio >= 50.0 => Self::Good,
            ratio if ratio >= 25.0 => Self::Fair,
            _ => Self::Poor,
        }
    }
}

/// One result, or one that is being computed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TaskSummary {
    /// Of this row.
    pub id: String,
    /// Of the task that computed it: the same, unless whoever put it said otherwise.
    pub task_id: String,
    /// Under what it is kept.
    pub cache_key: String,
    /// The key's second part: the digest of the input.
    pub input_hash: String,
    /// What became of it.
    pub status: TaskStatus,
    /// Of the body; empty while it is being computed.
    pub media_type: String,
    /// Size of the body.
    pub body_bytes: u64,
    /// What it took to compute.
    pub processing_time_ms: f64,
    /// How often it was answered.
    pub cache_hits: u64,
    /// When it was put, or when its computation began.
    pub submitted_at: Timestamp,
    /// When it was answered last.
    pub last_read_at: Option<Timestamp>,
    /// When it stops being answered, or when its lease ends.
    pub ttl_expires_at: Timestamp,
}

/// What became of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskStatus {
    /// A result.
    Success,
    /// A failure that would repeat.
    Failure,
    /// Somebody holds the lease on its key.
    Pending,
}

impl TaskStatus {
    /// `SUCCESS`, `FAILURE` or `PENDING`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Failure => "FAILURE",
            Self::Pending => "PENDING",
        }
    }
}

impl Serialize for TaskStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// `hits` of `requests` in percent, to two decimals.
pub(crate) fn ratio_percent(hits: u64, requests: u64) -> f64 {
    if requests == 0 { 0.0 } else { (hits as f64 * 10_000.0 / requests as f64).round() / 100.0 }
}

impl TaskSummary {
    /// The columns of a row, as the reports select them.
    pub(crate) const COLUMNS: usize = 11;

    pub(crate) fn from_row(row: &Record) -> Result<Self, Error> {
        debug_assert_eq!(row.0.len(), Self::COLUMNS, "the reports select what a summary reads");
        let cache_hits = count(row, 7)?;
        let cache_key = row.text(2)?.to_owned();
        Ok(Self {
            id: row.text(0)?.to_owned(),
            task_id: row.text(1)?.to_owned(),
            input_hash: cache_key.split(':').nth(1).unwrap_or_default().to_owned(),
            cache_key,
            status: match row.text(3)? {
                "SUCCESS" => TaskStatus::Success,
                "FAILURE" => TaskStatus::Failure,
                _ => TaskStatus::Pending,
            },
            media_type: row.text(4)?.to_owned(),
            body_bytes: count(row, 5)?,
            processing_time_ms: row.float(6)?,
            cache_hits,
            submitted_at: Timestamp(row.int(8)?),
            last_read_at: (cache_hits > 0).then_some(Timestamp(row.int(9)?)),
            ttl_expires_at: Timestamp(row.int(10)?),
        })
    }
}

/// A column that counts something.
pub(crate) fn count(row: &Record, column: usize) -> Result<u64, Error> {
    Ok(row.int(column)?.try_into().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::{CacheEfficiency, ratio_percent};

    #[test]
    fn ratios_have_two_decimals_and_no_division_by_zero() {
        assert_eq!(ratio_percent(95, 150).to_string(), "63.33");
        assert_eq!(ratio_percent(1, 3).to_string(), "33.33");
        assert_eq!(ratio_percent(2, 3).to_string(), "66.67");
        assert_eq!(ratio_percent(0, 0).to_string(), "0");
    }

    #[test]
    fn efficiency_is_good_from_half_of_the_requests() {
        for (hits, word) in [(80, "excellent"), (79, "good"), (50, "good"), (49, "fair"), (24, "poor")] {
            assert_eq!(serde_json::to_value(CacheEfficiency::of(hits, 100)).unwrap(), word);
        }
        assert_eq!(CacheEfficiency::of(0, 0), CacheEfficiency::Unknown);
    }
}
