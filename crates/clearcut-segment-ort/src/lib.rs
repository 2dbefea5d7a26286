#![doc = include_str!("../README.md")]

mod error;
mod evidence;
mod library;
mod onnx;
mod ort_segmenter;
mod pool;
mod provider;
mod session;

pub use error::OrtError;
pub use library::OrtLibrary;
pub use ort_segmenter::{OrtOptions, OrtSegmenter};
