//! Taking out of the store what is past its time.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use clearcut_store::Lifetimes;

use crate::service::Service;

/// Pause between two sweeps.
const PAUSE: Duration = Duration::from_hours(1);

/// Sweeps every hour until it is dropped. Servers that share a store sweep the same: what is gone is gone.
pub(super) async fn sweep(service: Arc<Service>) {
    loop {
        sweep_once(&service).await;
        tokio::time::sleep(PAUSE).await;
    }
}

async fn sweep_once(service: &Service) {
    let Some(jobs) = &service.jobs else { return };
    let settings = &service.settings.store;
    let lifetimes = Lifetimes { uploads: settings.upload_ttl, results: Some(settings.result_ttl) };
    match jobs.store.sweep(SystemTime::now(), lifetimes).await {
        Ok(report) if report.removed > 0 || report.failed > 0 => {
            tracing::info!(
                removed = report.removed,
                bytes = report.bytes,
                failed = report.failed,
                "the store was swept"
            );
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "the store cannot be swept; what is past its time stays for now"),
    }
}
