//! What operators see: logs, metrics, traces.

pub mod log;
pub mod metrics;
mod scrape;
mod stages;
mod traces;
pub(crate) mod watch;
