//! `/v1/batch`: many pictures, one plan.

use std::time::SystemTime;

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use clearcut_jobs::{BatchId, JobId, Priority, Start};
use futures::{StreamExt as _, stream};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    jobs::{keep_background, may_see},
    openapi::PlanFields,
    order::Wish,
    origin::origin,
};
use crate::{
    failure::{Code, Failure, Outcome},
    form::{Arrived, Form},
    jobs::{Acceptance, CutoutJob, Input, JobStatus, Jobs, status_url, take_webhook, unknown},
    problem::Problem,
    routes::method_not_allowed,
    service::Service,
    trust::limits::Call,
    visit::{self, Visit},
};

/// Pictures of one batch.
const MAX_PICTURES: usize = 1_000;
/// Jobs of a page where the request names no number, and at most.
const PAGE: (usize, usize) = (100, 1_000);
/// Jobs of a page that are asked for at once.
const AT_ONCE: usize = 16;
/// Longest name of a file, in characters.
const MAX_NAME: usize = 255;

/// Mounts the calls.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/v1/batch").route(web::post().to(create)).default_service(method_not_allowed("POST")))
        .service(
            web::resource("/v1/batch/{id}").route(web::get().to(status)).default_service(method_not_allowed("GET")),
        );
}

/// A batch that was accepted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AcceptedBatch {
    /// Its name.
    batch_id: String,
    /// Where its status is.
    status_url: String,
    /// Its jobs, in the order of the pictures.
    jobs: Vec<AcceptedJob>,
}

/// A job of a batch that was accepted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AcceptedJob {
    /// Its name.
    job_id: String,
    /// Where its status is.
    status_url: String,
    /// The file's name, or the picture's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<String>,
}

/// A batch as its client sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchStatus {
    /// Its name.
    batch_id: String,
    /// `running` or `done`.
    status: &'static str,
    /// All its jobs.
    total: usize,
    /// Those that are done well.
    done: usize,
    /// Those that ended without a result, cancelled ones included.
    failed: usize,
    /// A page of its jobs, in the order of the pictures.
    jobs: Vec<JobStatus>,
    /// The next page, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_url: Option<String>,
}

/// What a multipart body holds.
#[derive(ToSchema)]
#[expect(dead_code, reason = "described, and read part by part")]
pub(crate) struct BatchForm {
    /// The pictures, one part for each.
    #[schema(value_type = Vec<String>, format = Binary)]
    image: Vec<String>,
}

/// What a JSON body holds, beside the plan's fields.
#[derive(ToSchema)]
#[expect(dead_code, reason = "described, and read field by field")]
pub(crate) struct BatchJson {
    /// Where the pictures are fetched from: http or https.
    image_urls: Vec<String>,
}

/// A picture that is in the store, or will be fetched.
struct Picture {
    id: JobId,
    input: Input,
    name: Option<String>,
}

