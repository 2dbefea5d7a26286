//! The queue against real, private Redis servers.

#![expect(clippy::unwrap_used, reason = "what fails in a helper fails the test that called it")]

mod bounds;
mod conformance;
mod faults;
mod keeping;
mod repair;
mod restarts;
mod server;
mod waking;
