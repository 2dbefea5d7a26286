//! What the tiers promise, with a real Postgres and real SQLite files.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

mod backend;
mod conformance;
mod counting;
mod integrity;
mod postgres;
mod sqlite;
mod statistics;
mod upkeep;
