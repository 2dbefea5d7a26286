#![doc = include_str!("../README.md")]

pub mod http;
pub mod metrics;
pub mod scene;
#[cfg(unix)]
pub mod server;

pub use scene::Scene;
