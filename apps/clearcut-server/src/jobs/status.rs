//! What a client is told of a job.

use clearcut_jobs::{JobRecord, JobState};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    moment::rfc3339,
    payload::{CutoutJob, Finished},
};
use crate::{
    native::origin::{picture_origin, signed},
    service::Service,
};

/// A job as its client sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobStatus {
    /// Its name.
    pub job_id: String,
    /// `awaiting_upload`, `queued`, `running`, `done`, `failed` or `cancelled`.
    #[schema(value_type = String, example = "running")]
    pub status: JobState,
    /// 0 to 100.
    pub progress: u8,
    /// For people.
    pub message: String,
    /// When any of this last changed.
    #[schema(example = "2026-11-28T09:30:00.125Z")]
    pub updated_at: String,
    /// How often it was begun.
    pub attempts: u32,
    /// Where this is found again.
    pub status_url: String,
    /// Where the picture is, once it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_url: Option<String>,
    /// What came of it, once it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Finished>,
    /// Why it failed, or why the last attempt did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
    /// What the client calls the picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// The batch that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_id: Option<String>,
}

/// Why a job failed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct JobError {
    /// The stable name of the cause.
    #[schema(example = "not_a_picture")]
    pub code: String,
    /// One sentence.
    pub detail: String,
}

/// Where a job's status is.
pub(crate) fn status_url(origin: &str, id: impl std::fmt::Display) -> String {
    format!("{origin}/v1/jobs/{id}")
}

/// Where a job's picture will be: the same address for as long as the job is known.
pub(crate) fn image_url(service: &Service, origin: &str, id: impl std::fmt::Display) -> String {
    format!("{}{}", picture_origin(service, origin), signed(service, format!("/v1/jobs/{id}/image")))
}

/// Where an object of the store is, such as `results/ab/abcd.png`.
pub(crate) fn result_url(service: &Service, origin: &str, object: &str) -> String {
    format!("{}{}", picture_origin(service, origin), signed(service, format!("/v1/{object}")))
}

impl JobStatus {
    /// What `record` says of `job`.
    pub(crate) fn of(service: &Service, record: &JobRecord, job: &CutoutJob) -> Self {
        let result: Option<Finished> = record.result.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let progress = record.progress.as_ref();
        let message = match record.state {
            JobState::AwaitingUpload => "waiting for its picture".to_owned(),
            JobState::Queued if record.attempts > 0 => "waiting for another attempt".to_owned(),
            JobState::Queued => "in line".to_owned(),
            JobState::Running => progress.map_or_else(|| "begun".to_owned(), |progress| progress.message.clone()),
            JobState::Done => "done".to_owned(),
            JobState::Failed => record.failure.as_ref().map_or_else(|| "failed".to_owned(), |why| why.reason.clone()),
            JobState::Cancelled => "cancelled".to_owned(),
        };
        let error = record.failure.as_ref().filter(|_| record.state != JobState::Done);
        Self {
            job_id: record.id.to_string(),
            status: record.state,
            progress: match record.state {
                JobState::AwaitingUpload => 0,
                JobState::Done => 100,
                _ => progress.map_or(0, |progress| progress.percent.min(100)),
            },
            message,
            updated_at: rfc3339(record.updated_at),
            attempts: record.attempts,
            status_url: status_url(&job.origin, record.id),
            result_url: result.as_ref().map(|result| result_url(service, &job.origin, &result.object)),
            result,
            error: error.map(|why| JobError { code: why.code.clone(), detail: why.reason.clone() }),
            filename: job.filename.clone(),
            batch_id: record.batch.map(|batch| batch.to_string()),
        }
    }
}
