//! `/health`, `/health/live`, `/health/ready`.

mod jobs;
mod machine;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{HttpResponse, http::header, web};
use clearcut::TieredCache;
use clearcut_cache::BreakerState;
use clearcut_segment::Runtime;
use serde::Serialize;
use tokio::{sync::Mutex, time::timeout};
use utoipa::ToSchema;

use crate::service::Service;
pub use jobs::JobHealth;
use machine::Machine;

/// How long tiers and disks may take to say that they are there.
const PATIENCE: Duration = Duration::from_secs(1);

/// For so long an answer is given again: nobody makes the server ask its database by asking the server.
const FRESH: Duration = Duration::from_secs(1);

/// Mounts the health calls.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/health", web::get().to(health))
        .route("/health/live", web::get().to(live))
        .route("/health/ready", web::get().to(ready));
}

/// How the server is, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// All is well.
    Ok,
    /// It answers, and something that it leans on does not.
    Degraded,
    /// It takes no requests.
    Down,
}

/// How the server is, and what it leans on.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Health {
    /// In a word.
    pub status: Status,
    /// Of this program.
    pub version: &'static str,
    /// Seconds since it started.
    pub uptime_s: u64,
    /// What must be true for all to be well.
    pub checks: Checks,
    /// What finds the foreground.
    pub model: Model,
    /// Requests and their room.
    pub load: Load,
    /// The disk of the cache's folder, or of the results' folder.
    pub disk: Option<Disk>,
    /// This process's memory.
    pub memory: Option<Memory>,
    /// The cache's tiers, in the order in which they are asked.
    pub cache: Vec<Tier>,
    /// The queue and the store of jobs, where there are any.
    pub jobs: Option<JobHealth>,
}

/// What must be true for all to be well; null where nothing of the kind is configured.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct Checks {
    /// Requests are taken.
    pub app: bool,
    /// Redis answers.
    pub redis: Option<bool>,
    /// Postgres or SQLite answers.
    pub database: Option<bool>,
    /// The queue of jobs answers.
    pub queue: Option<bool>,
    /// The store of uploads and results answers.
    pub store: Option<bool>,
    /// At least 5 % of the disk are free.
    pub disk_space: Option<bool>,
    /// At most 95 % of the memory that the process may have are used.
    pub memory: Option<bool>,
}

/// What finds the foreground.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Model {
    /// As in the catalogue.
    pub name: String,
    /// What really runs it: `tract` or `onnxruntime`.
    pub runtime: &'static str,
    /// Of a runtime that is not part of the program.
    pub runtime_version: Option<String>,
    /// On what.
    #[schema(value_type = String, example = "cpu")]
    pub execution_provider: &'static str,
    /// How the network's operations are shared between the provider and the CPU, where a run has been looked at.
    pub operations: Option<Operations>,
}

/// The operations of one run of the network.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct Operations {
    /// Those that the provider ran; the others ran on the CPU.
    pub on_provider: usize,
    /// All of them.
    pub all: usize,
}

/// Requests and their room.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct Load {
    /// Requests that have a place.
    pub requests: usize,
    /// Places.
    pub max_requests: usize,
    /// Bytes that the requests were estimated to hold.
    pub bytes: u64,
    /// Bytes that there are for them.
    pub max_bytes: u64,
    /// Pictures in the works or waiting for it.
    pub pictures: usize,
}

/// A disk.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct Disk {
    /// Bytes that this process may still write.
    pub free_bytes: u64,
    /// All bytes.
    pub total_bytes: u64,
}

/// This process's memory.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct Memory {
    /// Bytes in use.
    pub resident_bytes: u64,
    /// Bytes that the process may use, where there is a limit.
    pub limit_bytes: Option<u64>,
}

/// A tier of the cache.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Tier {
    /// Its name.
    pub tier: String,
    /// Whether it answers.
    pub status: Status,
    /// Whether it is asked at present: `closed` if so.
    #[schema(value_type = String, example = "closed")]
    pub breaker: BreakerState,
    /// How long it took to answer.
    pub answer_ms: Option<f64>,
    /// Why it does not answer, in a word; the log says more.
    pub error: Option<String>,
}

/// The last answer, and since when there are any.
#[derive(Debug)]
pub struct HealthBook {
    started: Instant,
    last: Mutex<Option<(Instant, Arc<Health>)>>,
}

impl Default for HealthBook {
    fn default() -> Self {
        Self { started: Instant::now(), last: Mutex::default() }
    }
}

impl HealthBook {
    /// How the service is, or was a second ago. Whoever asks meanwhile waits for the same answer.
    pub async fn look(&self, service: &Service) -> Arc<Health> {
        let mut last = self.last.lock().await;
        if let Some((since, health)) = &*last
            && since.elapsed() < FRESH
            && !service.room.is_closed()
        {
            return Arc::clone(health);
        }
        let health = Arc::new(Health::of(service, self.started).await);
        *last = Some((Instant::now(), Arc::clone(&health)));
        health
    }
}

