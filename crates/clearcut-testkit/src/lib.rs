#![doc = include_str!("../README.md")]

pub mod http;
pub mod metrics;
pub mod ort;
pub mod packages;
pub mod scene;
#[cfg(unix)]
pub mod server;
pub mod skip;

pub use scene::Scene;
