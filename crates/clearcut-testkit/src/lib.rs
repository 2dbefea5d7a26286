#![doc = include_str!("../README.md")]

pub mod http;
pub mod metrics;
pub mod ort;
pub mod scene;
#[cfg(unix)]
pub mod server;
mod skip;

pub use scene::Scene;
