//! One attempt at a cut-out: fetch, cut out, store.

use std::time::Instant;

use bytes::Bytes;
use clearcut_jobs::{JobId, ProgressSender, WorkError};

use super::{
    Jobs,
    payload::{CutoutJob, Finished, Input},
};
use crate::{
    failure::{Code, Failure},
    service::Service,
};

/// A picture's host that gives none may be down for a moment: so often it is asked.
const FETCHES: u32 = 3;

/// Makes the cut-out of a job. This is attempt `attempt`, counted from 1.
///
/// # Errors
///
/// Lasting where the picture or the request is to blame, transient where the store, the queue or the server is.
pub(super) async fn cut(
    service: &Service,
    id: JobId,
    job: &CutoutJob,
    attempt: u32,
    progress: &ProgressSender,
) -> Result<Finished, WorkError> {
    let jobs = service.jobs().map_err(failed)?;
    progress.send(5, "fetching the picture");
    let picture = picture(service, jobs, id, job, attempt).await?;
    let background = match job.background {
        Some(background) => Some(upload(service, jobs, background).await?),
        None => None,
    };
    progress.send(20, "cutting the subject out");
    let began = Instant::now();
    let result = service.engine.remove(picture, &job.plan_with(background)).await;
    service.metrics.cut_out(&result, began.elapsed());
    let cutout = result.map_err(|error| {
        let code = error.kind().code();
        if error.kind().is_lasting() { WorkError::lasting(code, error) } else { WorkError::transient(code, error) }
    })?;
    progress.send(90, "storing the result");
    let stored = jobs.store.put_result(cutout.bytes.clone(), &cutout.media_type).await;
    let object = stored.map_err(|error| failed(error.into()))?;
    Ok(Finished::new(&cutout, object.to_string()))
}

async fn picture(service: &Service, jobs: &Jobs, id: JobId, job: &CutoutJob, attempt: u32) -> Result<Bytes, WorkError> {
    match &job.input {
        Input::Upload => upload(service, jobs, id).await,
        Input::Url(url) => {
            let fetched = service.fetcher.fetch(url, service.settings.load.max_upload_bytes).await;
            fetched.map_err(|failure| match failure.code() {
                code @ Code::UrlFailed if attempt < FETCHES => WorkError::transient(code.as_str(), failure),
                _ => failed(failure),
            })
        }
    }
}

async fn upload(service: &Service, jobs: &Jobs, id: JobId) -> Result<Bytes, WorkError> {
    let upload = jobs.upload(id, service.settings.load.max_upload_bytes).await.map_err(failed)?;
    upload.ok_or_else(|| {
        WorkError::lasting("upload_missing", "the uploaded picture is not there any more; send it again")
    })
}

/// What the server is to blame for may pass; everything else stays as it is.
fn failed(failure: Failure) -> WorkError {
    let code = failure.code();
    if code.status().is_server_error() {
        WorkError::transient(code.as_str(), failure)
    } else {
        WorkError::lasting(code.as_str(), failure)
    }
}
