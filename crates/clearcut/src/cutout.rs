//! What the engine answers.

use std::time::Duration;

use bytes::Bytes;
use serde::{Serialize, Serializer};

/// A finished cut-out.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Cutout {
    /// The encoded picture.
    pub bytes: Bytes,
    /// Its media type, such as `image/png`.
    pub media_type: String,
    /// Its width.
    pub width_px: u32,
    /// Its height.
    pub height_px: u32,
    /// Where the subject is in it.
    pub foreground: Foreground,
    /// The cache key under which equal requests find it.
    pub key: String,
    /// Where it came from.
    pub source: Source,
    /// What each stage took; all zero for an answer from the cache.
    pub timings: Timings,
}

/// Where the subject is in the result, and how sure the model was.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Foreground {
    /// Left edge of its bounding box.
    pub left_px: u32,
    /// Top edge of its bounding box.
    pub top_px: u32,
    /// Width of its bounding box.
    pub width_px: u32,
    /// Height of its bounding box.
    pub height_px: u32,
    /// Share of the photo that the subject covers, 0 to 1.
    pub coverage: f32,
    /// How sure the model was, 0 to 1; under 0.5 the result deserves a look.
    pub confidence: f32,
}

/// Where an answer came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Source {
    /// Computed for this request.
    Computed,
    /// Another request for the same result was under way and this one shared it.
    Joined,
    /// Found in the tier of this name.
    Cache(String),
}

/// Wall time of each stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Timings {
    /// Waiting for a place in the works.
    #[serde(rename = "queue_ms", serialize_with = "milliseconds")]
    pub queue: Duration,
    /// From bytes to upright sRGB pixels.
    #[serde(rename = "decode_ms", serialize_with = "milliseconds")]
    pub decode: Duration,
    /// From pixels to the network's matte; zero if the matte was known.
    #[serde(rename = "segment_ms", serialize_with = "milliseconds")]
    pub segment: Duration,
    /// From the network's matte to the full-size matte.
    #[serde(rename = "refine_ms", serialize_with = "milliseconds")]
    pub refine: Duration,
    /// Foreground colors, crop, border, shadow, background, resize.
    #[serde(rename = "compose_ms", serialize_with = "milliseconds")]
    pub compose: Duration,
    /// From pixels to bytes.
    #[serde(rename = "encode_ms", serialize_with = "milliseconds")]
    pub encode: Duration,
}

impl Timings {
    /// Each stage by name, in the order in which they run.
    pub fn stages(&self) -> [(&'static str, Duration); 6] {
        let Self { queue, decode, segment, refine, compose, encode } = *self;
        [
            ("queue", queue),
            ("decode", decode),
            ("segment", segment),
            ("refine", refine),
            ("compose", compose),
            ("encode", encode),
        ]
    }

    /// All stages but the queue: what computing took.
    pub fn computing(&self) -> Duration {
        self.stages().iter().skip(1).map(|(_, time)| *time).sum()
    }
}

fn milliseconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((time.as_secs_f64() * 1e6).round() / 1e3)
}
