//! `PUT /v1/uploads/{id}`: the picture of a job that was announced, by the URL that was signed for it.

use std::time::SystemTime;

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use clearcut::RemoveError;
use clearcut_image::{Limits, probe};
use clearcut_jobs::{JobId, JobState};
use secrecy::SecretString;

use crate::{
    failure::{Code, Failure, Outcome},
    form::Form,
    jobs::{CutoutJob, JobStatus, unknown},
    problem::Problem,
    routes::method_not_allowed,
    service::Service,
    trust::signature::Signer,
};

/// Id of the key that signs a single upload.
const KEY_OF_ONE: &str = "job";

/// Mounts the call.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/v1/uploads/{id}").route(web::put().to(put)).default_service(method_not_allowed("PUT")),
    );
}

/// The path of a job's upload, signed until its time is up. By the operator's key, or by one of its own, which the queue
/// keeps with the job: any server knows it, and none has to be told.
pub(super) fn signed_path(service: &Service, id: JobId, job: &CutoutJob) -> Outcome<String> {
    let path = format!("/v1/uploads/{id}");
    let expires = SystemTime::now() + service.settings.store.upload_ttl;
    Ok(match (&service.signer, own_signer(job)?) {
        (Some(signer), _) => signer.sign(&path, expires),
        (None, Some(signer)) => signer.sign(&path, expires),
        (None, None) => return Err(Failure::internal("an announced job has no secret")),
    })
}

fn own_signer(job: &CutoutJob) -> Outcome<Option<Signer>> {
    let Some(secret) = &job.upload_secret else { return Ok(None) };
    let key = SecretString::from(format!("{KEY_OF_ONE}:{secret}"));
    Signer::from_settings(&[key]).map_err(Failure::internal)
}

/// Takes the picture of an announced job; then the job goes in line.
///
/// The body is the picture itself. The URL is that of `upload_url`, signature and all; no key is needed.
#[utoipa::path(
    put,
    path = "/v1/uploads/{id}",
    tag = "jobs",
    params(
        ("id" = String, Path, description = "Of the job"),
        ("expires" = u64, Query, description = "From `upload_url`"),
        ("key" = String, Query, description = "From `upload_url`"),
        ("signature" = String, Query, description = "From `upload_url`"),
    ),
    request_body(content((Vec<u8> = "image/*"), (Vec<u8> = "application/octet-stream"))),
    responses(
        (status = 202, description = "The job is in line", body = JobStatus),
        (status = 400, description = "`empty_input`, `invalid_request`", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: the signature is not valid, or has expired", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`job_unknown`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`upload_taken`", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "`job_lost`, `job_expired`, `job_cancelled`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "`too_large`", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "`not_a_picture`, `unsupported_format`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`corrupt_picture`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`, `busy`", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "`store_full`", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn put(
    request: HttpRequest,
    payload: web::Payload,
    service: web::Data<Service>,
) -> Outcome<HttpResponse> {
    let jobs = service.jobs()?;
    let limit_bytes = service.settings.load.max_upload_bytes;
    let _place = service.room.admit(limit_bytes)?;
    let id: JobId = request.match_info().get("id").unwrap_or_default().parse().map_err(|_| unknown("job"))?;
    if let Some(signer) = &service.signer {
        verify(signer, &request)?;
    }
    let (record, job) = jobs.find(id).await?;
    if service.signer.is_none() {
        let signer = own_signer(&job)?.ok_or_else(|| taken(id))?;
        verify(&signer, &request)?;
    }
    match record.state {
        JobState::AwaitingUpload if !jobs.has_upload(id).await? => {}
        JobState::Cancelled => return Err(Failure::new(Code::JobCancelled, "the job was cancelled; announce another")),
        _ => return Err(taken(id)),
    }
    let announced: Option<u64> =
        request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|bytes| bytes > limit_bytes) {
        return Err(Form::too_large(limit_bytes));
    }
    let upload = Form::read_picture(&request, payload, &service.settings).await?;
    sniff(&upload.bytes, service.engine.limits())?;
    jobs.put_upload(id, upload.bytes).await?;
    // Where it was noticed in the meantime, it is in line all the same.
    jobs.queue.start(id).await?;
    let (record, job) = jobs.find(id).await?;
    Ok(HttpResponse::Accepted().json(JobStatus::of(&service, &record, &job)))
}

/// That bytes are a picture within the limits, as far as their beginning tells.
pub(super) fn sniff(bytes: &[u8], limits: &Limits) -> Outcome<()> {
    probe(bytes, limits).map(drop).map_err(|error| RemoveError::from(error).into())
}

fn verify(signer: &Signer, request: &HttpRequest) -> Outcome<()> {
    if signer.verify(request.path(), request.query_string(), SystemTime::now())? {
        return Ok(());
    }
    Err(Failure::new(Code::Forbidden, "this call is made with the whole `upload_url` of the job, its query included"))
}

fn taken(id: JobId) -> Failure {
    Failure::new(Code::UploadTaken, format!("the picture of the job {id} is here already; another one is another job"))
}
