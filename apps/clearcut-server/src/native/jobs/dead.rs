//! `/v1/jobs/dead`: jobs that were given up, for admins.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use clearcut_jobs::{JobId, JobRecord};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    failure::{Failure, Outcome},
    form::Form,
    jobs::{JobError, Payload, rfc3339},
    problem::Problem,
    routes::method_not_allowed,
    service::Service,
    trust::admin::admin,
};

/// Given-up jobs that are listed where the request names no number, and at most.
const LISTED: (usize, usize) = (100, 1_000);

/// Mounts the calls.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/v1/jobs/dead").route(web::get().to(dead)).default_service(method_not_allowed("GET")))
        .service(
            web::resource("/v1/jobs/dead/redrive")
                .route(web::post().to(redrive))
                .default_service(method_not_allowed("POST")),
        );
}

/// Jobs that were given up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Dead {
    jobs: Vec<DeadJob>,
}

/// A job that was given up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadJob {
    /// Its name.
    pub job_id: String,
    /// `cutout` or `webhook`; `unknown` for one of another version.
    pub kind: &'static str,
    /// How often it was begun.
    pub attempts: u32,
    /// When it was given up.
    pub updated_at: String,
    /// Why the last attempt failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
}

/// What was put in line again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Redriven {
    /// So many jobs.
    redriven: usize,
}

impl DeadJob {
    /// What is known of it.
    pub(crate) fn of(record: JobRecord) -> Self {
        Self {
            job_id: record.id.to_string(),
            kind: match Payload::read(&record.payload) {
                Some(Payload::Cutout(_)) => "cutout",
                Some(Payload::Webhook(_)) => "webhook",
                None => "unknown",
            },
            attempts: record.attempts,
            updated_at: rfc3339(record.updated_at),
            error: record.failure.map(|why| JobError { code: why.code, detail: why.reason }),
        }
    }
}

/// Jobs that were given up, the latest first.
#[utoipa::path(
    get,
    path = "/v1/jobs/dead",
    tag = "jobs",
    params(("limit" = Option<usize>, Query, description = "1 to 1000; 100 by default")),
    responses(
        (status = 200, description = "The jobs", body = Dead),
        (status = 401, description = "`unauthorized`", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: for admins", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the queue does not answer", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn dead(request: HttpRequest, service: web::Data<Service>) -> Outcome<HttpResponse> {
    admin(&request, &service).await?;
    let mut query = Form::of_query(&request, &service.settings)?;
    let limit = match query.take("limit")? {
        None => LISTED.0,
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=LISTED.1).contains(limit))
            .ok_or_else(|| Failure::field(format!("`limit` is a number from 1 to {}", LISTED.1)))?,
    };
    query.finish()?;
    let dead = service.jobs()?.queue.dead(limit).await?;
    let jobs = dead.into_iter().map(DeadJob::of).collect();
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(Dead { jobs }))
}

/// Puts jobs in line again that were given up: the one that `job_id` names, or all.
#[utoipa::path(
    post,
    path = "/v1/jobs/dead/redrive",
    tag = "jobs",
    params(("job_id" = Option<String>, Query, description = "One job; all of them if absent")),
    responses(
        (status = 200, description = "How many", body = Redriven),
        (status = 400, description = "`invalid_field`", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "`unauthorized`", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: for admins", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the queue does not answer", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn redrive(
    request: HttpRequest,
    payload: web::Payload,
    service: web::Data<Service>,
) -> Outcome<HttpResponse> {
    let holder = admin(&request, &service).await?;
    let mut form = Form::read(&request, payload, &service.settings).await?;
    let id = form.take("job_id")?.map(|text| text.parse::<JobId>()).transpose();
    let id = id.map_err(|_| Failure::field("`job_id` is an id of a job"))?;
    form.finish()?;
    let redriven = service.jobs()?.queue.redrive(id).await?;
    tracing::info!(redriven, by = holder.id, "given-up jobs were put in line again");
    Ok(HttpResponse::Ok().json(Redriven { redriven }))
}
