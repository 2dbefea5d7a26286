//! Who asks, how much they may ask, and what may be fetched for them.

pub mod address;
pub mod admin;
pub mod destination;
pub mod fetch;
pub mod key_file;
pub mod keys;
pub mod limits;
pub mod memory_limits;
pub mod signature;
