//! Telling somebody that a job has ended: signed, and at least once.

use std::{
    fmt::Write as _,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use clearcut_jobs::{EnqueueOutcome, JobId, JobRecord, JobState, NewJob, Start, WorkError};
use ring::hmac;
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    Jobs,
    payload::{CutoutJob, Payload, Webhook},
    status::JobStatus,
};
use crate::{
    failure::{Code, Failure, Outcome},
    form::Form,
    service::Service,
    trust::fetch::Undelivered,
};

/// A receiver that asks for the job at once shall find it ended: so long that is waited for.
const SETTLED_BY_THEN: Duration = Duration::from_secs(1);
const LOOK_AGAIN: Duration = Duration::from_millis(25);

/// Takes the field `webhook_url` out of a request.
///
/// # Errors
///
/// [`Code::InvalidField`] where no key for webhooks is configured, and [`Code::UrlRefused`].
pub(crate) fn take(service: &Service, form: &mut Form) -> Outcome<Option<String>> {
    let Some(url) = form.take("webhook_url")? else { return Ok(None) };
    if service.settings.jobs.webhook_key.is_none() {
        return Err(Failure::field("`webhook_url`: this server sends no webhooks; its operator sets jobs.webhook_key"));
    }
    service
        .fetcher
        .check(&url)
        .map_err(|failure| Failure::new(Code::UrlRefused, format!("`webhook_url`: {}", failure.detail())))?;
    Ok(Some(url))
}

/// Puts a message in line that tells how the job of `record` ended: with `result`, which is not written yet.
pub(super) async fn announce(
    service: &Service,
    jobs: &Jobs,
    mut record: JobRecord,
    job: &CutoutJob,
    result: &Result<String, WorkError>,
) {
    let Some(url) = job.webhook_url.clone() else { return };
    match result {
        Ok(result) => {
            record.state = JobState::Done;
            record.result = Some(result.clone());
            record.failure = None;
        }
        Err(error) => {
            record.state = JobState::Failed;
            record.failure = Some(error.clone().into_failure());
        }
    }
    let now = SystemTime::now();
    record.updated_at = now;
    let body = serde_json::to_string(&JobStatus::of(service, &record, job)).expect("names, numbers and texts");
    let webhook = Webhook { job: record.id, url, body };
    let new = NewJob::new(JobId::new(now), Payload::Webhook(webhook.clone()).to_bytes());
    let reason = match jobs.queue.enqueue(new, Start::Now).await {
        Ok(EnqueueOutcome::Full { .. }) => "the queue is full".to_owned(),
        Ok(_) => return,
        Err(error) => error.to_string(),
    };
    // Once, and now or never.
    tracing::warn!(reason, job.id = %record.id, "a webhook is sent without a second try");
    let _ = deliver(service, jobs, &webhook, u32::MAX).await;
}

/// Sends a message; this is attempt `attempt`, counted from 1.
///
/// # Errors
///
/// Transient for as long as the message may be tried again.
pub(super) async fn deliver(
    service: &Service,
    jobs: &Jobs,
    webhook: &Webhook,
    attempt: u32,
) -> Result<String, WorkError> {
    let settings = &service.settings.jobs;
    let Some(key) = &settings.webhook_key else {
        let reason = "the server has no key for webhooks any more: jobs.webhook_key";
        return Err(WorkError::lasting("webhook_unsigned", reason));
    };
    if attempt == 1 {
        wait_until_settled(jobs, webhook.job).await;
    }
    let signature = sign(key, &webhook.body, SystemTime::now());
    let sent = service.fetcher.deliver(&webhook.url, webhook.body.clone(), &signature, settings.webhook_timeout).await;
    service.metrics.webhook(sent.is_ok());
    match sent {
        Ok(status) => Ok(format!("{{\"status\":{status}}}")),
        Err(Undelivered { lasting, reason }) if lasting || attempt >= settings.webhook_attempts => {
            Err(WorkError::lasting("webhook_failed", reason))
        }
        Err(Undelivered { reason, .. }) => Err(WorkError::transient("webhook_failed", reason)),
    }
}

async fn wait_until_settled(jobs: &Jobs, id: JobId) {
    let settled = async {
        while let Ok(Some(record)) = jobs.queue.job(id).await {
            if record.state.is_final() {
                return;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    let _ = tokio::time::timeout(SETTLED_BY_THEN, settled).await;
}

/// The header's value: `t=<unix seconds>,v1=<hex of HMAC-SHA256 of "t.body">`.
fn sign(key: &SecretString, body: &str, now: SystemTime) -> String {
    let t = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose_secret().as_bytes());
    let mut text = format!("t={t},v1=");
    for byte in hmac::sign(&key, format!("{t}.{body}").as_bytes()).as_ref() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_time_and_body() {
        // Computed with Python's hmac: hmac.new(b"0123456789abcdef", b'60.{"a":1}', "sha256").
        let signed = sign(&SecretString::from("0123456789abcdef"), "{\"a\":1}", UNIX_EPOCH + Duration::from_mins(1));
        assert_eq!(signed, "t=60,v1=f50ef04b41d011e6a83f9214c3a794ad335911f079dac19aea9e8fd9f7b11b7e");
    }
}
