//! Noticing uploads that were made to the store itself, past every server.

use std::{sync::Arc, time::Duration};

use clearcut_jobs::JobId;
use futures::{StreamExt as _, stream};

use crate::service::Service;

/// Pause between two looks.
const PAUSE: Duration = Duration::from_secs(2);
/// Jobs that are looked at each time; where more of them wait, they take turns.
const LOOKED_AT: usize = 256;
/// Of these at once.
const AT_ONCE: usize = 8;

/// Puts jobs in line whose pictures have come, until it is dropped.
pub(super) async fn watch(service: Arc<Service>) {
    let mut turn = 0;
    loop {
        tokio::time::sleep(PAUSE).await;
        let waiting = waiting(&service).await;
        if waiting.is_empty() {
            continue;
        }
        turn %= waiting.len();
        let these: Vec<JobId> = waiting.iter().cycle().skip(turn).take(LOOKED_AT.min(waiting.len())).copied().collect();
        turn += these.len();
        stream::iter(these).for_each_concurrent(AT_ONCE, |id| look(&service, id)).await;
    }
}

async fn waiting(service: &Service) -> Vec<JobId> {
    let Some(jobs) = &service.jobs else { return Vec::new() };
    // A queue that is down is said by those who ask it for something.
    jobs.queue.awaiting(service.settings.jobs.max_queued).await.unwrap_or_default()
}

async fn look(service: &Service, id: JobId) {
    let Some(jobs) = &service.jobs else { return };
    match jobs.notice_upload(id).await {
        Ok(true) => tracing::debug!(job.id = %id, "its picture has come"),
        Ok(false) => {}
        Err(failure) => tracing::debug!(%failure, job.id = %id, "cannot see whether its picture has come"),
    }
}
