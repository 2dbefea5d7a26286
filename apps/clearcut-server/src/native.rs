//! Clearcut's own calls.

pub(crate) mod cutouts;
pub mod health;
mod metrics;
mod models;
pub(crate) mod negotiation;
pub(crate) mod openapi;
pub(crate) mod renditions;

use actix_web::web;

/// Mounts the native calls.
pub fn routes(config: &mut web::ServiceConfig) {
    health::routes(config);
    metrics::routes(config);
    cutouts::routes(config);
    renditions::routes(config);
    models::routes(config);
    openapi::routes(config);
}
