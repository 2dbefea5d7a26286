//! A cut-out as all wires answer it: its bytes and the headers they share.

use actix_web::{HttpResponse, HttpResponseBuilder, http::header};
use clearcut::{Cutout, Source};

use crate::trust::limits::Decision;

/// A cut-out and what its headers say.
#[derive(Debug)]
pub struct Answer {
    /// The cut-out.
    pub cutout: Cutout,
    /// Bytes of the upload.
    pub original_bytes: u64,
    /// What is left of the caller's limit.
    pub rate: Option<Decision>,
}

impl Answer {
    pub(crate) fn new(cutout: Cutout, original_bytes: u64, rate: Option<Decision>) -> Self {
        let source = source(&cutout.source);
        match &cutout.source {
            Source::Cache(tier) => {
                tracing::info!(cache.key = cutout.key, cache.tier = tier, "cache hit for key: {}", cutout.key);
            }
            Source::Joined => tracing::info!(cache.key = cutout.key, "cache join for key: {}", cutout.key),
            _ => {
                tracing::info!(cache.key = cutout.key, "cache miss for key: {}", cutout.key);
                tracing::info!(
                    cache.key = cutout.key,
                    bytes = cutout.bytes.len(),
                    duration_ms = cutout.timings.computing().as_millis() as u64,
                    "stored result with key: {}",
                    cutout.key
                );
            }
        }
        tracing::debug!(source, "cut out");
        Self { cutout, original_bytes, rate }
    }

    /// Writes the headers that every picture carries.
    pub fn headers(&self, response: &mut HttpResponseBuilder) {
        let Cutout { bytes, width_px, height_px, foreground, key, source: from, timings, .. } = &self.cutout;
        let tier = if let Source::Cache(tier) = from { tier.as_str() } else { "none" };
        response
            .insert_header(("X-Cache", source(from)))
            .insert_header(("X-Cache-Tier", tier))
            .insert_header(("X-Cache-Key", key.as_str()))
            .insert_header(("X-Width", width_px.to_string()))
            .insert_header(("X-Height", height_px.to_string()))
            .insert_header(("X-Foreground-Top", foreground.top_px.to_string()))
            .insert_header(("X-Foreground-Left", foreground.left_px.to_string()))
            .insert_header(("X-Foreground-Width", foreground.width_px.to_string()))
            .insert_header(("X-Foreground-Height", foreground.height_px.to_string()))
            .insert_header(("X-Original-Size", self.original_bytes.to_string()))
            .insert_header(("X-Optimized-Size", bytes.len().to_string()));
        let stages: Vec<String> = timings
            .stages()
            .into_iter()
            .map(|(stage, time)| format!("{stage};dur={:.1}", time.as_secs_f64() * 1e3))
            .collect();
        response.insert_header(("Server-Timing", stages.join(", ")));
        if let Some(rate) = &self.rate {
            rate.headers(response);
        }
    }

    /// The picture itself, with all headers.
    pub fn picture(self, mut response: HttpResponseBuilder) -> HttpResponse {
        self.headers(&mut response);
        response.insert_header((header::CONTENT_TYPE, self.cutout.media_type.as_str())).body(self.cutout.bytes)
    }
}

/// `hit`, `miss` or `joined`.
pub(crate) fn source(source: &Source) -> &'static str {
    match source {
        Source::Cache(_) => "hit",
        Source::Joined => "joined",
        _ => "miss",
    }
}
