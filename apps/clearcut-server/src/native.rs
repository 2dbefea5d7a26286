//! Clearcut's own calls.

pub(crate) mod batch;
pub(crate) mod cutouts;
pub mod health;
pub(crate) mod jobs;
pub(crate) mod metrics;
mod models;
pub(crate) mod negotiation;
pub(crate) mod openapi;
mod order;
pub(crate) mod origin;
pub(crate) mod renditions;
pub(crate) mod results;
pub(crate) mod uploads;

use actix_web::web;

/// Mounts the native calls.
pub fn routes(config: &mut web::ServiceConfig) {
    health::routes(config);
    metrics::routes(config);
    cutouts::routes(config);
    renditions::routes(config);
    models::routes(config);
    jobs::routes(config);
    batch::routes(config);
    uploads::routes(config);
    results::routes(config);
    openapi::routes(config);
}
