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

/// Jobs that this process works on at once: unless told otherwise one more than the engine has threads, which then need
/// not wait while the picture of one job is fetched or its result is stored.
pub(crate) fn at_once(service: &Service) -> NonZeroUsize {
    let ready = || NonZeroUsize::MIN.saturating_add(service.engine.threads());
    service.settings.jobs.workers.unwrap_or_else(ready)
}

#[cfg(test)]
mod tests {
    use clearcut::Engine;

    use super::*;
    use crate::settings::Settings;

    #[test]
    fn one_job_is_fetched_or_stored_while_each_thread_has_another() {
        let folder = tempfile::tempdir().unwrap();
        let jobs = |threads, workers| {
            let mut settings = Settings::default();
            settings.access.keys_file = folder.path().join("keys.toml");
            settings.jobs.workers = NonZeroUsize::new(workers);
            let engine = Engine::builder().threads(NonZeroUsize::new(threads).unwrap()).build().unwrap();
            at_once(&Service::new(engine, settings).unwrap()).get()
        };
        assert_eq!(jobs(2, 0), 3);
        assert_eq!(jobs(2, 1), 1, "where the setting says so");
    }
}
