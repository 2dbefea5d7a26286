//! `GET /admin/overview`: everything that the admin page shows, in one answer.

use std::{sync::LazyLock, time::Instant};

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use clearcut::TieredCache;
use clearcut_cache::BreakerState;
use serde::Serialize;

use crate::{
    failure::Outcome,
    routes::method_not_allowed,
    seeing::metrics::Metrics,
    service::Service,
    trust::admin::admin,
    wire::{CacheBooks, CacheStatistics, TaskSummary},
};

/// Days of the statistics: a month, which savings are told for.
const DAYS: u32 = 30;
/// Newest entries, and most wanted ones.
const ENTRIES: u32 = 12;

/// When the routes were mounted.
static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Mounts the call.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    LazyLock::force(&STARTED);
    config.service(
        web::resource("/admin/overview").route(web::get().to(overview)).default_service(method_not_allowed("GET")),
    );
}

/// What the admin page shows.
#[derive(Debug, Serialize)]
struct Overview {
    server: ServerState,
    /// What each stage takes, where something was computed.
    stages: Vec<StageTime>,
    tiers: Vec<TierState>,
    savings: Savings,
    /// What the database says; `None` where there is none, or it does not answer.
    books: Option<Books>,
}

#[derive(Debug, Serialize)]
struct ServerState {
    version: &'static str,
    model: String,
    uptime_s: u64,
    /// Pictures in the works or waiting for it.
    in_flight: usize,
    places_taken: usize,
    places: usize,
}

#[derive(Debug, Serialize)]
struct StageTime {
    stage: &'static str,
    median_ms: f64,
}

#[derive(Debug, Serialize)]
struct TierState {
    name: String,
    healthy: bool,
    breaker: BreakerState,
    /// How long it took to answer just now.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer_ms: Option<f64>,
    /// Why it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    hits: u64,
    misses: u64,
    hit_ratio_percent: f64,
    errors: u64,
    bytes_read: u64,
}

#[derive(Debug, Serialize)]
struct Savings {
    cost_per_image: f64,
    /// Of a month.
    money: f64,
}

#[derive(Debug, Serialize)]
struct Books {
    statistics: CacheStatistics,
    recent: Vec<TaskSummary>,
    top: Vec<TaskSummary>,
}

async fn overview(request: HttpRequest, service: web::Data<Service>) -> Outcome<HttpResponse> {
    admin(&request, &service).await?;
    let Service { engine, settings, room, .. } = service.get_ref();
    let tiers = async {
        match engine.cache() {
            Some(cache) => tiers(cache).await,
            None => Vec::new(),
        }
    };
    let (tiers, books) = futures::future::join(tiers, read(service.books.as_deref())).await;
    let hits = books.as_ref().map_or(0, |books| books.statistics.cache_hits);
    let cost_per_image = settings.cache.cost_per_image;
    let answer = Overview {
        server: ServerState {
            version: env!("CARGO_PKG_VERSION"),
            model: engine.model().name.clone(),
            uptime_s: STARTED.elapsed().as_secs(),
            in_flight: engine.in_flight(),
            places_taken: room.taken(),
            places: settings.load.max_requests,
        },
        stages: stage_times(&service.metrics),
        tiers,
        savings: Savings { cost_per_image, money: hits as f64 * cost_per_image },
        books,
    };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(answer))
}

fn stage_times(metrics: &Metrics) -> Vec<StageTime> {
    let ran = metrics.stage_medians().into_iter().filter(|(_, median)| !median.is_zero());
    ran.map(|(stage, median)| StageTime { stage, median_ms: median.as_secs_f64() * 1e3 }).collect()
}

/// Every tier's health and counts, in the order in which they are asked.
async fn tiers(cache: &TieredCache) -> Vec<TierState> {
    let health = cache.probe().await;
    let counted = cache.stats().tiers;
    health
        .into_iter()
        .zip(counted)
        .map(|(health, counted)| TierState {
            name: counted.name.clone(),
            healthy: health.answer.is_ok(),
            breaker: health.breaker,
            answer_ms: health.answer.as_ref().ok().map(|took| took.as_secs_f64() * 1e3),
            error: health.answer.err().map(|error| error.to_string()),
            hits: counted.hits,
            misses: counted.misses,
            hit_ratio_percent: (counted.hit_ratio() * 1e4).round() / 1e2,
            errors: counted.errors + counted.timeouts + counted.corrupt,
            bytes_read: counted.bytes_read,
        })
        .collect()
}

/// What the books say. A database that is down leaves its part of the page empty, and shows as a tier that is down.
async fn read(books: Option<&dyn CacheBooks>) -> Option<Books> {
    let books = books?;
    let read = async {
        let (statistics, recent, top) =
            futures::future::try_join3(books.stats(DAYS), books.recent(ENTRIES), books.top(ENTRIES)).await?;
        Ok::<_, clearcut_cache::TierError>(Books { statistics, recent, top })
    };
    read.await.inspect_err(|error| tracing::warn!(%error, "the cache's books cannot be read")).ok()
}
