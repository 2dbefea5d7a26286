//! `GET /v1/jobs/{id}/events`: a job's status as it changes, as server-sent events.

use std::{
    convert::Infallible,
    time::{Duration, SystemTime},
};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, ContentEncoding},
    web,
};
use bytes::Bytes;
use clearcut_jobs::{JobId, JobState, Progress};
use futures::stream;
use tokio::{sync::OwnedSemaphorePermit, time::Instant};

use super::find;
use crate::{
    failure::{Code, Failure, Outcome},
    jobs::JobStatus,
    problem::Problem,
    service::Service,
};

/// Pause between two looks at a job.
const PAUSE: Duration = Duration::from_millis(250);
/// After so long without news a line is sent that says nothing: proxies end connections that are silent.
const SILENCE: Duration = Duration::from_secs(15);

/// What of a job is news when it changes.
type Seen = (JobState, Option<Progress>, SystemTime);

struct Following {
    service: web::Data<Service>,
    id: JobId,
    seen: Option<Seen>,
    said: Instant,
    ended: bool,
    _place: OwnedSemaphorePermit,
}

/// A job's status whenever it changes, until the job has ended.
///
/// Each event is `status` with the same JSON as `GET /v1/jobs/{id}`; `error` with a problem where that would be one.
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}/events",
    tag = "jobs",
    params(("id" = String, Path, description = "From `job_id`")),
    responses(
        (status = 200, description = "Events", content((String = "text/event-stream"))),
        (status = 401, description = "`unauthorized`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`job_unknown`", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "`job_lost`, `job_expired`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`busy`: too many clients follow jobs; `unavailable`", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn events(request: HttpRequest, service: web::Data<Service>) -> Outcome<HttpResponse> {
    let (record, _) = find(&request, &service).await?;
    let followers = std::sync::Arc::clone(&service.jobs()?.followers);
    let place = followers
        .try_acquire_owned()
        .map_err(|_| Failure::new(Code::Busy, "too many clients follow jobs; ask for the status now and then"))?;
    let following = Following { service, id: record.id, seen: None, said: Instant::now(), ended: false, _place: place };
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        // Compressed, an event would wait for the next one.
        .insert_header(ContentEncoding::Identity)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(stream::unfold(following, Following::next)))
}

impl Following {
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        if self.ended {
            return None;
        }
        loop {
            if let Some(text) = self.look().await {
                self.said = Instant::now();
                return Some((Ok(text.into()), self));
            }
            // The client comes again, to another server.
            if self.service.room.is_closed() {
                return None;
            }
            if self.said.elapsed() >= SILENCE {
                self.said = Instant::now();
                return Some((Ok(Bytes::from_static(b":\n\n")), self));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// An event, if there is news.
    async fn look(&mut self) -> Option<String> {
        let found = match self.service.jobs() {
            Ok(jobs) => jobs.find(self.id).await,
            Err(failure) => Err(failure),
        };
        match found {
            Ok((record, job)) => {
                let now = (record.state, record.progress.clone(), record.updated_at);
                if self.seen.as_ref() == Some(&now) {
                    return None;
                }
                self.ended = record.state.is_final();
                self.seen = Some(now);
                Some(event("status", &JobStatus::of(&self.service, &record, &job)))
            }
            Err(failure) => {
                self.ended = true;
                Some(event("error", &Problem::from(&failure)))
            }
        }
    }
}

fn event(name: &str, data: &impl serde::Serialize) -> String {
    // JSON has no line breaks in it.
    let data = serde_json::to_string(data).expect("names, numbers and texts");
    format!("event: {name}\ndata: {data}\n\n")
}
