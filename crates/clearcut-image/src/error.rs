//! Why a picture could not be read or written: one line each, with the cause and the way out.

use thiserror::Error;

use crate::format::{OutputFormat, SourceFormat};
use crate::limits::SizeLimit;

/// Why an upload was not decoded. Every variant is a property of the upload: trying again gives the same answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// There are no bytes at all.
    #[error("the file is empty; choose a picture that has been saved or uploaded completely")]
    Empty,

    /// The first bytes are those of no known picture format.
    #[error("this is {looks_like}, not a picture; send a JPEG, PNG, WebP, GIF, BMP or TIFF file")]
    NotAPicture {
        /// What the bytes look like instead, as in "this is ...".
        looks_like: &'static str,
    },

    /// A picture, but of a kind that is not read here.
    #[error("{what} is not supported; convert it to PNG or JPEG and try again")]
    Unsupported {
        /// The format, or the feature of the format.
        what: String,
    },

    /// More bytes than [`Limits::max_bytes`](crate::Limits::max_bytes).
    #[error("the file has {bytes} bytes and the limit is {limit_bytes}; send a smaller file or raise the limit")]
    TooManyBytes {
        /// Size of the upload.
        bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },

    /// More pixels than the limits allow, known from the header alone.
    #[error("the picture is {width_px}x{height_px} pixels and the limit is {limit}; shrink it or raise the limit")]
    TooLarge {
        /// Width as stored, before the picture is turned upright.
        width_px: u32,
        /// Height as stored, before the picture is turned upright.
        height_px: u32,
        /// The limit that was exceeded.
        limit: SizeLimit,
    },

    /// Decoding would take more memory than [`Limits::max_memory_bytes`](crate::Limits::max_memory_bytes).
    #[error(
        "decoding the picture takes {needed_bytes} bytes of memory and the limit is {limit_bytes}; \
         shrink it or raise the limit"
    )]
    TooMuchMemory {
        /// Upper bound of what decoding holds at once.
        needed_bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },

    /// The file ends in the middle of the picture.
    #[error("the {format} file ends in the middle of the picture; copy or upload it again")]
    Truncated {
        /// What the file is.
        format: SourceFormat,
    },

    /// The file breaks the rules of its format.
    #[error("the {format} file is damaged ({reason}); save or export it again")]
    Corrupt {
        /// What the file is.
        format: SourceFormat,
        /// The decoder's own words, one line.
        reason: String,
    },
}

impl DecodeError {
    pub(crate) fn corrupt(format: SourceFormat, reason: &impl ToString) -> Self {
        Self::Corrupt { format, reason: one_line(&reason.to_string()) }
    }

    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported { what: what.into() }
    }
}

/// Why a picture was not encoded.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// A side is longer than the format can hold.
    #[error(
        "{format} holds at most {max_side_px} pixels a side and the picture is {width_px}x{height_px}; \
         choose PNG or a smaller size"
    )]
    TooLargeForFormat {
        /// The chosen format.
        format: OutputFormat,
        /// Width of the picture.
        width_px: u32,
        /// Height of the picture.
        height_px: u32,
        /// What the format can hold.
        max_side_px: u32,
    },

    /// The encoder was not compiled in.
    #[error("this build cannot write {format}; build clearcut-image with the feature `{feature}` or choose WebP")]
    NotBuiltIn {
        /// The chosen format.
        format: OutputFormat,
        /// The cargo feature that brings the encoder.
        feature: &'static str,
    },

    /// The encoder gave up, for want of memory as a rule.
    #[error("the {format} encoder failed ({reason}); try again or choose another format")]
    Failed {
        /// The chosen format.
        format: OutputFormat,
        /// The encoder's own words, one line.
        reason: String,
    },
}

impl EncodeError {
    pub(crate) fn failed(format: OutputFormat, reason: &impl ToString) -> Self {
        Self::Failed { format, reason: one_line(&reason.to_string()) }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
