//! What the scripts answer, read.

use std::{
    collections::HashMap,
    fmt::Display,
    str::FromStr,
    time::{Duration, UNIX_EPOCH},
};

use bytes::Bytes;
use clearcut_jobs::{
    BatchRecord, Claim, Failure, JobId, JobRecord, JobState, Lease, NewJob, Priority, Progress, QueueError,
};
use serde::{Deserialize, de::value};

use crate::error::corrupt;

/// What a claim came to.
#[derive(Debug)]
pub(crate) enum Claimed {
    /// A job.
    Job(Claim),
    /// Nothing is in line; something is due after this, if anything is.
    Nothing(Option<Duration>),
}

/// How a progress is kept, for others to read too.
#[derive(Deserialize)]
struct StoredProgress {
    progress: u8,
    message: String,
}

pub(crate) fn claimed(reply: &[Bytes]) -> Result<Claimed, QueueError> {
    match reply {
        [job, id, token, payload, line, batch, attempt] if job == "job" => {
            let lease = Lease { job: parse("a job's id", id)?, token: text("a lease", token)?.to_owned() };
            let batch = if batch.is_empty() { None } else { Some(parse("a batch's id", batch)?) };
            let attempt = parse("attempts", attempt)?;
            Ok(Claimed::Job(Claim::new(lease, payload.to_vec(), word("a priority", line)?, batch, attempt)))
        }
        [none, due_ms] if none == "none" && due_ms.is_empty() => Ok(Claimed::Nothing(None)),
        [none, due_ms] if none == "none" => Ok(Claimed::Nothing(Some(Duration::from_millis(parse("a time", due_ms)?)))),
        _ => Err(corrupt("a claim", format!("{} parts", reply.len()))),
    }
}

/// Reads names and values; `None` if there are none.
pub(crate) fn job(reply: &[Bytes]) -> Result<Option<JobRecord>, QueueError> {
    if reply.is_empty() {
        return Ok(None);
    }
    let fields: HashMap<&[u8], &Bytes> = reply.chunks_exact(2).map(|pair| (pair[0].as_ref(), &pair[1])).collect();
    let find = |name: &str| fields.get(name.as_bytes()).copied();
    let get = |name: &str| find(name).ok_or_else(|| corrupt(name, "it is missing"));

    let mut job = NewJob::new(parse("a job's id", get("id")?)?, get("payload")?.to_vec());
    job.priority = word::<Priority>("a priority", get("priority")?)?;
    job.batch = find("batch").map(|batch| parse("a batch's id", batch)).transpose()?;
    let state = state(get("state")?)?;
    let updated_at = UNIX_EPOCH + Duration::from_millis(parse("a time", get("updated_at")?)?);

    let mut record = JobRecord::accepted(job, state, updated_at);
    record.attempts = parse("attempts", get("attempts")?)?;
    record.result = find("result").map(|result| text("a result", result).map(str::to_owned)).transpose()?;
    record.progress = find("progress").map(progress).transpose()?;
    if let (Some(code), Some(reason)) = (find("failure_code"), find("failure_reason")) {
        let [code, reason] = [text("a failure", code)?, text("a failure", reason)?].map(str::to_owned);
        record.failure = Some(Failure { code, reason });
    }
    Ok(Some(record))
}

pub(crate) fn batch(reply: &[Bytes]) -> Result<Option<BatchRecord>, QueueError> {
    let [total, done, failed, jobs @ ..] = reply else { return Ok(None) };
    let [total, done, failed] = [parse("a count", total)?, parse("a count", done)?, parse("a count", failed)?];
    Ok(Some(BatchRecord::new(ids(jobs)?, total, done, failed)))
}

pub(crate) fn ids(reply: &[Bytes]) -> Result<Vec<JobId>, QueueError> {
    reply.iter().map(|id| parse("a job's id", id)).collect()
}

pub(crate) fn state(state: &Bytes) -> Result<JobState, QueueError> {
    word("a state", state)
}

/// Reads what [`FromStr`] does.
pub(crate) fn parse<T: FromStr<Err: Display>>(what: &str, bytes: &Bytes) -> Result<T, QueueError> {
    text(what, bytes)?.parse().map_err(|error| corrupt(what, error))
}

fn progress(json: &Bytes) -> Result<Progress, QueueError> {
    let stored: StoredProgress = serde_json::from_slice(json).map_err(|error| corrupt("a progress", error))?;
    Ok(Progress { percent: stored.progress, message: stored.message })
}

/// Reads the word that serde writes for a variant.
fn word<'a, T: Deserialize<'a>>(what: &str, bytes: &'a Bytes) -> Result<T, QueueError> {
    let word = value::BorrowedStrDeserializer::<value::Error>::new(text(what, bytes)?);
    T::deserialize(word).map_err(|error| corrupt(what, error))
}

fn text<'a>(what: &str, bytes: &'a Bytes) -> Result<&'a str, QueueError> {
    std::str::from_utf8(bytes).map_err(|error| corrupt(what, error))
}
