//! A result as remove.bg's clients read it: bytes or JSON, and its headers.

use std::time::{Duration, SystemTime};

use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, http::header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use clearcut::Limits;
use serde_json::json;

use super::{package, parameters::Parameters};
use crate::{answer::Answer, failure::Outcome, trust::limits::Decision};

/// A finished result.
#[derive(Debug)]
pub(super) struct Finished {
    answer: Answer,
    bytes: Bytes,
    media_type: String,
    /// What the subject is, as far as the client said; `None` if they do not want to hear it.
    kind: Option<&'static str>,
    /// How large the result would be in full size.
    full_size: (u32, u32),
}

impl Finished {
    /// The result of `asked` for a photo of this size.
    pub(super) fn new(answer: Answer, asked: &Parameters, photo_size: (u32, u32)) -> Self {
        let cutout = &answer.cutout;
        let full_size = full_size((cutout.width_px, cutout.height_px), photo_size, asked);
        Self { bytes: cutout.bytes.clone(), media_type: cutout.media_type.clone(), kind: asked.kind, full_size, answer }
    }

    /// The same result as a ZIP of colors and matte.
    pub(super) async fn packed(self, limits: &Limits) -> Outcome<Self> {
        let bytes = package::pack(self.bytes, limits).await?;
        Ok(Self { bytes, media_type: "application/zip".to_owned(), ..self })
    }

    /// Bytes, or JSON for who accepts nothing else.
    pub(super) fn respond(self, request: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        self.answer.headers(&mut response);
        rate_headers(self.answer.rate, &mut response);
        response
            .insert_header(("X-Credits-Charged", "0"))
            .insert_header(("X-Max-Width", self.full_size.0.to_string()))
            .insert_header(("X-Max-Height", self.full_size.1.to_string()))
            .insert_header(("X-Optimized-Size", self.bytes.len().to_string()))
            .insert_header((header::VARY, "Accept"));
        if let Some(kind) = self.kind {
            response.insert_header(("X-Type", kind));
        }
        if !accepts_json_alone(request) {
            return response.content_type(self.media_type).body(self.bytes);
        }
        let subject = &self.answer.cutout.foreground;
        response.json(json!({ "data": {
            "result_b64": STANDARD.encode(&self.bytes),
            "foreground_top": subject.top_px,
            "foreground_left": subject.left_px,
            "foreground_width": subject.width_px,
            "foreground_height": subject.height_px,
        } }))
    }
}

/// `X-RateLimit-…` as the limit says, or remove.bg's own figures where there is none: its clients pace themselves by
/// these headers and expect them always.
pub(super) fn rate_headers(rate: Option<Decision>, response: &mut HttpResponseBuilder) {
    const PER_MINUTE: u32 = 500;
    let generous = || Decision {
        allowed: true,
        limit: PER_MINUTE,
        remaining: PER_MINUTE - 1,
        reset: SystemTime::now() + Duration::from_mins(1),
        retry_after: Duration::ZERO,
    };
    rate.unwrap_or_else(generous).headers(response);
}

/// Whether JSON is all that the client accepts. HTTP libraries put JSON in front of `*/*` by default, and their users
/// expect remove.bg's bytes.
fn accepts_json_alone(request: &HttpRequest) -> bool {
    let mut accept = request.headers().get_all(header::ACCEPT);
    let Some(Ok(only)) = accept.next().map(|value| value.to_str()) else { return false };
    let essence = only.split(';').next().unwrap_or_default().trim();
    accept.next().is_none() && !only.contains(',') && essence.eq_ignore_ascii_case("application/json")
}

/// The size that the result would have in remove.bg's full size: its own where nothing shrank it, else the photo's.
fn full_size(result: (u32, u32), photo: (u32, u32), asked: &Parameters) -> (u32, u32) {
    let pixels = |(width, height): (u32, u32)| f64::from(width) * f64::from(height);
    // A result that was shrunk has its bound's pixels, but for less than a row and a column.
    let bound = asked.plan.max_pixels.map_or(f64::MAX, |area| f64::from(area.get()));
    if pixels((result.0 + 1, result.1 + 1)) < bound {
        return result;
    }
    let factor = (f64::from(asked.full_pixels) / pixels(photo)).sqrt().min(1.0);
    let side = |px: u32| ((f64::from(px) * factor) as u32).max(1);
    (side(photo.0).max(result.0), side(photo.1).max(result.1))
}
