//! How the queue and the store of jobs are.

use serde::Serialize;
use utoipa::ToSchema;

use crate::service::Service;

/// The queue and the store of jobs.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JobHealth {
    /// `memory` or `redis`.
    pub queue: &'static str,
    /// Why it does not answer, in a word; the log says more.
    pub queue_error: Option<String>,
    /// Jobs in line, waiting for their next attempt included.
    pub queued: Option<usize>,
    /// Jobs in workers' hands.
    pub running: Option<usize>,
    /// Jobs that wait for their pictures.
    pub awaiting: Option<usize>,
    /// Jobs that were given up.
    pub dead: Option<usize>,
    /// `folder`, `s3`, `azure`, `gcs`.
    pub store: &'static str,
    /// Why it does not answer, in a word; the log says more.
    pub store_error: Option<String>,
}

impl JobHealth {
    /// Asks both; `None` where there are none.
    pub(super) async fn look(service: &Service) -> Option<Self> {
        let jobs = service.jobs.as_ref()?;
        let (depth, store) = tokio::join!(jobs.depth(), jobs.probe_store());
        let known = depth.as_ref().ok().copied();
        Some(Self {
            queue: jobs.queue_name,
            queued: known.map(|depth| depth.interactive + depth.batch + depth.delayed),
            running: known.map(|depth| depth.running),
            awaiting: known.map(|depth| depth.awaiting),
            dead: known.map(|depth| depth.dead),
            queue_error: depth.err(),
            store: jobs.store.name(),
            store_error: store.err(),
        })
    }
}
