//! `ShopImage`'s call: `POST /api/remove-bg` with a file and a border.

use std::fmt;

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{Accept, Header as _},
    },
    web,
};
use clearcut::{Plan, Source, plan::Border};
use serde::Serialize;

use crate::{
    answer::Answer,
    failure::{Code, Failure, Outcome},
    form::{Form, Upload},
    jobs::result_url,
    native::{origin::origin, renditions},
    problem::failure_headers,
    service::Service,
    trust::limits::Call,
    visit::Visit,
};

/// Mounts the call.
pub fn routes(config: &mut web::ServiceConfig) {
    let call = web::resource("/api/remove-bg").route(web::post().to(remove_bg)).default_service(web::to(wrong_verb));
    config.service(call);
}

/// A finished cut-out, for clients that accept JSON.
#[derive(Debug, Serialize)]
struct Stored<'a> {
    success: bool,
    /// Where the picture can be fetched from.
    url: String,
    /// Under what it is kept.
    key: &'a str,
    /// Whether it was known, or being computed, already.
    cached: bool,
    /// In pixels.
    width: u32,
    /// In pixels.
    height: u32,
    mimetype: &'a str,
    /// In bytes.
    size: usize,
}

/// A failure as this wire says it.
#[derive(Debug, Serialize)]
struct Refused<'a> {
    success: bool,
    error: &'a str,
    code: &'static str,
}

/// A [`Failure`] on this wire.
#[derive(Debug)]
struct Refusal(Failure);

async fn remove_bg(request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Refusal> {
    let visit = Visit::begin(&request, Call::ShopImage).await?;
    let form = visit.read(&request, payload).await?;
    let (upload, plan) = parse(form)?;
    let answer = visit.cut_out(&upload, &plan).await?;
    if !prefers_json(&request) {
        return Ok(answer.picture(HttpResponse::Ok()));
    }
    let mut response = HttpResponse::Ok();
    answer.headers(&mut response);
    let url = stored_url(&answer, &request, visit.service()).await;
    Ok(response.json(stored(&answer, url)))
}

async fn wrong_verb() -> Result<HttpResponse, Refusal> {
    Err(Failure::wrong_method("POST").into())
}

fn parse(mut form: Form) -> Outcome<(Upload, Plan)> {
    let Some(upload) = form.take_upload("file")? else {
        return Err(Failure::new(Code::MissingImage, "send the picture as the multipart field `file`"));
    };
    let mut plan = Plan::default();
    for name in ["border", "border_color", "border_style"] {
        if let Some(value) = form.take(name)? {
            plan.set(name, &value)?;
        }
    }
    form.finish()?;
    if plan.border.width.get() == 0 {
        // A border that is not drawn has no color: the same picture is kept once.
        plan.border = Border::default();
    }
    Ok((upload, plan))
}

/// Whether the client would rather have JSON than a picture.
fn prefers_json(request: &HttpRequest) -> bool {
    let Ok(accept) = Accept::parse(request) else { return false };
    accept.ranked().first().is_some_and(|first| first.essence_str() == "application/json")
}

/// Where the picture is found from now on: in the store; or in the cache, where there is no store, or it cannot keep it.
async fn stored_url(answer: &Answer, request: &HttpRequest, service: &Service) -> String {
    let cutout = &answer.cutout;
    if let Some(jobs) = &service.jobs {
        match jobs.store.put_result(cutout.bytes.clone(), &cutout.media_type).await {
            Ok(name) => return result_url(service, &origin(service, request), name.as_str()),
            Err(error) => tracing::warn!(%error, cache.key = cutout.key, "a result is kept in the cache alone"),
        }
    }
    renditions::url(service, request, &cutout.key)
}

fn stored(answer: &Answer, url: String) -> Stored<'_> {
    let cutout = &answer.cutout;
    Stored {
        success: true,
        url,
        key: &cutout.key,
        cached: cutout.source != Source::Computed,
        width: cutout.width_px,
        height: cutout.height_px,
        mimetype: &cutout.media_type,
        size: cutout.bytes.len(),
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.0.code().status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        failure_headers(&self.0, &mut response);
        response.json(Refused { success: false, error: self.0.detail(), code: self.0.code().as_str() })
    }
}
