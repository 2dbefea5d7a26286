//! `GET` and `HEAD /v1/cutouts/{key}`: finished renditions by their key.

use std::{sync::Arc, time::SystemTime};

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError as _,
    http::{
        Method, StatusCode,
        header::{self, ByteRangeSpec, EntityTag, IfNoneMatch, IfRange, Range},
    },
    web,
};
use clearcut::Cutout;

use super::origin::{origin, signed};
use crate::{
    answer::Answer,
    failure::{Code, Failure, Outcome},
    problem::Problem,
    routes::method_not_allowed,
    service::Service,
    trust::keys::Holder,
    visit,
};

/// The path before a key.
const FOLDER: &str = "/v1/cutouts/";
const PATTERN: &str = "/v1/cutouts/{key}";

/// How long a rendition may be kept by whoever got it: its address is made of all that it depends on.
const MAX_AGE_S: u32 = 31_536_000;

/// Mounts the rendition calls.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::resource(PATTERN)
            .route(web::get().to(rendition))
            .route(web::head().to(rendition))
            .default_service(method_not_allowed("GET, HEAD")),
    );
}

/// The pattern of the rendition calls, if it is one of them that `path` asks for.
pub(crate) fn pattern(path: &str) -> Option<&'static str> {
    let key = path.strip_prefix(FOLDER)?;
    (!key.is_empty() && !key.contains('/')).then_some(PATTERN)
}

/// Where a rendition is found on this server. Keys hold only characters that stand in a path as they are.
pub(crate) fn path(key: &str) -> String {
    format!("{FOLDER}{key}")
}

/// The same with scheme and host, those of the settings or of the request; signed where URLs are.
pub(crate) fn url(service: &Service, request: &HttpRequest, key: &str) -> String {
    format!("{}{}", origin(service, request), signed(service, path(key)))
}

/// The strong entity tag of the rendition with this key: equal keys mean equal bytes.
pub(crate) fn entity_tag(key: &str) -> EntityTag {
    let digest = blake3::hash(key.as_bytes()).to_hex();
    EntityTag::new_strong(digest[..32].to_owned())
}

