//! `GET /v1/models`: the models that are known here, and which one answers.

use actix_web::{HttpResponse, web};
use clearcut_segment::{Catalogue, InputSize, ModelSpec};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{routes::method_not_allowed, service::Service};

/// Mounts the call.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/v1/models").route(web::get().to(models)).default_service(method_not_allowed("GET")));
}

/// All models by name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Models<'a> {
    /// The model that answers.
    active: &'a str,
    /// The catalogue, and the active model where it is not in it.
    models: Vec<Model<'a>>,
}

/// One model.
#[derive(Debug, Serialize, ToSchema)]
struct Model<'a> {
    /// Its name in the catalogue, or its file's.
    name: &'a str,
    /// Models of a family share their processing.
    family: Option<&'a str>,
    /// SPDX expression of the weights' license; absent for weights of one's own.
    license: Option<&'a str>,
    /// Whether that license allows commercial use.
    commercial_use: Option<bool>,
    /// Side of the network's input in pixels: of the square, or the short side.
    input_side_px: Option<u32>,
    /// How the picture is brought to it: `square`, `letterbox` or `short_side`.
    input_fit: Option<&'static str>,
    /// Bytes of the weights.
    size: Option<u64>,
    /// Whether it is part of the program.
    embedded: bool,
    /// Whether it is the one that answers.
    active: bool,
    /// What a user should know.
    notes: &'a str,
}

/// The models that are known here, and which one answers.
#[utoipa::path(get, path = "/v1/models", tag = "operation", responses((status = 200, body = Models)))]
pub(crate) async fn models(service: web::Data<Service>) -> HttpResponse {
    let active = service.engine.model().name.as_str();
    let mut models: Vec<Model<'_>> = Catalogue::builtin().models().iter().map(|spec| Model::of(spec, active)).collect();
    if !models.iter().any(|model| model.active) {
        models.push(Model::own(active, service.settings.engine.family.as_deref()));
    }
    HttpResponse::Ok().json(Models { active, models })
}

impl<'a> Model<'a> {
    fn of(spec: &'a ModelSpec, active: &str) -> Self {
        let (side_px, fit) = match spec.processing.input.size {
            InputSize::Square { side_px } => (side_px, "square"),
            InputSize::Letterbox { side_px } => (side_px, "letterbox"),
            InputSize::ShortSide { side_px, .. } => (side_px, "short_side"),
        };
        Self {
            name: &spec.name,
            family: Some(&spec.family),
            license: Some(&spec.license),
            commercial_use: Some(spec.commercial_use),
            input_side_px: Some(side_px),
            input_fit: Some(fit),
            size: spec.bytes,
            embedded: spec.name == ModelSpec::embedded().name,
            active: spec.name == active,
            notes: &spec.notes,
        }
    }

    /// Weights that the operator brought.
    fn own(name: &'a str, family: Option<&'a str>) -> Self {
        Self {
            name,
            family,
            license: None,
            commercial_use: None,
            input_side_px: None,
            input_fit: None,
            size: None,
            embedded: false,
            active: true,
            notes: "",
        }
    }
}
