//! The tiers, the lease and the bus against real, private Redis servers.

#![expect(clippy::unwrap_used, reason = "what fails in a helper fails the test that called it")]

mod bus;
mod clearing;
mod conformance;
mod faults;
mod keeping;
mod login;
mod server;
mod stand_in;
mod topologies;
mod upstash;
