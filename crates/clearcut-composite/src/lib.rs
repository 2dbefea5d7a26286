#![doc = include_str!("../README.md")]

#[macro_use]
mod processor;

pub mod adjust;
mod axis;
pub mod backdrop;
mod blur;
pub mod border;
pub mod canvas;
mod dilation;
mod distance;
pub mod foreground;
pub mod matting;
mod rect;
pub mod refine;
mod resample;
mod shadow;
mod tile;

pub use rect::{Rect, subject, visible};
pub use shadow::{Shadow, shadow};

/// Goes up whenever any function here gives other pixels than before: it is part of every rendition's cache key.
pub const REVISION: u32 = 2;
