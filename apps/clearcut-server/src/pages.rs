//! The pages in the binary: a place to drop photos, and the operator's view.

mod assets;
mod memory_sessions;
mod overview;
pub mod sessions;
mod sign_in;

use actix_web::web;

/// Mounts the pages, their files, and what the admin page asks.
pub fn routes(config: &mut web::ServiceConfig) {
    assets::routes(config);
    sign_in::routes(config);
    overview::routes(config);
}
