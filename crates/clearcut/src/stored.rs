//! Results as they are kept in the cache, and back.

use std::time::{Duration, SystemTime};

use clearcut_cache::{
    ComputeError, Entry, EntryStatus, ForegroundFacts, Lookup, LookupError, Refusal, Source as Found,
};
use clearcut_image::{Effort, Limits, Matte, decode, encode_matte};

use crate::{Cutout, ErrorKind, Foreground, RemoveError, Source, Timings, render::Rendition};

/// Mattes are kept as grey PNGs: lossless, a fifth of their size, and anybody can look at them.
const MATTE_TYPE: &str = "image/png";

impl Rendition {
    /// A finished rendition as the answer to its own request.
    pub(crate) fn into_cutout(self, key: String, timings: Timings) -> Cutout {
        let Self { bytes, media_type, width_px, height_px, foreground } = self;
        let media_type = media_type.to_owned();
        Cutout {
            bytes: bytes.into(),
            media_type,
            width_px,
            height_px,
            foreground,
            key,
            source: Source::Computed,
            timings,
        }
    }

    /// A finished rendition as it is kept; the cache sets when it expires.
    pub(crate) fn into_entry(self, computing: Duration) -> Entry {
        let Self { bytes, media_type, width_px, height_px, foreground } = self;
        let Foreground { left_px, top_px, width_px: box_width, height_px: box_height, coverage, confidence } =
            foreground;
        let mut entry = entry(bytes, media_type, width_px, height_px, computing);
        entry.head.foreground =
            Some(ForegroundFacts { left_px, top_px, width_px: box_width, height_px: box_height, coverage, confidence });
        entry
    }
}

/// What was found as an answer.
pub(crate) fn cutout(key: String, lookup: Lookup, timings: Timings) -> Result<Cutout, RemoveError> {
    let source = match lookup.source {
        Found::Computed => Source::Computed,
        Found::Joined => Source::Joined,
        Found::Tier { name, .. } => Source::Cache(name.to_string()),
    };
    let entry = success(lookup.entry)?;
    let head = entry.head;
    let facts = head.foreground.ok_or_else(|| RemoveError::internal("a cached rendition without its facts"))?;
    let foreground = Foreground {
        left_px: facts.left_px,
        top_px: facts.top_px,
        width_px: facts.width_px,
        height_px: facts.height_px,
        coverage: facts.coverage,
        confidence: facts.confidence,
    };
    let (media_type, width_px, height_px) = (head.media_type, head.width_px, head.height_px);
    Ok(Cutout { bytes: entry.body, media_type, width_px, height_px, foreground, key, source, timings })
}

/// A network's matte as it is kept.
pub(crate) fn matte_entry(matte: &Matte, computing: Duration) -> Result<Entry, RemoveError> {
    let bytes = encode_matte(matte, Effort::Fast)?;
    Ok(entry(bytes, MATTE_TYPE, matte.width_px(), matte.height_px(), computing))
}

/// A kept matte as it was.
pub(crate) fn matte(lookup: Lookup) -> Result<Matte, RemoveError> {
    let entry = success(lookup.entry)?;
    let picture = decode(&entry.body, &Limits::default())?.picture;
    let (width_px, height_px) = (picture.width_px(), picture.height_px());
    let alpha = picture.rgba().chunks_exact(4).map(|pixel| pixel[0]).collect();
    Ok(Matte::from_alpha(width_px, height_px, alpha))
}

/// Failures that repeat are kept as their code and sentence; the others are never kept.
pub(crate) fn failure(error: RemoveError) -> ComputeError<RemoveError> {
    if error.kind().is_lasting() {
        let body = format!("{}\n{error}", error.kind().code()).into();
        ComputeError::Lasting(Refusal { media_type: "text/plain".to_owned(), body })
    } else {
        ComputeError::Transient(error)
    }
}

/// What a lookup failed with, as the engine's own error.
pub(crate) fn lookup_error(error: LookupError<RemoveError>) -> RemoveError {
    match error {
        LookupError::Compute(error) => (*error).clone(),
        other => RemoveError::internal(other),
    }
}

fn entry(bytes: Vec<u8>, media_type: &str, width_px: u32, height_px: u32, computing: Duration) -> Entry {
    let mut entry = Entry::new(bytes, media_type, SystemTime::UNIX_EPOCH, Duration::ZERO);
    entry.head.width_px = width_px;
    entry.head.height_px = height_px;
    entry.head.compute_us = computing.as_micros().try_into().unwrap_or(u64::MAX);
    entry
}

fn success(entry: Entry) -> Result<Entry, RemoveError> {
    match entry.head.status {
        EntryStatus::Success => Ok(entry),
        EntryStatus::Failure => {
            let text = String::from_utf8_lossy(&entry.body);
            let (code, message) = text.split_once('\n').unwrap_or(("", &text));
            // A code of a newer version: the sentence still stands.
            Err(RemoveError::new(ErrorKind::from_code(code).unwrap_or(ErrorKind::Internal), message))
        }
    }
}
