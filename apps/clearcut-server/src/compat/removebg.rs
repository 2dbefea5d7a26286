//! remove.bg's API, version 1.0: its clients work here with only the host changed.

mod answer;
mod error;
mod hidden_colors;
mod package;
mod parameters;
mod size;

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use clearcut::RemoveError;
use clearcut_image::{Header, probe};
use serde_json::json;

use self::{
    answer::Finished,
    error::RemoveBgError,
    parameters::{Parameters, Picture},
};
use crate::{
    failure::{Code, Failure, Outcome},
    form::Upload,
    service::Service,
    trust::limits::Call,
    visit::{self, Visit},
};

/// Largest picture, as remove.bg has it; the server's own limit may be lower.
const MAX_PICTURE_BYTES: usize = 22 << 20;

/// Credits of who has no quota. Nothing is ever charged, and clients stop at zero.
const UNLIMITED: u32 = 1_000_000;

/// Mounts the calls.
pub fn routes(config: &mut web::ServiceConfig) {
    let wrong = |allowed: &'static str| {
        web::to(move || async move { Err::<HttpResponse, _>(RemoveBgError::wrong_method(allowed)) })
    };
    config
        .service(web::resource("/v1.0/removebg").route(web::post().to(remove)).default_service(wrong("POST")))
        .service(web::resource("/v1.0/account").route(web::get().to(account)).default_service(wrong("GET")));
}

/// `POST /v1.0/removebg`.
async fn remove(request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, RemoveBgError> {
    let visit = Visit::begin(&request, Call::RemoveBg).await.map_err(|failure| refused(failure, &request))?;
    cut_out(&visit, &request, payload).await.map_err(|error| error.with_rate(visit.rate))
}

async fn cut_out(visit: &Visit, request: &HttpRequest, payload: web::Payload) -> Result<HttpResponse, RemoveBgError> {
    let mut asked = Parameters::read(visit.read(request, payload).await?)?;
    let photo = open(visit, &asked.picture).await?;
    let Header { width_px, height_px, .. } = probe(&photo.bytes, visit.service().engine.limits())
        .map_err(|error| Failure::from(RemoveError::from(error)))?;
    asked.check_region(width_px, height_px)?;
    if let Some(picture) = &asked.background {
        asked.plan.set_background_image(open(visit, picture).await?.bytes);
    }
    let answer = visit.cut_out(&photo, &asked.plan).await?;
    let result = Finished::new(answer, &asked, (width_px, height_px));
    let result = if asked.zip { result.packed(visit.service().engine.limits()).await? } else { result };
    Ok(result.respond(request))
}

/// The bytes of a picture that came along or stands somewhere else.
async fn open(visit: &Visit, picture: &Picture) -> Outcome<Upload> {
    let upload = match picture {
        Picture::Here(upload) => upload.clone(),
        Picture::At(url) => visit.fetch(url).await?,
    };
    if upload.bytes.len() > MAX_PICTURE_BYTES {
        return Err(Failure::new(Code::TooLarge, "the picture has more than 22 MB; send a smaller one"));
    }
    Ok(upload)
}

/// `GET /v1.0/account`. Counts as no picture.
async fn account(request: HttpRequest, service: web::Data<Service>) -> Result<HttpResponse, RemoveBgError> {
    let holder = visit::authenticate(&request, &service).map_err(|failure| refused(failure, &request))?;
    let credits = holder.and_then(|holder| holder.quota_per_day).unwrap_or(UNLIMITED);
    let mut response = HttpResponse::Ok();
    answer::rate_headers(None, &mut response);
    Ok(response.insert_header((header::CACHE_CONTROL, "no-store")).json(json!({ "data": { "attributes": {
        "credits": { "total": credits, "subscription": 0, "payg": 0, "enterprise": credits },
        "api": { "free_calls": credits, "sizes": "all" },
    } } })))
}

/// A refusal at the door, where it matters whether any key was shown.
fn refused(failure: Failure, request: &HttpRequest) -> RemoveBgError {
    let error = RemoveBgError::from(failure);
    if visit::shown_key(request).is_some() { error.despite_key() } else { error }
}
