//! The queue and the store of jobs.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context as _, Result};
use clearcut_cache_redis::{RedisConfig, RedisConnection};
use clearcut_jobs::{MemoryQueue, Queue, QueueOptions, SystemClock};
use clearcut_jobs_redis::RedisQueue;
use clearcut_store::{Store, StoreConfig};
use secrecy::ExposeSecret as _;

use crate::{
    Settings,
    jobs::Jobs,
    settings::{QueueKind, StoreSettings},
};

/// The queue and the store, opened.
#[derive(Debug)]
pub(super) struct OpenedJobs {
    queue: Arc<dyn Queue>,
    name: &'static str,
    store: Store,
}

impl OpenedJobs {
    /// Opens what the settings name; `None` where nothing is configured and there is no folder to be had.
    pub(super) async fn open(settings: &Settings, redis: Option<&RedisConnection>) -> Result<Option<Self>> {
        let Some(store) = open_store(settings)? else { return Ok(None) };
        let redis = match settings.jobs.queue {
            QueueKind::Memory => None,
            QueueKind::Auto => redis,
            QueueKind::Redis => Some(redis.context("jobs.queue is redis, and cache.redis_url is not set")?),
        };
        let (queue, name): (Arc<dyn Queue>, _) = match redis {
            Some(redis) => {
                if store.name() == "folder" {
                    tracing::info!(
                        "jobs are shared through Redis, and their pictures lie in a folder: servers and workers on \
                         other machines need the same folder, or store.url"
                    );
                }
                (Arc::new(RedisQueue::open(redis, options(settings)).await), "redis")
            }
            None => (Arc::new(MemoryQueue::new(options(settings), Arc::new(SystemClock))), "memory"),
        };
        Ok(Some(Self { queue, name, store }))
    }

    /// The jobs of a service.
    pub(super) fn jobs(&self, settings: &Settings) -> Jobs {
        Jobs::new(Arc::clone(&self.queue), self.name, self.store.clone(), settings)
    }
}

/// The queue that servers and workers share, for commands.
pub(super) async fn shared_queue(settings: &Settings) -> Result<Arc<dyn Queue>> {
    let url = match settings.jobs.queue {
        QueueKind::Memory => None,
        QueueKind::Auto | QueueKind::Redis => settings.cache.redis_url.clone(),
    };
    let url = url.context(
        "jobs wait in the memory of the server, which only the server itself can look into: GET /v1/jobs/dead",
    )?;
    let redis = RedisConnection::open(RedisConfig::from_url(url)?).await.context("cache.redis_url")?;
    Ok(Arc::new(RedisQueue::open(&redis, options(settings)).await))
}

fn options(settings: &Settings) -> QueueOptions {
    let jobs = &settings.jobs;
    let mut options = QueueOptions::default();
    options.max_queued = jobs.max_queued;
    options.max_attempts = jobs.max_attempts;
    options.backoff = jobs.backoff;
    options.max_backoff = options.max_backoff.max(jobs.backoff);
    options.progress_ttl = jobs.progress_ttl;
    options.result_ttl = jobs.result_ttl;
    options.batch_ttl = jobs.batch_ttl;
    options.awaiting_ttl = settings.store.upload_ttl;
    options
}

/// The store that the settings name, or a folder beside the embedded cache. The latter is a convenience: a server that
/// may write nowhere goes on without jobs.
fn open_store(settings: &Settings) -> Result<Option<Store>> {
    if let Some(config) = configured(&settings.store)? {
        return Ok(Some(Store::open(config).context("store.url")?));
    }
    let Some(folder) = folder(settings) else {
        tracing::info!("there is no folder for jobs; set store.url to have them");
        return Ok(None);
    };
    match Store::open(StoreConfig::folder(&folder)) {
        Ok(store) => Ok(Some(store)),
        Err(error) => {
            tracing::info!(%error, "there is no folder for jobs; set store.url to have them");
            Ok(None)
        }
    }
}

fn configured(settings: &StoreSettings) -> Result<Option<StoreConfig>> {
    let lookup = |name: &str| std::env::var(name).ok();
    match (&settings.url, &settings.azure_connection_string, &settings.azure_container) {
        (Some(url), ..) => Ok(Some(StoreConfig::from_url(url.expose_secret(), lookup).context("store.url")?)),
        (None, Some(connection), Some(container)) => {
            let config = StoreConfig::from_azure(connection.expose_secret(), container);
            Ok(Some(config.context("store.azure_connection_string")?))
        }
        (None, None, None) => Ok(None),
        _ => anyhow::bail!("Azure needs both a connection string and a container"),
    }
}

fn folder(settings: &Settings) -> Option<PathBuf> {
    super::cache_folder(&settings.cache).map(|folder| folder.join("store"))
}
