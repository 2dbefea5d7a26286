#![doc = include_str!("../README.md")]

mod clean;
mod config;
mod counters;
mod database;
mod day;
mod error;
mod keeping;
mod lease;
mod postgres;
mod reports;
mod sqlite;
mod statement;
mod statistics;
mod store;
mod tier;
mod timer;
mod upkeep;

pub use config::SqlConfig;
pub use day::Timestamp;
pub use keeping::Keeping;
pub use lease::SqlLease;
pub use postgres::{PostgresConfig, PostgresLease, PostgresTier};
pub use reports::CacheReports;
pub use sqlite::{SqliteConfig, SqliteLease, SqliteTier};
pub use statistics::{CacheEfficiency, CacheStatistics, DayStatistics, TaskStatus, TaskSummary};
pub use tier::SqlTier;
pub use upkeep::{CacheUpkeep, CleanupOptions, CleanupReport, VerifyReport};
