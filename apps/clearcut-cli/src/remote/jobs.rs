//! The server's calls for work that it does in its own time: hand a picture in, ask how far it is, fetch the result.

use bytes::Bytes;
use clearcut_image::{Limits, probe};
use reqwest::{StatusCode, Url, header::HeaderMap};
use serde::Deserialize;

use crate::{
    exit::{Exit, Failure},
    remove::Fetched,
};

use super::{
    client::{Answer, Server},
    order::Order,
    problem::Problem,
};

/// Why a picture has no result.
#[derive(Debug)]
pub enum Trouble {
    /// It is about this picture; the others go on.
    Picture(Failure),
    /// It is about all of them: the run ends.
    Run(Failure),
}

/// How far a job is.
#[derive(Debug)]
pub enum Job {
    /// Not at its end.
    Working,
    /// Its result is at this address.
    Done(Url),
    /// It has none, and never will.
    Failed(Failure),
    /// The server does not know it any more. Names the cause.
    Gone(String),
}

/// What came from the address of a result.
#[derive(Debug)]
pub enum Download {
    /// The picture, and what is told of it.
    Whole(Bytes, Fetched),
    /// It is not there any more.
    Gone,
}

#[derive(Deserialize)]
struct Accepted {
    job_id: String,
}

#[derive(Deserialize)]
struct Told {
    status: Word,
    result_url: Option<String>,
    error: Option<Problem>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Done,
    Failed,
    Cancelled,
    /// Waiting in one way or another.
    #[serde(other)]
    Working,
}

/// Hands a picture in; the job's name.
pub async fn submit(server: &Server, order: &Order, picture: &Bytes) -> Result<String, Trouble> {
    let url = server.url(&["v1", "jobs"]);
    let answer = server.post(&url, |request| request.multipart(order.form(picture))).await.map_err(Trouble::Run)?;
    let status = answer.status;
    if status.is_success() {
        return match serde_json::from_slice::<Accepted>(&answer.body) {
            Ok(accepted) if !accepted.job_id.is_empty() => Ok(accepted.job_id),
            _ => Err(Trouble::Run(no_clearcut(server))),
        };
    }
    if let Some(to) = answer.location(&url) {
        let message = format!("{} sends us to {to}; give --remote the right address", server.address());
        return Err(Trouble::Run(Failure::new(Exit::Server, "redirected", message)));
    }
    match status {
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => {
            let message = format!(
                "{} takes no jobs (POST /v1/jobs answers {}); it is an older Clearcut server, one without a queue, or \
                 none at all",
                server.address(),
                status.as_u16()
            );
            Err(Trouble::Run(Failure::new(Exit::Server, "no_jobs", message)))
        }
        _ => Err(refused(server, &answer)),
    }
}

/// How far a job is.
pub async fn look(server: &Server, job_id: &str) -> Result<Job, Trouble> {
    let answer = server.get(&server.url(&["v1", "jobs", job_id])).await.map_err(Trouble::Run)?;
    if matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::GONE) {
        let Problem { code, .. } = Problem::of(&answer);
        return Ok(Job::Gone(if code.is_empty() { "job_unknown".to_owned() } else { code }));
    }
    if !answer.status.is_success() {
        return Err(refused(server, &answer));
    }
    let Ok(Told { status, result_url, error }) = serde_json::from_slice(&answer.body) else {
        return Err(Trouble::Run(no_clearcut(server)));
    };
    Ok(match status {
        Word::Working => Job::Working,
        Word::Done => match result_url.and_then(|address| server.resolve(&address)) {
            Some(url) => Job::Done(url),
            None => Job::Failed(Failure::new(Exit::Server, "no_result", "the server names no address of the result")),
        },
        Word::Failed => Job::Failed(error.unwrap_or_default().into_failure()),
        Word::Cancelled => Job::Failed(Failure::new(Exit::Server, "cancelled", "somebody cancelled it at the server")),
    })
}

/// Fetches a result.
pub async fn fetch(server: &Server, url: &Url, job_id: &str) -> Result<Download, Trouble> {
    let answer = server.get_file(url).await.map_err(Trouble::Run)?;
    match answer.status {
        StatusCode::OK => {}
        // A signed address may have run out as well.
        StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::FORBIDDEN => return Ok(Download::Gone),
        _ => return Err(refused(server, &answer)),
    }
    let header = probe(&answer.body, &Limits::default()).ok();
    let media_type = match &header {
        Some(header) => header.format.media_type().to_owned(),
        // A format that can be written and not read.
        None if answer.media_type().starts_with("image/") && !answer.body.is_empty() => answer.media_type().to_owned(),
        None => {
            let message = "what the server answered is no picture; is there a proxy that answers in its place?";
            return Err(Trouble::Picture(Failure::new(Exit::Server, "no_result", message)));
        }
    };
    let fetched = Fetched {
        bytes: answer.body.len(),
        media_type,
        width_px: header.as_ref().map(|header| header.width_px).or(number(&answer.headers, "x-width")),
        height_px: header.as_ref().map(|header| header.height_px).or(number(&answer.headers, "x-height")),
        key: text(&answer.headers, "x-cache-key").map(str::to_owned),
        job_id: job_id.to_owned(),
    };
    Ok(Download::Whole(answer.body, fetched))
}

/// An answer that ends the run, or this picture.
fn refused(server: &Server, answer: &Answer) -> Trouble {
    let problem = Problem::of(answer);
    match answer.status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            let message = format!(
                "{} refuses the call: {}; give a key as --api-key or CLEARCUT_API_KEY",
                server.address(),
                problem.detail
            );
            Trouble::Run(Failure::new(Exit::Server, "unauthorized", message))
        }
        _ if problem.is_about_the_plan() => {
            let Failure { code, message, .. } = problem.into_failure();
            let message = format!("{} does not take these options: {message}", server.address());
            Trouble::Run(Failure::new(Exit::Usage, code, message))
        }
        _ => Trouble::Picture(problem.into_failure()),
    }
}

fn no_clearcut(server: &Server) -> Failure {
    let message = format!("what {} answers is not what a Clearcut server says; check --remote", server.address());
    Failure::new(Exit::Server, "no_clearcut", message)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn number(headers: &HeaderMap, name: &str) -> Option<u32> {
    text(headers, name)?.parse().ok()
}
