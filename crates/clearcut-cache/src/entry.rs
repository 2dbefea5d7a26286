//! What is kept under a key.

use std::time::{Duration, SystemTime};

use bytes::Bytes;

/// One kept result: a body and what must be known about it without decoding it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The result itself: an encoded picture, a matte, a serialized value. Shared, never copied by tiers in memory.
    pub body: Bytes,
    /// The rest.
    pub head: EntryHead,
}

/// Everything about an entry but its body. Stored with bincode: adding a field is a new envelope version.
#[derive(Debug, Clone, PartialEq, bincode::Encode, bincode::Decode)]
pub struct EntryHead {
    /// Whether the body is a result or says why there is none.
    pub status: EntryStatus,
    /// `image/png`, `application/x-clearcut-matte`, …
    pub media_type: String,
    /// Of the picture in the body; 0 where there is none.
    pub width_px: u32,
    /// Of the picture in the body; 0 where there is none.
    pub height_px: u32,
    /// Where the subject is, for pictures that have one.
    pub foreground: Option<ForegroundFacts>,
    /// What it took to compute, in microseconds: what a later hit saves.
    pub compute_us: u64,
    /// When it was computed, milliseconds since 1970.
    pub created_ms: u64,
    /// When it stops being answered, milliseconds since 1970.
    pub expires_ms: u64,
}

/// Whether an entry holds a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, bincode::Encode, bincode::Decode)]
pub enum EntryStatus {
    /// The body is the result.
    Success,
    /// The body is a message (UTF-8) saying why there is no result and never will be for this key.
    Failure,
}

/// Where the subject stands in the picture of the body.
#[derive(Debug, Clone, Copy, PartialEq, bincode::Encode, bincode::Decode)]
pub struct ForegroundFacts {
    /// Left edge of its bounding box.
    pub left_px: u32,
    /// Top edge of its bounding box.
    pub top_px: u32,
    /// Width of its bounding box.
    pub width_px: u32,
    /// Height of its bounding box.
    pub height_px: u32,
    /// Mean of the matte, 0 to 1.
    pub coverage: f32,
    /// How sure the model was, 0 to 1.
    pub confidence: f32,
}

impl Entry {
    /// A successful result without a picture's facts, valid for `ttl` from `now`.
    pub fn new(body: impl Into<Bytes>, media_type: impl Into<String>, now: SystemTime, ttl: Duration) -> Self {
        let created_ms = unix_ms(now);
        Self {
            body: body.into(),
            head: EntryHead {
                status: EntryStatus::Success,
                media_type: media_type.into(),
                width_px: 0,
                height_px: 0,
                foreground: None,
                compute_us: 0,
                created_ms,
                expires_ms: created_ms.saturating_add(ttl.as_millis().try_into().unwrap_or(u64::MAX)),
            },
        }
    }

    /// A successful result whose times are set by
    /// [`TieredCache::get_or_compute`](crate::TieredCache::get_or_compute). Until then it has expired.
    pub fn computed(body: impl Into<Bytes>, media_type: impl Into<String>) -> Self {
        Self::new(body, media_type, SystemTime::UNIX_EPOCH, Duration::ZERO)
    }

    /// Whether it may no longer be answered at `now`.
    pub fn is_expired(&self, now: SystemTime) -> bool {
        unix_ms(now) >= self.head.expires_ms
    }
}

/// Milliseconds since 1970; 0 before.
pub fn unix_ms(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_millis().try_into().unwrap_or(u64::MAX))
}
