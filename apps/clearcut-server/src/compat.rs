//! Other people's wires: each file turns its parameters into a plan and the answer into its own shape.

pub mod background_remover;
pub mod cache_admin;
mod lenient;
pub mod rembg;
pub mod removebg;
pub mod shopimage;

use actix_web::web;

/// Mounts all compatible wires.
pub fn routes(config: &mut web::ServiceConfig) {
    removebg::routes(config);
    rembg::routes(config);
    shopimage::routes(config);
    background_remover::routes(config);
    cache_admin::routes(config);
}
