#![doc = include_str!("../README.md")]

mod error;
mod segmenter;

pub use error::SegmentError;
pub use segmenter::{ModelIdentity, Segmenter};
