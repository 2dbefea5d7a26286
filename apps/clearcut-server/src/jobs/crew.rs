//! Everything that goes on beside requests: workers, the watcher of uploads, the sweep.

use std::{num::NonZeroUsize, sync::Arc};

use clearcut_jobs::{JobQueue, WorkerOptions, Workers};
use tokio::task::JoinSet;

use super::{janitor::Janitor, sweeping, watching, work::ServiceWork};
use crate::service::Service;

/// What was started. It ends when told to, or when dropped.
#[derive(Debug)]
pub(crate) struct Crew {
    workers: Option<Workers>,
    /// Ended when dropped: none of them holds anything that is not written.
    beside: JoinSet<()>,
}

impl Crew {
    /// Starts what the service needs: nothing where there are no jobs, and no workers unless `with_workers`.
    pub(crate) fn start(service: &Arc<Service>, with_workers: bool) -> Self {
        let mut beside = JoinSet::new();
        let Some(jobs) = &service.jobs else { return Self { workers: None, beside } };
        beside.spawn(watching::watch(Arc::clone(service)));
        beside.spawn(sweeping::sweep(Arc::clone(service)));
        let workers = with_workers.then(|| {
            let (janitor, tidying) = Janitor::new(Arc::clone(service));
            beside.spawn(tidying);
            let mut options = WorkerOptions::new(at_once(service));
            options.lease = service.settings.jobs.lease;
            options.drain = service.settings.listen.drain_timeout;
            let queue: Arc<dyn JobQueue> = Arc::clone(&jobs.queue) as Arc<dyn JobQueue>;
            Workers::start(queue, Arc::new(ServiceWork { service: Arc::clone(service), janitor }), options)
        });
        Self { workers, beside }
    }

    /// Takes on no more jobs, waits for those in hand for `listen.drain_timeout`, and gives the others back.
    pub(crate) async fn stop(self) {
        let Self { workers, beside } = self;
        if let Some(workers) = workers {
            workers.stop().await;
        }
        drop(beside);
    }
}

/// Jobs that this process works on at once: unless told otherwise one more than the engine has threads, so that these
/// need not wait while a result is written.
pub(crate) fn at_once(service: &Service) -> NonZeroUsize {
    let ready = || NonZeroUsize::MIN.saturating_add(service.engine.threads());
    service.settings.jobs.workers.unwrap_or_else(ready)
}
