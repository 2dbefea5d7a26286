#![doc = include_str!("../README.md")]

mod backend;
mod config;
#[expect(clippy::missing_panics_doc, reason = "a behavior that does not hold is a failed test")]
pub mod conformance;
mod error;
mod lifetimes;
mod media;
mod name;
mod object;
mod store;

pub use config::StoreConfig;
pub use error::{StoreError, StoreErrorKind};
pub use lifetimes::{Lifetimes, SweepReport};
pub use name::{InvalidName, ObjectName};
pub use object::{Object, ObjectInfo};
pub use store::Store;
