//! `/v1/jobs`: cut-outs that are made after the answer.

pub(crate) mod dead;
pub(crate) mod events;

use std::{collections::BTreeMap, time::SystemTime};

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use clearcut_jobs::{CancelOutcome, JobId, JobRecord, JobState, Start};
use clearcut_store::ObjectName;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    openapi::{CutoutForm, CutoutJson, PlanFields},
    order::{Given, Wish},
    origin::origin,
    renditions::{Asker, admit},
    results, uploads,
};
use crate::{
    failure::{Code, Failure, Outcome},
    jobs::{
        Acceptance, CutoutJob, Finished, Input, JobStatus, image_url, status_url, take_priority, take_webhook, unknown,
    },
    problem::Problem,
    routes::method_not_allowed,
    service::Service,
    trust::{keys::Role, limits::Call},
    visit::{self, Visit},
};

/// Mounts the calls.
pub fn routes(config: &mut web::ServiceConfig) {
    dead::routes(config);
    config
        .service(web::resource("/v1/jobs").route(web::post().to(create)).default_service(method_not_allowed("POST")))
        .service(
            web::resource("/v1/jobs/{id}")
                .route(web::get().to(status))
                .route(web::delete().to(cancel))
                .default_service(method_not_allowed("GET, DELETE")),
        )
        .service(
            web::resource("/v1/jobs/{id}/events")
                .route(web::get().to(events::events))
                .default_service(method_not_allowed("GET")),
        )
        .service(
            web::resource("/v1/jobs/{id}/image")
                .route(web::get().to(image))
                .route(web::head().to(image))
                .default_service(method_not_allowed("GET, HEAD")),
        );
}

/// A job that was accepted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Accepted {
    /// Its name.
    job_id: String,
    /// Where its status is.
    status_url: String,
    /// Where its picture is to be put, with the verb PUT, if none came with the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    upload_url: Option<String>,
    /// Headers that the upload must have.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    upload_headers: BTreeMap<&'static str, &'static str>,
    /// Where the cut-out will be.
    image_url: String,
}

