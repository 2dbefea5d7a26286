//! `GET` and `HEAD /v1/results/{shard}/{file}`: what the store keeps of finished jobs.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, EntityTag},
    },
    web,
};
use clearcut_store::ObjectName;

use super::renditions::{admit, cache_control, is_known};
use crate::{
    failure::{Code, Failure, Outcome},
    problem::Problem,
    routes::method_not_allowed,
    service::Service,
};

/// Results are not bounded by what may be uploaded: a PNG is larger than the JPEG that it was made of.
const LIMIT_BYTES: u64 = 1 << 30;

/// Mounts the call.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/v1/results/{shard}/{file}")
            .route(web::get().to(result))
            .route(web::head().to(result))
            .default_service(method_not_allowed("GET, HEAD")),
    );
}

/// A stored result by its name, which is made of its bytes: it never changes.
#[utoipa::path(
    method(get, head),
    path = "/v1/results/{shard}/{file}",
    tag = "jobs",
    params(
        ("shard" = String, Path, description = "The first two digits"),
        ("file" = String, Path, description = "BLAKE3 of the bytes in 64 digits, and the format"),
    ),
    responses(
        (status = 200, description = "The picture", content((Vec<u8> = "image/png"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/webp"))),
        (status = 304, description = "The client has it already"),
        (status = 401, description = "An API key is needed", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The signature is not valid", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: no name of a result", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "`result_expired`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the store does not answer", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn result(request: HttpRequest, service: web::Data<Service>) -> Outcome<HttpResponse> {
    admit(&request, &service).await?;
    let part = |name| request.match_info().get(name).unwrap_or_default();
    let name = ObjectName::parse(&format!("results/{}/{}", part("shard"), part("file")))
        .map_err(|_| Failure::new(Code::NotFound, "this is no name of a result; a job's status has its URL"))?;
    answer(&request, &service, &name).await
}

/// Answers with an object of the store.
pub(super) async fn answer(request: &HttpRequest, service: &Service, name: &ObjectName) -> Outcome<HttpResponse> {
    let tag = EntityTag::new_strong(blake3::hash(name.as_str().as_bytes()).to_hex()[..32].to_owned());
    let mut response = HttpResponse::Ok();
    response.insert_header(header::ETag(tag.clone())).insert_header((header::CACHE_CONTROL, cache_control(service)));
    let store = &service.jobs()?.store;
    let expired =
        || Failure::new(Code::ResultExpired, "the result is not kept any more, or never was; send the picture again");
    if is_known(request, &tag) {
        store.head(name).await?.ok_or_else(expired)?;
        return Ok(response.status(StatusCode::NOT_MODIFIED).finish());
    }
    let object = store.get(name, LIMIT_BYTES).await?.ok_or_else(expired)?;
    let media_type = object.media_type.unwrap_or_else(|| "application/octet-stream".to_owned());
    Ok(response.insert_header((header::CONTENT_TYPE, media_type)).body(object.body))
}
