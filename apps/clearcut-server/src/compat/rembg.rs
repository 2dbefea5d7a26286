//! rembg's server, `rembg s`: `/api/remove` in both verbs.

mod parameters;

use std::fmt;

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
    web,
};
use serde_json::json;

use self::parameters::Parameters;
use crate::{
    failure::{Code, Failure},
    problem::failure_headers,
    trust::limits::Call,
    visit::Visit,
};

/// Mounts the calls.
pub fn routes(config: &mut web::ServiceConfig) {
    let remove = web::resource("/api/remove")
        .route(web::get().to(remove_by_url))
        .route(web::post().to(remove_upload))
        .default_service(web::to(wrong_method));
    config.service(remove);
}

/// `GET /api/remove?url=…`.
async fn remove_by_url(request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, RembgError> {
    let visit = Visit::begin(&request, Call::Rembg).await?;
    let mut form = visit.read(&request, payload).await?;
    let url = form.take("url")?.filter(|url| !url.trim().is_empty());
    let asked = Parameters::read(form, visit.service().engine.model())?;
    let url = url.ok_or_else(|| Failure::new(Code::MissingImage, "the parameter `url` is required"))?;
    let photo = visit.fetch(url.trim()).await?;
    Ok(asked.respond(visit.cut_out(&photo, &asked.plan).await?))
}

/// `POST /api/remove` with the picture as `file`.
async fn remove_upload(request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, RembgError> {
    let visit = Visit::begin(&request, Call::Rembg).await?;
    let mut form = visit.read(&request, payload).await?;
    let photo = form.take_upload("file")?;
    let asked = Parameters::read(form, visit.service().engine.model())?;
    let photo = photo.ok_or_else(|| Failure::new(Code::MissingImage, "the file `file` is required, as multipart"))?;
    Ok(asked.respond(visit.cut_out(&photo, &asked.plan).await?))
}

async fn wrong_method() -> Result<HttpResponse, RembgError> {
    Err(Failure::new(Code::MethodNotAllowed, "Method Not Allowed").into())
}

/// A failure as `FastAPI`, which rembg is written in, answers it: `{"detail": "…"}`.
#[derive(Debug)]
struct RembgError(Failure);

impl From<Failure> for RembgError {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

impl fmt::Display for RembgError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for RembgError {
    fn status_code(&self) -> StatusCode {
        self.0.code().status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        failure_headers(&self.0, &mut response);
        if self.0.code() == Code::MethodNotAllowed {
            response.insert_header((header::ALLOW, HeaderValue::from_static("GET, POST")));
        }
        response.json(json!({ "detail": self.0.detail() }))
    }
}
