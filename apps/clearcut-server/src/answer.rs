//! A cut-out as all wires answer it: its bytes and the headers they share.

use std::fmt::Write as _;

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::header::{self, HeaderName, HeaderValue},
};
use clearcut::{Cutout, Source, Timings};

use crate::trust::limits::Decision;

/// The names of the headers, checked when this is compiled and not for every answer.
mod names {
    use super::HeaderName;

    pub(super) const CACHE: HeaderName = HeaderName::from_static("x-cache");
    pub(super) const CACHE_TIER: HeaderName = HeaderName::from_static("x-cache-tier");
    pub(super) const CACHE_KEY: HeaderName = HeaderName::from_static("x-cache-key");
    pub(super) const WIDTH: HeaderName = HeaderName::from_static("x-width");
    pub(super) const HEIGHT: HeaderName = HeaderName::from_static("x-height");
    pub(super) const FOREGROUND_TOP: HeaderName = HeaderName::from_static("x-foreground-top");
    pub(super) const FOREGROUND_LEFT: HeaderName = HeaderName::from_static("x-foreground-left");
    pub(super) const FOREGROUND_WIDTH: HeaderName = HeaderName::from_static("x-foreground-width");
    pub(super) const FOREGROUND_HEIGHT: HeaderName = HeaderName::from_static("x-foreground-height");
    pub(super) const ORIGINAL_SIZE: HeaderName = HeaderName::from_static("x-original-size");
    pub(super) const OPTIMIZED_SIZE: HeaderName = HeaderName::from_static("x-optimized-size");
    pub(super) const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
}

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
            .insert_header((names::CACHE, HeaderValue::from_static(source(from))))
            .insert_header((names::CACHE_TIER, tier))
            .insert_header((names::CACHE_KEY, key.as_str()))
            .insert_header((names::WIDTH, HeaderValue::from(*width_px)))
            .insert_header((names::HEIGHT, HeaderValue::from(*height_px)))
            .insert_header((names::FOREGROUND_TOP, HeaderValue::from(foreground.top_px)))
            .insert_header((names::FOREGROUND_LEFT, HeaderValue::from(foreground.left_px)))
            .insert_header((names::FOREGROUND_WIDTH, HeaderValue::from(foreground.width_px)))
            .insert_header((names::FOREGROUND_HEIGHT, HeaderValue::from(foreground.height_px)))
            .insert_header((names::ORIGINAL_SIZE, HeaderValue::from(self.original_bytes)))
            .insert_header((names::OPTIMIZED_SIZE, HeaderValue::from(bytes.len())))
            .insert_header((names::SERVER_TIMING, server_timing(timings)));
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

/// What each stage took, as `Server-Timing` says it.
fn server_timing(timings: &Timings) -> HeaderValue {
    /// Of an answer from the cache: most are.
    const NOTHING: HeaderValue = HeaderValue::from_static(
        "queue;dur=0.0, decode;dur=0.0, segment;dur=0.0, refine;dur=0.0, compose;dur=0.0, encode;dur=0.0",
    );
    if *timings == Timings::default() {
        return NOTHING;
    }
    let mut text = String::with_capacity(128);
    for (stage, time) in timings.stages() {
        let comma = if text.is_empty() { "" } else { ", " };
        // Writing to a string cannot fail.
        let _ = write!(text, "{comma}{stage};dur={:.1}", time.as_secs_f64() * 1e3);
    }
    HeaderValue::try_from(text).expect("names and numbers")
}

/// `hit`, `miss` or `joined`.
pub(crate) fn source(source: &Source) -> &'static str {
    match source {
        Source::Cache(_) => "hit",
        Source::Joined => "joined",
        _ => "miss",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_answer_from_the_cache_says_no_other_stages_than_a_computed_one() {
        let mut computed = Timings::default();
        computed.decode = Duration::from_micros(2_540);
        let text = |timings| server_timing(&timings).to_str().unwrap().to_owned();
        assert_eq!(text(computed).replace("2.5", "0.0"), text(Timings::default()));
        assert!(text(computed).contains(", decode;dur=2.5, segment;dur=0.0"), "{}", text(computed));
    }
}
