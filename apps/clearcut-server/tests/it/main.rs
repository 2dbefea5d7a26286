//! The server as its clients meet it: over real connections, with the embedded model.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod background_remover;
mod bad_input;
mod batch;
mod cache_admin;
mod config;
mod cutouts;
mod fetch;
mod form;
mod health;
mod jobs;
mod keys;
mod limits;
mod metrics;
mod openapi;
mod pages;
mod rembg;
mod removebg;
mod renditions;
mod shopimage;
mod signature;
mod support;
mod told;
mod uploads;
mod webhooks;
