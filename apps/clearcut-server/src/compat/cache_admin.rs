//! The cache's figures and its upkeep, on the wires of a facial-processing service and of an analysis service.

mod figures;
mod refusal;

use std::{collections::BTreeMap, future::Future, time::Duration};

use actix_web::{HttpRequest, HttpResponse, web};
use clearcut_cache::{Pattern, TierError};
use serde::Serialize;

use self::{
    figures::{Figures, Statistics, hits_and_misses},
    refusal::Refusal,
};
use crate::{
    failure::{Code, Failure, Outcome},
    form::Form,
    service::Service,
    trust::{admin::admin, limits::Call},
    visit::Visit,
    wire::{CleanupOptions, CleanupReport, TaskSummary},
};

/// Days of statistics where the request names none, and at most.
const DAYS: (u32, u32) = (7, 3650);
/// Recent tasks where the request names no number, and at most.
const RECENT: (u32, u32) = (10, 500);

/// A database that takes longer for figures is down as far as a dashboard can tell.
const FIGURES_PATIENCE: Duration = Duration::from_secs(10);
/// Taking out many entries takes its time.
const UPKEEP_PATIENCE: Duration = Duration::from_mins(5);

/// Mounts the calls.
pub fn routes(config: &mut web::ServiceConfig) {
    for (path, verb, route) in [
        ("/api/v1/cache/stats", "GET", web::get().to(stats)),
        ("/api/v1/cache/recent", "GET", web::get().to(recent)),
        ("/api/v1/cache/cleanup", "POST", web::post().to(cleanup)),
        ("/api/admin/cache/stats", "GET", web::get().to(admin_stats)),
        ("/api/admin/cache/clear", "POST", web::post().to(clear)),
    ] {
        let wrong_verb = move || async move { Err::<HttpResponse, _>(Refusal::from(Failure::wrong_method(verb))) };
        config.service(web::resource(path).route(route).default_service(web::to(wrong_verb)));
    }
}

/// The newest results.
#[derive(Debug, Serialize)]
struct Recent {
    tasks: Vec<TaskSummary>,
}

/// What a cleanup took out.
#[derive(Debug, Serialize)]
struct CleanedUp {
    success: bool,
    /// Entries in all.
    removed: u64,
    #[serde(flatten)]
    report: CleanupReport,
}

/// The analysis service's figures.
#[derive(Debug, Serialize)]
struct AdminStats {
    success: bool,
    cache: CacheState,
}

/// Whether there is a cache, and how it does.
#[derive(Debug, Serialize)]
struct CacheState {
    enabled: bool,
    status: &'static str,
    /// A number as text, as this wire has it.
    hits: String,
    /// A number as text, as this wire has it.
    misses: String,
}

/// What was cleared.
#[derive(Debug, Serialize)]
struct ClearedCache<'a> {
    success: bool,
    pattern: &'a str,
    /// Entries; one that stood in several tiers counts once.
    removed: u64,
    /// Entries of each tier.
    tiers: BTreeMap<String, u64>,
}

/// `GET /api/v1/cache/stats?days=7`.
async fn stats(request: HttpRequest) -> Result<HttpResponse, Refusal> {
    let visit = Visit::begin(&request, Call::Native).await?;
    let days = number(&request, visit.service(), "days", DAYS)?;
    let figures = figures(visit.service(), days).await?;
    Ok(HttpResponse::Ok().json(Statistics::new(figures, days, visit.service())))
}

/// `GET /api/v1/cache/recent?limit=10`.
async fn recent(request: HttpRequest) -> Result<HttpResponse, Refusal> {
    let visit = Visit::begin(&request, Call::Native).await?;
    let limit = number(&request, visit.service(), "limit", RECENT)?;
    let tasks = match &visit.service().books {
        Some(books) => in_time(FIGURES_PATIENCE, books.recent(limit)).await?,
        None => Vec::new(),
    };
    Ok(HttpResponse::Ok().json(Recent { tasks }))
}

