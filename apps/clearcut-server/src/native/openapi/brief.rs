//! The calls that are described in a line: compatible ones have their own documents, the others are plain.

use utoipa::openapi::{HttpMethod, OpenApi, PathItem, ResponseBuilder, path::OperationBuilder, tag::TagBuilder};

/// One call.
struct BriefCall {
    method: HttpMethod,
    path: &'static str,
    tag: &'static str,
    summary: &'static str,
}

const fn call(method: HttpMethod, path: &'static str, tag: &'static str, summary: &'static str) -> BriefCall {
    BriefCall { method, path, tag, summary }
}

/// Wires by name.
const WIRES: &[(&str, &str)] = &[
    ("remove.bg", "remove.bg's API v1.0, for its own clients"),
    ("rembg", "The HTTP server of rembg"),
    ("ShopImage", "ShopImage's background removal"),
    ("Background Remover API", "Downloads, previews and base64 with optimization presets"),
    ("cache", "Statistics and upkeep of the cache"),
];

const CALLS: &[BriefCall] = &[
    call(HttpMethod::Get, "/health/live", "operation", "Whether the process answers"),
    call(HttpMethod::Get, "/health/ready", "operation", "Whether new requests may be sent here"),
    call(HttpMethod::Get, "/metrics", "operation", "All metrics in Prometheus' text format"),
    call(HttpMethod::Get, "/openapi.json", "operation", "This document"),
    call(HttpMethod::Get, "/docs", "operation", "This document as a page"),
    call(
        HttpMethod::Post,
        "/v1.0/removebg",
        "remove.bg",
        "Removes the background of `image_file`, `image_file_b64` or `image_url`",
    ),
    call(HttpMethod::Get, "/v1.0/account", "remove.bg", "Credits of the account"),
    call(HttpMethod::Get, "/api/remove", "rembg", "Removes the background of the picture at `url`"),
    call(HttpMethod::Post, "/api/remove", "rembg", "Removes the background of `file`"),
    call(HttpMethod::Post, "/api/remove-bg", "ShopImage", "Removes the background of `file` and draws a border"),
    call(HttpMethod::Post, "/remove-background", "Background Remover API", "Answers the cut-out as a download"),
    call(HttpMethod::Post, "/remove-background-preview", "Background Remover API", "Answers the cut-out for display"),
    call(HttpMethod::Post, "/remove-background-base64", "Background Remover API", "Answers the cut-out in JSON"),
    call(HttpMethod::Post, "/read-file", "Background Remover API", "Answers a file of the output folder in JSON"),
    call(HttpMethod::Get, "/api/v1/cache/stats", "cache", "Hits, times and savings of the last `days`"),
    call(HttpMethod::Get, "/api/v1/cache/recent", "cache", "The latest `limit` entries"),
    call(HttpMethod::Post, "/api/v1/cache/cleanup", "cache", "Removes what has expired"),
    call(HttpMethod::Get, "/api/admin/cache/stats", "cache", "Hits and misses"),
    call(HttpMethod::Post, "/api/admin/cache/clear", "cache", "Removes the entries that match `pattern`"),
];

/// Adds those calls that do not describe themselves.
pub(super) fn describe(document: &mut OpenApi) {
    let tags = WIRES.iter().map(|(name, about)| TagBuilder::new().name(*name).description(Some(*about)).build());
    document.tags.get_or_insert_default().extend(tags);
    for BriefCall { method, path, tag, summary } in CALLS {
        let answer = ResponseBuilder::new().description("As the call's own document says").build();
        let operation = OperationBuilder::new().tag(*tag).summary(Some(*summary)).response("200", answer).build();
        let item = PathItem::new(method.clone(), operation);
        match document.paths.paths.get_mut(*path) {
            Some(known) => known.merge_operations(item),
            None => {
                document.paths.paths.insert((*path).to_owned(), item);
            }
        }
    }
}
