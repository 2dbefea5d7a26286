#![doc = include_str!("../README.md")]

pub mod scene;

pub use scene::Scene;