/// `POST /api/v1/cache/cleanup`.
async fn cleanup(request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Refusal> {
    let service = service(&request)?;
    admin(&request, &service).await?;
    Form::read(&request, payload, &service.settings).await?.finish()?;
    let report = match &service.books {
        Some(books) => in_time(UPKEEP_PATIENCE, books.cleanup(&CleanupOptions::default())).await?,
        // Memory and Redis drop what has expired by themselves.
        None => CleanupReport::default(),
    };
    tracing::info!(removed = report.entries(), skipped = report.skipped, "the cache was cleaned up on request");
    Ok(HttpResponse::Ok().json(CleanedUp { success: true, removed: report.entries(), report }))
}

/// `GET /api/admin/cache/stats`. A cache in trouble is an answer here, not a failure.
async fn admin_stats(request: HttpRequest) -> Result<HttpResponse, Refusal> {
    let service = service(&request)?;
    admin(&request, &service).await?;
    Form::of_query(&request, &service.settings)?.finish()?;
    let (hits, misses) = match figures(&service, u32::MAX).await {
        Ok(figures) => (figures.cache_hits, figures.total_requests - figures.cache_hits),
        Err(_) => hits_and_misses(&service.engine),
    };
    let status = match service.engine.cache() {
        None => "disabled",
        Some(cache) => {
            let tiers = cache.probe().await;
            match tiers.iter().filter(|tier| tier.answer.is_err()).count() {
                0 => "connected",
                down if down < tiers.len() => "degraded",
                _ => "disconnected",
            }
        }
    };
    let enabled = service.engine.cache().is_some();
    let cache = CacheState { enabled, status, hits: hits.to_string(), misses: misses.to_string() };
    Ok(HttpResponse::Ok().json(AdminStats { success: true, cache }))
}

/// `POST /api/admin/cache/clear`.
async fn clear(request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Refusal> {
    let service = service(&request)?;
    let holder = admin(&request, &service).await?;
    let mut form = Form::read(&request, payload, &service.settings).await?;
    let pattern = match form.take("pattern")? {
        Some(pattern) => {
            Pattern::parse(&pattern).map_err(|error| Failure::field(format!("`pattern` selects no keys: {error}")))?
        }
        None => Pattern::all(),
    };
    form.finish()?;
    let Some(cache) = service.engine.cache() else {
        let nothing = ClearedCache { success: true, pattern: pattern.as_str(), removed: 0, tiers: BTreeMap::new() };
        return Ok(HttpResponse::Ok().json(nothing));
    };
    let cleared = cache.clear(&pattern).await;
    let removed = cleared.removed();
    tracing::info!(cache.pattern = pattern.as_str(), removed, by = holder.id, "the cache was cleared on request");
    if let Some(error) = cleared.failures().next() {
        let detail = format!("{removed} entries were removed, but some may still be answered: {error}");
        return Err(Failure::new(Code::Unavailable, detail).into());
    }
    let tiers = cleared.tiers.into_iter().filter_map(|(name, removed)| Some((name.to_string(), removed.ok()?)));
    let report = ClearedCache { success: true, pattern: pattern.as_str(), removed, tiers: tiers.collect() };
    Ok(HttpResponse::Ok().json(report))
}

/// What the books say of the last `days` days, or, without books, what this process has counted since its start.
async fn figures(service: &Service, days: u32) -> Outcome<Figures> {
    match &service.books {
        Some(books) => Ok(in_time(FIGURES_PATIENCE, books.stats(days)).await?.into()),
        None => Ok(Figures::of_this_process(&service.engine)),
    }
}

async fn in_time<T>(patience: Duration, answer: impl Future<Output = Result<T, TierError>>) -> Outcome<T> {
    let down = |reason: &dyn std::fmt::Display| {
        tracing::warn!(%reason, "the cache's books cannot be read");
        Failure::new(Code::Unavailable, "the cache's database does not answer; cut-outs are made all the same")
    };
    match tokio::time::timeout(patience, answer).await {
        Ok(answer) => answer.map_err(|error| down(&error)),
        Err(elapsed) => Err(down(&elapsed)),
    }
}

/// The number of the query under `name`; `(default, largest)` of it. It stands alone there.
fn number(request: &HttpRequest, service: &Service, name: &str, (default, largest): (u32, u32)) -> Outcome<u32> {
    let mut query = Form::of_query(request, &service.settings)?;
    let number = match query.take(name)? {
        None => default,
        Some(text) => text
            .parse()
            .ok()
            .filter(|number| (1..=largest).contains(number))
            .ok_or_else(|| Failure::field(format!("`{name}` is a number from 1 to {largest}")))?,
    };
    query.finish()?;
    Ok(number)
}

fn service(request: &HttpRequest) -> Outcome<web::Data<Service>> {
    request.app_data().cloned().ok_or_else(|| Failure::internal("the service was not mounted"))
}
