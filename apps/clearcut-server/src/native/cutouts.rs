//! `POST /v1/cutouts`: a picture in, its cut-out or a description of it out.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use clearcut::Source;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    negotiation::Representation,
    openapi::{CutoutForm, CutoutJson, PlanFields, Refusals},
    order::Order,
    renditions,
};
use crate::{
    answer::{self, Answer},
    failure::{Failure, Outcome},
    form::Form,
    routes::method_not_allowed,
    trust::limits::Call,
    visit::Visit,
};

/// Mounts the call.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/v1/cutouts").route(web::post().to(create)).default_service(method_not_allowed("POST")),
    );
}

/// A cut-out in JSON.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Description<'a> {
    /// The cache key.
    #[schema(example = "remove_bg:6f1e…:0:ffffff:a51c…")]
    key: &'a str,
    /// Where the picture is found from now on; absent if nothing is kept here.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// Width in pixels.
    width: u32,
    /// Height in pixels.
    height: u32,
    /// Such as `image/png`.
    media_type: &'a str,
    /// Where the subject is.
    foreground: Foreground,
    /// `hit`, `miss` or `joined`.
    cache: &'static str,
    /// The tier that had it, or `none`.
    tier: &'a str,
    /// Bytes of the picture.
    size: usize,
    /// Milliseconds by stage; all zero for an answer from the cache.
    #[schema(value_type = BTreeMap<String, f64>)]
    timings: clearcut::Timings,
    /// The picture, with `include=image`.
    #[serde(skip_serializing_if = "Option::is_none")]
    image_base64: Option<String>,
}

/// Where the subject is, in pixels of the result, and how sure the model was.
#[derive(Debug, Serialize, ToSchema)]
struct Foreground {
    left: u32,
    top: u32,
    width: u32,
    height: u32,
    /// Share of the photo that the subject covers, 0 to 1.
    coverage: f32,
    /// 0 to 1; under 0.5 the result deserves a look.
    confidence: f32,
}

/// Cuts the subject out of a picture.
///
/// The picture comes as `image` in a multipart form, as the body itself with the plan in the query, or in JSON as
/// `image_base64` or `image_url`. Without `format` the picture's format follows `Accept`; `application/json` answers
/// a description.
#[utoipa::path(
    post,
    path = "/v1/cutouts",
    tag = "cut-outs",
    params(PlanFields),
    request_body(content(
        (CutoutForm = "multipart/form-data"),
        (CutoutJson = "application/json"),
        (Vec<u8> = "application/octet-stream"),
        (Vec<u8> = "image/*"),
    )),
    responses(
        (status = 200, description = "The cut-out, or its description", content(
            (Vec<u8> = "image/png"),
            (Vec<u8> = "image/webp"),
            (Vec<u8> = "image/jpeg"),
            (Vec<u8> = "image/avif"),
            (Description = "application/json"),
        )),
        Refusals,
    )
)]
pub(crate) async fn create(request: HttpRequest, payload: web::Payload) -> Outcome<HttpResponse> {
    let visit = Visit::begin(&request, Call::Native).await?;
    let mut form = visit.read(&request, payload).await?;
    let representation = Representation::negotiate(request.headers(), form.has("format"))?;
    let with_image = take_include(&mut form)?;
    let order = Order::take(&visit, form, representation).await?;
    let answer = visit.cut_out(&order.upload, &order.plan).await?;

    let mut response = HttpResponse::Ok();
    response.append_header((header::VARY, "Accept"));
    let kept = visit.service().engine.cache().is_some();
    if kept {
        response.insert_header((header::CONTENT_LOCATION, renditions::path(&answer.cutout.key)));
    }
    if representation.json {
        answer.headers(&mut response);
        let url = kept.then(|| renditions::url(visit.service(), &request, &answer.cutout.key));
        return Ok(response.json(Description::of(&answer, url, with_image)));
    }
    response.insert_header(header::ETag(renditions::entity_tag(&answer.cutout.key)));
    Ok(answer.picture(response))
}

impl<'a> Description<'a> {
    fn of(answer: &'a Answer, url: Option<String>, with_image: bool) -> Self {
        let cutout = &answer.cutout;
        let clearcut::Foreground { left_px, top_px, width_px, height_px, coverage, confidence, .. } = cutout.foreground;
        Self {
            key: &cutout.key,
            url,
            width: cutout.width_px,
            height: cutout.height_px,
            media_type: &cutout.media_type,
            foreground: Foreground {
                left: left_px,
                top: top_px,
                width: width_px,
                height: height_px,
                coverage,
                confidence,
            },
            cache: answer::source(&cutout.source),
            tier: if let Source::Cache(tier) = &cutout.source { tier } else { "none" },
            size: cutout.bytes.len(),
            timings: cutout.timings,
            image_base64: with_image.then(|| STANDARD.encode(&cutout.bytes)),
        }
    }
}

/// Whether the JSON shall hold the picture too.
fn take_include(form: &mut Form) -> Outcome<bool> {
    match form.take("include")?.as_deref() {
        None => Ok(false),
        Some("image") => Ok(true),
        Some(_) => Err(Failure::field("`include` can only be `image`")),
    }
}
