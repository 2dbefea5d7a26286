//! The in-process queue against the contract, and workers on it as they are used.

mod conformance;
mod workers;
