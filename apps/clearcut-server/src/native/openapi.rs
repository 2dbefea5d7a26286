//! `/openapi.json` and the API page at `/docs`, both from the binary.

mod brief;
mod schema;

use std::sync::OnceLock;

use actix_web::{HttpResponse, http::header, web};
use utoipa::{OpenApi as _, openapi::OpenApi};
use utoipa_swagger_ui::{Config, SwaggerUi};

pub(crate) use self::schema::{CutoutForm, CutoutJson, PlanFields, Refusals};
use super::{batch, cutouts, health, jobs, models, renditions, results, uploads};
use crate::problem::Problem;

/// Mounts the description and its page.
pub fn routes(config: &mut web::ServiceConfig) {
    config.route("/docs", web::get().to(page)).service(
        SwaggerUi::new("/docs/{_:.*}")
            .url("/openapi.json", document().clone())
            // The validator's badge would be fetched from somebody else's server.
            .config(Config::default().validator_url("none").try_it_out_enabled(true)),
    );
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Clearcut", description = "Removes image backgrounds."),
    paths(
        cutouts::create,
        renditions::rendition,
        jobs::create,
        jobs::status,
        jobs::cancel,
        jobs::events::events,
        jobs::image,
        jobs::dead::dead,
        jobs::dead::redrive,
        batch::create,
        batch::status,
        uploads::put,
        results::result,
        models::models,
        health::health,
    ),
    components(schemas(Problem)),
    tags(
        (name = "cut-outs", description = "Clearcut's own calls"),
        (name = "jobs", description = "Cut-outs that are made after the answer"),
        (name = "operation", description = "Models, health and this description"),
    )
)]
struct Native;

/// The description of every call.
pub(crate) fn document() -> &'static OpenApi {
    static DOCUMENT: OnceLock<OpenApi> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let mut document = Native::openapi();
        brief::describe(&mut document);
        document
    })
}

/// The verbs that the path with this pattern answers, such as `GET, HEAD`; `None` where it is not described.
pub(crate) fn methods(pattern: &str) -> Option<String> {
    if pattern.starts_with("/docs/") {
        return Some("GET".to_owned());
    }
    let item = document().paths.get_path_item(pattern)?;
    let methods = [
        ("GET", &item.get),
        ("HEAD", &item.head),
        ("POST", &item.post),
        ("PUT", &item.put),
        ("PATCH", &item.patch),
        ("DELETE", &item.delete),
    ];
    let known: Vec<&str> = methods.into_iter().filter(|(_, call)| call.is_some()).map(|(name, _)| name).collect();
    (!known.is_empty()).then(|| known.join(", "))
}

/// The page's own files stand below the folder.
async fn page() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/docs/")).finish()
}