/// Accepts a picture whose cut-out is made later, or announces one.
///
/// The picture and the plan come as in `POST /v1/cutouts`, but for the format: without `format` it is PNG. Without a
/// picture the answer has an `upload_url`; the upload starts the job. `webhook_url` is told when the job has ended.
#[utoipa::path(
    post,
    path = "/v1/jobs",
    tag = "jobs",
    params(
        PlanFields,
        ("webhook_url" = Option<String>, Query, description = "Told when the job has ended, by a signed POST"),
        ("priority" = Option<String>, Query, description = "`interactive`, or `batch` for what nobody waits for: it lets the others go first"),
    ),
    request_body(content(
        (CutoutForm = "multipart/form-data"),
        (CutoutJson = "application/json"),
        (Vec<u8> = "application/octet-stream"),
        (Vec<u8> = "image/*"),
    )),
    responses(
        (status = 202, description = "Accepted", body = Accepted),
        (status = 400, description = "`invalid_request`, `invalid_field`, `invalid_plan`, `url_refused`", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "`unauthorized`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "`too_large`", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "`not_a_picture`, `unsupported_format`", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "`rate_limited`, `quota_exceeded`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`queue_full`, `unavailable`, `busy`, `stopping`", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "`store_full`", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(request: HttpRequest, payload: web::Payload) -> Outcome<HttpResponse> {
    let visit = Visit::begin(&request, Call::Native).await?;
    let service = visit.service();
    let jobs = service.jobs()?;
    let mut form = visit.read(&request, payload).await?;
    let webhook_url = take_webhook(service, &mut form)?;
    let priority = take_priority(&mut form)?;
    let Wish { picture, background, plan } = Wish::take(form, None)?;
    jobs.check_room(1).await?;

    let id = JobId::new(SystemTime::now());
    let mut job = CutoutJob {
        input: Input::Upload,
        plan,
        background: None,
        owner: visit.holder.as_ref().map(|holder| holder.id.clone()),
        origin: origin(service, &request),
        webhook_url,
        filename: None,
        upload_secret: None,
    };
    if let Some(background) = background {
        job.background = Some(keep_background(&visit, background).await?);
    }
    let mut start = Start::Now;
    match picture {
        Some(Given::Here(upload)) => {
            uploads::sniff(&upload.bytes, service.engine.limits())?;
            jobs.put_upload(id, upload.bytes).await?;
        }
        Some(Given::Behind(url)) => {
            service.fetcher.check_picture(&url)?;
            job.input = Input::Url(url);
        }
        None => {
            start = Start::WhenUploaded;
            job.upload_secret = Some(Uuid::new_v4().simple().to_string());
        }
    }
    let (mut upload_url, mut upload_headers) = (None, BTreeMap::new());
    if start == Start::WhenUploaded {
        upload_url = jobs.direct_upload_url(id, &service.settings.store).await?;
        if upload_url.is_none() {
            upload_url = Some(format!("{}{}", job.origin, uploads::signed_path(service, id, &job)?));
        } else {
            upload_headers.extend(jobs.store.upload_headers().iter().copied());
        }
    }
    let accepted = Accepted {
        job_id: id.to_string(),
        status_url: status_url(&job.origin, id),
        upload_url,
        upload_headers,
        image_url: image_url(service, &job.origin, id),
    };
    let (background, is_uploaded) = (job.background, job.input == Input::Upload && start == Start::Now);
    if let Err(failure) = jobs.accept(Acceptance { id, job, priority, batch: None, start }).await {
        for id in is_uploaded.then_some(id).into_iter().chain(background) {
            jobs.remove_upload(id).await;
        }
        return Err(failure);
    }
    Ok(HttpResponse::Accepted().insert_header((header::LOCATION, accepted.status_url.clone())).json(accepted))
}

/// Keeps a picture that stands behind the subject, under an id of its own. It goes with the daily sweep: several jobs
/// may need it.
pub(super) async fn keep_background(visit: &Visit, background: Given) -> Outcome<JobId> {
    let upload = background.upload(visit).await?;
    uploads::sniff(&upload.bytes, visit.service().engine.limits())?;
    let id = JobId::new(SystemTime::now());
    visit.service().jobs()?.put_upload(id, upload.bytes).await?;
    Ok(id)
}

/// How a job is.
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}",
    tag = "jobs",
    params(("id" = String, Path, description = "From `job_id`")),
    responses(
        (status = 200, description = "Its status", body = JobStatus),
        (status = 401, description = "`unauthorized`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`job_unknown`", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "`job_lost`, `job_expired`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the queue does not answer", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn status(request: HttpRequest, service: web::Data<Service>) -> Outcome<HttpResponse> {
    let (record, job) = find(&request, &service).await?;
    Ok(say(&JobStatus::of(&service, &record, &job)))
}

/// Leaves a job undone. One that runs stops soon.
#[utoipa::path(
    delete,
    path = "/v1/jobs/{id}",
    tag = "jobs",
    params(("id" = String, Path, description = "From `job_id`")),
    responses(
        (status = 200, description = "It is cancelled", body = JobStatus),
        (status = 401, description = "`unauthorized`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`job_unknown`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`job_ended`: done or failed before", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "`job_lost`, `job_expired`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the queue does not answer", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn cancel(request: HttpRequest, service: web::Data<Service>) -> Outcome<HttpResponse> {
    let (record, job) = find(&request, &service).await?;
    let jobs = service.jobs()?;
    match jobs.queue.cancel(record.id).await? {
        CancelOutcome::Cancelled | CancelOutcome::Ended(JobState::Cancelled) => {
            if job.input == Input::Upload {
                jobs.remove_upload(record.id).await;
            }
            let (record, job) = jobs.find(record.id).await?;
            Ok(say(&JobStatus::of(&service, &record, &job)))
        }
        CancelOutcome::Ended(_) => Err(Failure::new(Code::JobEnded, "the job has ended; its status says how")),
        CancelOutcome::Unknown => Err(unknown("job")),
    }
}

/// The cut-out of a job that is done. The address is the same from the start, so it can be given out before.
#[utoipa::path(
    method(get, head),
    path = "/v1/jobs/{id}/image",
    tag = "jobs",
    params(("id" = String, Path, description = "From `job_id`")),
    responses(
        (status = 200, description = "The picture", content((Vec<u8> = "image/png"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/webp"))),
        (status = 304, description = "The client has it already"),
        (status = 401, description = "`unauthorized`", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: the signature is not valid, or has expired", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`job_unknown`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`job_not_done`", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "`job_lost`, `job_expired`, `job_cancelled`, `result_expired`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`job_failed`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn image(request: HttpRequest, service: web::Data<Service>) -> Outcome<HttpResponse> {
    let asker = admit(&request, &service).await?;
    let (record, job) = service.jobs()?.find(id(&request)?).await?;
    if let Asker::Holder(holder) = asker
        && !may_see(job.owner.as_deref(), Some(&holder))
    {
        return Err(unknown("job"));
    }
    let name = match record.state {
        JobState::Done => {
            let finished: Option<Finished> = record.result.as_deref().and_then(|text| serde_json::from_str(text).ok());
            finished.and_then(|finished| ObjectName::parse(&finished.object).ok())
        }
        JobState::Failed => {
            let why = record.failure.map_or_else(String::new, |why| format!(": {} ({})", why.reason, why.code));
            return Err(Failure::new(Code::JobFailed, format!("the job failed{why}")));
        }
        JobState::Cancelled => return Err(Failure::new(Code::JobCancelled, "the job was cancelled; send another")),
        JobState::AwaitingUpload | JobState::Queued | JobState::Running => {
            return Err(Failure::new(Code::JobNotDone, "the job is not done yet; its status says how far it is"));
        }
    };
    let name = name.ok_or_else(|| Failure::internal(format_args!("job {} has no result", record.id)))?;
    results::answer(&request, &service, &name).await
}

/// The job that a request names, if its client may see it. One whose picture has come past this server is put in line.
async fn find(request: &HttpRequest, service: &Service) -> Outcome<(JobRecord, CutoutJob)> {
    let holder = visit::authenticate(request, service)?;
    let id = id(request)?;
    let jobs = service.jobs()?;
    let (record, job) = jobs.find(id).await?;
    if !may_see(job.owner.as_deref(), holder.as_deref()) {
        return Err(unknown("job"));
    }
    if record.state == JobState::AwaitingUpload && jobs.notice_upload(id).await? {
        return jobs.find(id).await;
    }
    Ok((record, job))
}

/// A job is seen by the key that asked for it, and by admins. One that was asked for without a key, by all who know it.
pub(super) fn may_see(owner: Option<&str>, holder: Option<&crate::trust::keys::Holder>) -> bool {
    owner.is_none_or(|owner| holder.is_some_and(|holder| holder.id == owner || holder.role == Role::Admin))
}

fn id(request: &HttpRequest) -> Outcome<JobId> {
    request.match_info().get("id").unwrap_or_default().parse().map_err(|_| unknown("job"))
}

fn say(status: &JobStatus) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(status)
}