/// Accepts many pictures with one plan: up to 1,000, each of which counts as a call.
///
/// The pictures are the parts `image` of a multipart form, or `image_urls` in JSON; the plan's fields stand beside them
/// or in the query. All are accepted, or none.
#[utoipa::path(
    post,
    path = "/v1/batch",
    tag = "jobs",
    params(
        PlanFields,
        ("webhook_url" = Option<String>, Query, description = "Told of each job that has ended, by a signed POST"),
    ),
    request_body(content((BatchForm = "multipart/form-data"), (BatchJson = "application/json"))),
    responses(
        (status = 202, description = "Accepted", body = AcceptedBatch),
        (status = 400, description = "`missing_image`, `invalid_request`, `invalid_field`, `invalid_plan`, `url_refused`", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "`unauthorized`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "`too_large`: one of the pictures", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "`rate_limited`, `quota_exceeded`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`queue_full`, `unavailable`, `busy`, `stopping`", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "`store_full`", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(request: HttpRequest, payload: web::Payload) -> Outcome<HttpResponse> {
    let visit = Visit::begin_many(&request, Call::Native).await?;
    let service = visit.service();
    let jobs = service.jobs()?;
    jobs.check_room(1).await?;
    let mut pictures = Vec::new();
    let accepted = match read(&visit, &request, payload, &mut pictures).await {
        Ok(form) => accept(&visit, &request, form, &mut pictures).await,
        Err(failure) => Err(failure),
    };
    match accepted {
        Ok(batch) => {
            Ok(HttpResponse::Accepted().insert_header((header::LOCATION, batch.status_url.clone())).json(batch))
        }
        Err(failure) => {
            // Those that were not enqueued are not known, and those that were are not wanted.
            jobs.take_back(pictures.into_iter().map(|picture| picture.id)).await;
            Err(failure)
        }
    }
}

/// Puts each picture into the store as it arrives.
async fn read(
    visit: &Visit,
    request: &HttpRequest,
    payload: web::Payload,
    pictures: &mut Vec<Picture>,
) -> Outcome<Form> {
    let jobs = visit.service().jobs()?;
    let take = async |arrived: Arrived| {
        let name = arrived.file_name.map(|name| name.chars().take(MAX_NAME).collect());
        let id = next_picture(visit, pictures, Input::Upload, name).await?;
        jobs.put_upload(id, arrived.upload.bytes).await
    };
    Form::read_each(request, payload, &visit.service().settings, MAX_PICTURES, take).await
}

/// Counts a picture, and gives it a name.
async fn next_picture(
    visit: &Visit,
    pictures: &mut Vec<Picture>,
    input: Input,
    name: Option<String>,
) -> Outcome<JobId> {
    if pictures.len() >= MAX_PICTURES {
        let detail = format!("a batch has at most {MAX_PICTURES} pictures; send the others in another one");
        return Err(Failure::new(Code::InvalidRequest, detail));
    }
    // The request itself counted as one.
    if !pictures.is_empty() {
        visit.count_picture().await?;
    }
    let id = JobId::new(SystemTime::now());
    pictures.push(Picture { id, input, name });
    Ok(id)
}

/// Enqueues a job for each picture.
async fn accept(
    visit: &Visit,
    request: &HttpRequest,
    mut form: Form,
    pictures: &mut Vec<Picture>,
) -> Outcome<AcceptedBatch> {
    let service = visit.service();
    let jobs = service.jobs()?;
    for url in form.take_image_urls() {
        service.fetcher.check_picture(&url)?;
        let name = url.chars().take(MAX_NAME).collect();
        next_picture(visit, pictures, Input::Url(url), Some(name)).await?;
    }
    let webhook_url = take_webhook(service, &mut form)?;
    let Wish { picture, background, plan } = Wish::take(form, None)?;
    if picture.is_some() || pictures.is_empty() {
        let detail = "send the pictures as parts `image` of a multipart form, or as the list `image_urls` in JSON";
        return Err(Failure::new(Code::MissingImage, detail));
    }
    jobs.check_room(pictures.len()).await?;
    let background = match background {
        Some(background) => Some(keep_background(visit, background).await?),
        None => None,
    };
    let batch = BatchId::new(SystemTime::now());
    let origin = origin(service, request);
    let mut accepted = Vec::with_capacity(pictures.len());
    for Picture { id, input, name } in pictures.iter() {
        let job = CutoutJob {
            input: input.clone(),
            plan: plan.clone(),
            background,
            owner: visit.holder.as_ref().map(|holder| holder.id.clone()),
            origin: origin.clone(),
            webhook_url: webhook_url.clone(),
            filename: name.clone(),
            upload_secret: None,
        };
        jobs.accept(Acceptance { id: *id, job, priority: Priority::Batch, batch: Some(batch), start: Start::Now })
            .await?;
        let status_url = status_url(&origin, id);
        accepted.push(AcceptedJob { job_id: id.to_string(), status_url, filename: name.clone() });
    }
    tracing::info!(batch.id = %batch, jobs = accepted.len(), "a batch was accepted");
    let status_url = format!("{origin}/v1/batch/{batch}");
    Ok(AcceptedBatch { batch_id: batch.to_string(), status_url, jobs: accepted })
}

/// How a batch is, and a page of its jobs.
#[utoipa::path(
    get,
    path = "/v1/batch/{id}",
    tag = "jobs",
    params(
        ("id" = String, Path, description = "From `batch_id`"),
        ("first" = Option<usize>, Query, description = "Jobs before the page; 0 by default"),
        ("limit" = Option<usize>, Query, description = "Jobs of the page, 0 to 1000; 100 by default"),
    ),
    responses(
        (status = 200, description = "Its status", body = BatchStatus),
        (status = 401, description = "`unauthorized`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`job_unknown`", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "`job_lost`, `job_expired`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the queue does not answer", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn status(request: HttpRequest, service: web::Data<Service>) -> Outcome<HttpResponse> {
    let holder = visit::authenticate(&request, &service)?;
    let id: BatchId = request.match_info().get("id").unwrap_or_default().parse().map_err(|_| unknown("batch"))?;
    let mut query = Form::of_query(&request, &service.settings)?;
    let first = number(&mut query, "first", 0, usize::MAX)?;
    let limit = number(&mut query, "limit", PAGE.0, PAGE.1)?;
    query.finish()?;
    let jobs = service.jobs()?;
    // One job tells whose batch it is.
    let record = jobs.find_batch(id, first, limit.max(1)).await?;
    let known = statuses(&service, jobs, &record.jobs, holder.as_deref()).await?;
    let next = first.saturating_add(limit);
    let next_url = (limit > 0 && next < record.total)
        .then(|| format!("{}/v1/batch/{id}?first={next}&limit={limit}", origin(&service, &request)));
    let status = BatchStatus {
        batch_id: id.to_string(),
        status: if record.done + record.failed >= record.total { "done" } else { "running" },
        total: record.total,
        done: record.done,
        failed: record.failed,
        jobs: known.into_iter().take(limit).collect(),
        next_url,
    };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(status))
}

/// What is known of a page's jobs. One that is forgotten before its batch is left out.
async fn statuses(
    service: &Service,
    jobs: &Jobs,
    ids: &[JobId],
    holder: Option<&crate::trust::keys::Holder>,
) -> Outcome<Vec<JobStatus>> {
    let found: Vec<_> = stream::iter(ids.iter().copied()).map(|id| jobs.find(id)).buffered(AT_ONCE).collect().await;
    let mut statuses = Vec::with_capacity(found.len());
    for found in found {
        match found {
            Ok((_, job)) if !may_see(job.owner.as_deref(), holder) => return Err(unknown("batch")),
            Ok((record, job)) => statuses.push(JobStatus::of(service, &record, &job)),
            Err(failure) if failure.code() == Code::Unavailable => return Err(failure),
            Err(_) => {}
        }
    }
    Ok(statuses)
}

fn number(query: &mut Form, name: &str, default: usize, largest: usize) -> Outcome<usize> {
    let Some(text) = query.take(name)? else { return Ok(default) };
    let number = text.parse().ok().filter(|number| *number <= largest);
    number.ok_or_else(|| Failure::field(format!("`{name}` is a number from 0 to {largest}")))
}
