#![doc = include_str!("../README.md")]

mod answer;
mod application;
pub mod cli;
pub mod compat;
pub mod failure;
mod form;
pub mod jobs;
pub mod load;
mod middleware;
pub mod native;
pub mod pages;
mod problem;
mod routes;
pub mod seeing;
mod service;
pub mod settings;
pub mod trust;
mod visit;
mod wire;
mod worker;

pub use answer::Answer;
pub use application::Application;
pub use form::{Form, Upload};
pub use problem::Problem;
pub use routes::{mount, routes};
pub use service::Service;
pub use settings::Settings;
pub use visit::Visit;
pub use wire::{
    CacheBooks, CacheEfficiency, CacheReports, CacheStatistics, CacheUpkeep, CleanupOptions, CleanupReport,
    DayStatistics, TaskSummary,
};
pub use worker::Worker;
