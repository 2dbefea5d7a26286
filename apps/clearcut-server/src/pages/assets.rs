//! The pages and their files as they are in the repository: no build step, nothing loaded from elsewhere.

use std::{borrow::Cow, sync::LazyLock};

use actix_web::{
    HttpRequest, HttpResponse, Resource,
    http::header::{self, EntityTag},
    web,
};
use bytes::Bytes;

use crate::{
    failure::{Code, Failure, Outcome},
    native::renditions::is_known,
    routes::method_not_allowed,
};

/// Stands in the files wherever one names another, and is replaced by the version of all of them.
const VERSION_MARK: &str = "?v=0";

/// What a page may load and where it may send: this server, and pictures that it made itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

macro_rules! files {
    ($($name:literal $media:literal,)+) => {
        &[$(($name, $media, include_bytes!(concat!("../../pages/", $name)))),+]
    };
}

const FILES: &[(&str, &str, &[u8])] = files! {
    "index.html" "text/html; charset=utf-8",
    "admin.html" "text/html; charset=utf-8",
    "base.css" "text/css; charset=utf-8",
    "home.css" "text/css; charset=utf-8",
    "admin.css" "text/css; charset=utf-8",
    "home.js" "text/javascript; charset=utf-8",
    "plan.js" "text/javascript; charset=utf-8",
    "cutout.js" "text/javascript; charset=utf-8",
    "zip.js" "text/javascript; charset=utf-8",
    "words.js" "text/javascript; charset=utf-8",
    "admin.js" "text/javascript; charset=utf-8",
    "chart.js" "text/javascript; charset=utf-8",
    "entries.js" "text/javascript; charset=utf-8",
    "icon.svg" "image/svg+xml",
    "../../../examples/sample.jpg" "image/jpeg",
};

/// Where the pages are; the other files are below `/assets`.
const PAGES: [(&str, &str); 2] = [("/", "index.html"), ("/admin", "admin.html")];

/// All files, of one version.
static BUNDLE: LazyLock<Bundle> = LazyLock::new(Bundle::new);

struct Bundle {
    version: String,
    files: Vec<File>,
}

struct File {
    name: &'static str,
    media_type: &'static str,
    body: Bytes,
    /// Weak, since the body may be compressed on its way.
    tag: EntityTag,
}

/// Mounts the pages and their files.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    for (path, file) in PAGES {
        let page = move |request: HttpRequest| async move { page(&request, file) };
        config.service(read_only(path, page));
    }
    config.service(read_only("/assets/{name}", asset));
}

fn read_only<Answer>(path: &str, answer: impl Fn(HttpRequest) -> Answer + Copy + 'static) -> Resource
where
    Answer: Future<Output = Outcome<HttpResponse>> + 'static,
{
    web::resource(path)
        .route(web::get().to(answer))
        .route(web::head().to(answer))
        .default_service(method_not_allowed("GET, HEAD"))
}

fn page(request: &HttpRequest, name: &str) -> Outcome<HttpResponse> {
    let file = BUNDLE.file(name)?;
    // A page is looked for again each time, so that it names the files of its own version.
    let mut response = file.answer(request, "no-cache");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, header::HeaderValue::from_static(POLICY));
    Ok(response)
}

async fn asset(request: HttpRequest) -> Outcome<HttpResponse> {
    let name = request.match_info().get("name").unwrap_or_default();
    if PAGES.iter().any(|(_, page)| *page == name) {
        return Err(nothing_there());
    }
    let of_this_version = request.query_string().strip_prefix("v=") == Some(&BUNDLE.version);
    let keep = if of_this_version { "public, max-age=31536000, immutable" } else { "no-cache" };
    Ok(BUNDLE.file(name)?.answer(&request, keep))
}

fn nothing_there() -> Failure {
    Failure::new(Code::NotFound, "no page has a file of this name")
}

impl Bundle {
    fn new() -> Self {
        let mut hasher = blake3::Hasher::new();
        for (name, _, bytes) in FILES {
            // The length keeps the end of one file and the beginning of the next apart.
            hasher.update(name.as_bytes()).update(&bytes.len().to_le_bytes()).update(bytes);
        }
        let version = short(&hasher.finalize());
        let files =
            FILES.iter().map(|(path, media_type, bytes)| File::new(path, media_type, bytes, &version)).collect();
        Self { version, files }
    }

    fn file(&self, name: &str) -> Outcome<&File> {
        self.files.iter().find(|file| file.name == name).ok_or_else(nothing_there)
    }
}

impl File {
    fn new(path: &'static str, media_type: &'static str, bytes: &'static [u8], version: &str) -> Self {
        let body = match str::from_utf8(bytes) {
            Ok(text) if text.contains(VERSION_MARK) => {
                Cow::Owned(text.replace(VERSION_MARK, &format!("?v={version}")).into_bytes())
            }
            _ => Cow::Borrowed(bytes),
        };
        let tag = EntityTag::new_weak(short(&blake3::hash(&body)));
        let body = match body {
            Cow::Owned(body) => Bytes::from(body),
            Cow::Borrowed(body) => Bytes::from_static(body),
        };
        Self { name: path.rsplit('/').next().unwrap_or(path), media_type, body, tag }
    }

    fn answer(&self, request: &HttpRequest, cache_control: &'static str) -> HttpResponse {
        let known = is_known(request, &self.tag);
        let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response
            .insert_header(header::ETag(self.tag.clone()))
            .insert_header((header::CACHE_CONTROL, cache_control))
            .insert_header((header::CONTENT_TYPE, self.media_type));
        if known { response.finish() } else { response.body(self.body.clone()) }
    }
}

fn short(hash: &blake3::Hash) -> String {
    hash.to_hex()[..16].to_owned()
}
