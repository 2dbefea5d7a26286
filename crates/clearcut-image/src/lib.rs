#![doc = include_str!("../README.md")]

mod blend;
mod color;
mod decode;
mod encode;
mod error;
mod format;
mod limits;
mod orientation;
mod picture;
mod sniff;

pub use blend::over;
pub use color::ColorNote;
pub use decode::{DECODE_REVISION, Decoded, Header, decode, probe};
pub use encode::{Effort, EncodeOptions, Quality, QualityOutOfRange, REVISION, encode, encode_matte};
pub use error::{DecodeError, EncodeError};
pub use format::{OutputFormat, SourceFormat};
pub use limits::{Limits, SizeLimit};
pub use picture::{Matte, Picture};