/// A finished rendition by its key. Ranges and conditions are understood.
#[utoipa::path(
    method(get, head),
    path = "/v1/cutouts/{key}",
    tag = "cut-outs",
    params(("key" = String, Path, description = "From `X-Cache-Key` or the JSON answer")),
    responses(
        (status = 200, description = "The picture", content((Vec<u8> = "image/png"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/webp"))),
        (status = 206, description = "A part of the picture"),
        (status = 304, description = "The client has it already"),
        (status = 401, description = "An API key is needed", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The signature is not valid", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Nothing is kept under this key", body = Problem, content_type = "application/problem+json"),
        (status = 416, description = "The range is beyond the end", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The failure that is kept under this key", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn rendition(request: HttpRequest, service: web::Data<Service>) -> Outcome<HttpResponse> {
    admit(&request, &service).await?;
    let key = request.match_info().get("key").unwrap_or_default();
    let tag = entity_tag(key);
    let cutout = service.engine.find(key).await?.ok_or_else(|| {
        Failure::new(Code::NotFound, "nothing is kept under this key; send the picture again to POST /v1/cutouts")
    })?;
    let mut response = HttpResponse::Ok();
    response
        .insert_header(header::ETag(tag.clone()))
        .insert_header((header::CACHE_CONTROL, cache_control(&service)))
        .insert_header((header::ACCEPT_RANGES, "bytes"));
    if is_known(&request, &tag) {
        return Ok(response.status(StatusCode::NOT_MODIFIED).finish());
    }
    let range = match wanted_range(&request, &tag, cutout.bytes.len() as u64) {
        Wanted::All => None,
        Wanted::Part(first, last) => Some((first, last)),
        Wanted::Nothing => return Ok(beyond_the_end(cutout.bytes.len())),
    };
    Ok(send(response, cutout, range))
}

/// Lets a request for a picture in, where keys are required: by a signed URL, by a key, or by the admin page's cookie;
/// who asks, where that is known by more than the URL.
pub(crate) async fn admit(request: &HttpRequest, service: &Service) -> Outcome<Asker> {
    let is_signed = match &service.signer {
        Some(signer) => signer.verify(request.path(), request.query_string(), SystemTime::now())?,
        None => false,
    };
    if is_signed || !service.settings.access.require_key {
        return Ok(Asker::Anybody);
    }
    if let Some(holder) = service.sessions.holder(request).await {
        return Ok(Asker::Holder(Arc::new(holder)));
    }
    Ok(visit::authenticate(request, service)?.map_or(Asker::Anybody, Asker::Holder))
}

/// Who asks for a picture.
#[derive(Debug)]
pub(crate) enum Asker {
    /// Whoever has the URL may see what it leads to.
    Anybody,
    /// The holder of a key.
    Holder(Arc<Holder>),
}

fn send(mut response: HttpResponseBuilder, mut cutout: Cutout, range: Option<(u64, u64)>) -> HttpResponse {
    let total = cutout.bytes.len();
    let whole = cutout.bytes.clone();
    if let Some((first, last)) = range {
        response
            .status(StatusCode::PARTIAL_CONTENT)
            .insert_header((header::CONTENT_RANGE, format!("bytes {first}-{last}/{total}")));
        cutout.bytes = whole.slice(first as usize..=last as usize);
    }
    let mut response = Answer { cutout, original_bytes: 0, rate: None }.picture(response);
    let headers = response.headers_mut();
    // The upload is not here any more, and a part is not the optimized size.
    headers.remove(header::HeaderName::from_static("x-original-size"));
    headers.insert(header::HeaderName::from_static("x-optimized-size"), total.into());
    response
}

/// The client shows an entity tag that still holds.
pub(crate) fn is_known(request: &HttpRequest, tag: &EntityTag) -> bool {
    match header::Header::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(tag)),
        Err(_) => false,
    }
}

enum Wanted {
    All,
    /// First and last byte.
    Part(u64, u64),
    Nothing,
}

/// Several ranges, and what is no range of bytes, are answered with the whole, as RFC 9110 section 14.2 allows.
fn wanted_range(request: &HttpRequest, tag: &EntityTag, total: u64) -> Wanted {
    if request.method() != Method::GET || !request.headers().contains_key(header::RANGE) {
        return Wanted::All;
    }
    let still_the_same = match <IfRange as header::Header>::parse(request) {
        Ok(IfRange::EntityTag(known)) => known.strong_eq(tag),
        // A date says less than the tag does.
        Ok(IfRange::Date(_)) => false,
        Err(_) => !request.headers().contains_key(header::IF_RANGE),
    };
    let range = match <Range as header::Header>::parse(request) {
        Ok(Range::Bytes(ranges)) if still_the_same && ranges.len() == 1 => ranges.into_iter().next(),
        _ => None,
    };
    match range.as_ref().map(|range: &ByteRangeSpec| range.to_satisfiable_range(total)) {
        None => Wanted::All,
        Some(Some((first, last))) => Wanted::Part(first, last),
        Some(None) => Wanted::Nothing,
    }
}

fn beyond_the_end(total: usize) -> HttpResponse {
    let failure = Failure::new(Code::RangeNotSatisfiable, format!("the picture has {total} bytes"));
    let mut response = failure.error_response();
    if let Ok(range) = header::HeaderValue::from_str(&format!("bytes */{total}")) {
        response.headers_mut().insert(header::CONTENT_RANGE, range);
    }
    response
}

/// Shared caches keep a rendition for as long as the settings say, and not at all where a key is needed to see it.
pub(crate) fn cache_control(service: &Service) -> String {
    if service.settings.access.require_key {
        format!("private, max-age={MAX_AGE_S}, immutable")
    } else {
        let shared_s = service.settings.results.cdn_max_age.as_secs();
        format!("public, max-age={MAX_AGE_S}, immutable, s-maxage={shared_s}")
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{App, test, web};

    use super::*;

    /// The pattern that actix itself finds for the path.
    async fn asked(request: HttpRequest) -> String {
        request.match_pattern().unwrap_or_default()
    }

    #[actix_web::test]
    async fn a_look_tells_the_same_pattern_as_the_router() {
        let app = App::new().service(web::resource(PATTERN).to(asked)).default_service(web::to(asked));
        let app = test::init_service(app).await;
        for path in [
            "/v1/cutouts/remove_bg:00:0:ffffff:00",
            "/v1/cutouts/%23%3A",
            "/v1/cutouts/a%2Fb",
            "/v1/cutouts/a/b",
            "/v1/cutouts/a/",
            "/v1/cutouts//a",
            "/v1/cutouts//",
            "/v1/cutouts/",
            "/v1/cutouts",
            "/v1/cutoutsa",
            "/prefix/v1/cutouts/a",
        ] {
            let found = test::call_and_read_body(&app, test::TestRequest::with_uri(path).to_request()).await;
            let request = test::TestRequest::with_uri(path).to_srv_request();
            assert_eq!(pattern(request.path()).unwrap_or_default(), found, "{path}");
        }
    }
}