impl Health {
    async fn of(service: &Service, started: Instant) -> Self {
        let folder = service.watched_folder.clone().or_else(|| service.settings.results.output_folder.clone());
        let (cache, Machine { disk, memory }, jobs) =
            tokio::join!(tiers(service.engine.cache()), machine::look(folder, PATIENCE), JobHealth::look(service));
        let answers = |names: &[&str]| {
            let mut tiers = cache.iter().filter(|tier| names.contains(&tier.tier.as_str())).peekable();
            tiers.peek().is_some().then(|| tiers.all(|tier| tier.status == Status::Ok))
        };
        let checks = Checks {
            app: !service.room.is_closed(),
            redis: answers(&["redis", "upstash"]),
            database: answers(&["postgres", "sqlite"]),
            queue: jobs.as_ref().map(|jobs| jobs.queue_error.is_none()),
            store: jobs.as_ref().map(|jobs| jobs.store_error.is_none()),
            disk_space: disk.map(|disk| disk.free_bytes >= disk.total_bytes / 20),
            memory: memory
                .map(|memory| memory.limit_bytes.is_none_or(|limit| memory.resident_bytes <= limit / 20 * 19)),
        };
        let Checks { app: _, redis, database, queue, store, disk_space, memory: enough } = checks;
        let status = match [redis, database, queue, store, disk_space, enough].contains(&Some(false)) {
            _ if !checks.app => Status::Down,
            true => Status::Degraded,
            false => Status::Ok,
        };
        Self {
            status,
            version: env!("CARGO_PKG_VERSION"),
            uptime_s: started.elapsed().as_secs(),
            checks,
            model: Model::of(service),
            load: Load::of(service),
            disk,
            memory,
            cache,
            jobs,
        }
    }
}

impl Model {
    fn of(service: &Service) -> Self {
        let Runtime { name, version, provider, operations, .. } = &service.runtime;
        Self {
            name: service.engine.model().name.clone(),
            runtime: *name,
            runtime_version: version.clone(),
            execution_provider: provider.as_str(),
            operations: operations.map(|run| Operations { on_provider: run.on_provider, all: run.all }),
        }
    }
}

impl Load {
    fn of(service: &Service) -> Self {
        let Service { engine, room, settings, .. } = service;
        Self {
            requests: room.taken(),
            max_requests: settings.load.max_requests,
            bytes: room.taken_bytes(),
            max_bytes: settings.load.max_request_memory_bytes,
            pictures: engine.in_flight(),
        }
    }

    fn is_full(self) -> bool {
        self.requests >= self.max_requests || self.bytes >= self.max_bytes
    }
}

async fn tiers(cache: Option<&TieredCache>) -> Vec<Tier> {
    let Some(cache) = cache else { return Vec::new() };
    let Ok(answers) = timeout(PATIENCE, cache.probe()).await else {
        // Some tier is slow. Which one shows in its breaker, or will when it is used.
        let slow = |breaker| if breaker == BreakerState::Closed { Status::Degraded } else { Status::Down };
        let tier = |tier: clearcut_cache::TierStats| Tier {
            status: slow(tier.breaker),
            tier: tier.name,
            breaker: tier.breaker,
            answer_ms: None,
            error: Some("timed out".to_owned()),
        };
        return cache.stats().tiers.into_iter().map(tier).collect();
    };
    answers
        .into_iter()
        .map(|health| Tier {
            tier: health.name.to_string(),
            status: if health.answer.is_ok() { Status::Ok } else { Status::Down },
            breaker: health.breaker,
            answer_ms: health.answer.as_ref().ok().map(|took| took.as_micros() as f64 / 1e3),
            error: health.answer.err().map(|error| error.kind().to_string()),
        })
        .collect()
}

/// How the server is; 503 if it takes no requests.
#[utoipa::path(
    get,
    path = "/health",
    tag = "operation",
    responses((status = 200, description = "It answers", body = Health), (status = 503, description = "It is stopping", body = Health))
)]
pub async fn health(service: web::Data<Service>) -> HttpResponse {
    let health = service.health.look(&service).await;
    let mut response =
        if health.status == Status::Down { HttpResponse::ServiceUnavailable() } else { HttpResponse::Ok() };
    response.insert_header((header::CACHE_CONTROL, "no-store")).json(&*health)
}

/// The process answers.
async fn live() -> HttpResponse {
    say(HttpResponse::Ok(), "ok")
}

/// New requests may be sent here.
async fn ready(service: web::Data<Service>) -> HttpResponse {
    if service.room.is_closed() {
        say(HttpResponse::ServiceUnavailable(), "stopping")
    } else if Load::of(&service).is_full() {
        say(HttpResponse::ServiceUnavailable(), "full")
    } else {
        say(HttpResponse::Ok(), "ok")
    }
}

fn say(mut response: actix_web::HttpResponseBuilder, status: &str) -> HttpResponse {
    response.insert_header((header::CACHE_CONTROL, "no-store")).json(serde_json::json!({ "status": status }))
}
