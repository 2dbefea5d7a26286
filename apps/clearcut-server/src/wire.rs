//! Puts the service together: the one place that names concrete models, tiers and stores.

mod jobs;
mod redis_limiter;
mod redis_sessions;
mod segmenter;
mod tls;

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use clearcut::{Engine, Limits, TieredCache};
use clearcut_cache::{
    CacheTier, InvalidationBus, LeaseKeeper, Ledger, MemoryOptions, MemoryTier, SystemClock, TierPolicy,
};
use clearcut_cache_redis::{RedisBus, RedisConfig, RedisConnection, RedisLease, RedisTier, UpstashConfig, UpstashTier};
pub use clearcut_cache_sql::{
    CacheEfficiency, CacheReports, CacheStatistics, CacheUpkeep, CleanupOptions, CleanupReport, DayStatistics,
    TaskSummary,
};
use clearcut_cache_sql::{PostgresTier, SqlConfig, SqliteTier};
use clearcut_jobs::Queue;
use clearcut_segment::Runtime;
use secrecy::ExposeSecret as _;

pub use self::tls::tls;
use self::{jobs::OpenedJobs, redis_limiter::RedisLimiter, redis_sessions::RedisSessions, segmenter::Found};
use crate::{Settings, pages::sessions::Sessions, service::Service, settings::CacheSettings};

/// The books of the cache: statistics, recent entries, cleanup.
pub trait CacheBooks: CacheReports + CacheUpkeep + Ledger {}
impl<T: CacheReports + CacheUpkeep + Ledger> CacheBooks for T {}

/// Everything that was opened.
#[derive(Debug)]
pub struct Works {
    engine: Engine,
    runtime: Runtime,
    redis: Option<RedisConnection>,
    books: Option<Arc<dyn CacheBooks>>,
    folder: Option<PathBuf>,
    jobs: Option<OpenedJobs>,
}

/// Opens everything that the settings name.
pub async fn works(settings: &Settings) -> Result<Works> {
    let tiers = Tiers::open(settings).await?;
    let limits = Limits {
        max_bytes: settings.load.max_upload_bytes,
        max_megapixels: settings.engine.max_megapixels,
        ..Limits::default()
    };
    let expiry = clearcut::Expiry { rendition: settings.cache.ttl, ..clearcut::Expiry::default() };
    let Found { segmenter, runtime } = Found::of(&settings.engine)?;
    let mut builder =
        Engine::builder().segmenter(segmenter).limits(limits).expiry(expiry).waiting_room(settings.load.max_requests);
    if let Some(threads) = settings.engine.threads {
        builder = builder.threads(threads);
    }
    if let Some(cache) = tiers.cache(&settings.cache).await {
        builder = builder.cache(cache);
    }
    let engine = builder.build()?;
    let Tiers { redis, books, folder, .. } = tiers;
    let jobs = OpenedJobs::open(settings, redis.as_ref()).await?;
    Ok(Works { engine, runtime, redis, books, folder, jobs })
}

/// The queue that servers and workers share, for commands.
pub async fn shared_queue(settings: &Settings) -> Result<Arc<dyn Queue>> {
    jobs::shared_queue(settings).await
}

impl Works {
    /// A service over what was opened.
    pub fn service(&self, settings: Settings) -> Result<Service> {
        let mut service = Service::new(self.engine.clone(), settings)?;
        service.runtime.clone_from(&self.runtime);
        service.books.clone_from(&self.books);
        service.watched_folder.clone_from(&self.folder);
        service.jobs = self.jobs.as_ref().map(|opened| opened.jobs(&service.settings));
        if let Some(redis) = &self.redis {
            service.sessions = Sessions::new(Arc::new(RedisSessions::new(redis)), service.settings.access.session_ttl);
            if service.settings.limits.shared {
                service.limiter = Arc::new(RedisLimiter::new(redis));
            }
        }
        Ok(service)
    }

    /// Writes counters and ends connections.
    pub async fn close(&self) {
        if let Some(books) = &self.books
            && let Err(error) = books.close().await
        {
            tracing::warn!(%error, "the cache's counters were not written");
        }
    }
}

/// The cache's tiers behind the memory, from the nearest to the most lasting.
#[derive(Debug, Default)]
struct Tiers {
    redis: Option<RedisConnection>,
    upstash: Option<Arc<UpstashTier>>,
    database: Option<Arc<dyn CacheTier>>,
    books: Option<Arc<dyn CacheBooks>>,
    lease: Option<Arc<dyn LeaseKeeper>>,
    folder: Option<PathBuf>,
}

impl Tiers {
    async fn open(settings: &Settings) -> Result<Self> {
        let cache = &settings.cache;
        // A Redis that is down at the start is no error; a wrong URL or password is.
        let redis = if let Some(url) = &cache.redis_url {
            Some(RedisConnection::open(RedisConfig::from_url(url.clone())?).await.context("redis.url")?)
        } else {
            tracing::info!("no Redis is configured: the cache is shared by no other server");
            None
        };
        if !cache.enabled {
            return Ok(Self { redis, ..Self::default() });
        }
        let upstash = match (&cache.upstash_url, &cache.upstash_token) {
            (Some(url), Some(token)) => Some(Arc::new(UpstashTier::new(&UpstashConfig::new(url, token.clone())?)?)),
            (None, None) => None,
            _ => anyhow::bail!("Upstash needs both a URL and a token"),
        };
        let mut tiers = Self { redis, upstash, ..Self::default() };
        tiers.open_database(cache).await?;
        if let Some(redis) = &tiers.redis {
            tiers.lease = Some(Arc::new(RedisLease::new(redis)));
        }
        Ok(tiers)
    }

    async fn open_database(&mut self, cache: &CacheSettings) -> Result<()> {
        match database_config(cache)? {
            SqlConfig::Postgres(config) => {
                // Opened at the first call: a database that is down costs hits, never the start.
                let tier = Arc::new(PostgresTier::connect_lazy(config)?);
                self.lease = Some(Arc::new(tier.lease()));
                self.database = Some(Arc::clone(&tier) as Arc<dyn CacheTier>);
                self.books = Some(tier);
            }
            SqlConfig::Sqlite(config) => {
                let tier = Arc::new(SqliteTier::open(config).await.context("the embedded cache")?);
                self.lease = Some(Arc::new(tier.lease()));
                self.database = Some(Arc::clone(&tier) as Arc<dyn CacheTier>);
                self.books = Some(tier);
                self.folder = cache_folder(cache);
            }
            _ => anyhow::bail!("this kind of database is not built in"),
        }
        Ok(())
    }

    /// All tiers behind one another; `None` where nothing is to be kept.
    async fn cache(&self, settings: &CacheSettings) -> Option<TieredCache> {
        if !settings.enabled {
            return None;
        }
        let mut builder = TieredCache::builder();
        if settings.memory_mb > 0 {
            let memory = MemoryTier::new(MemoryOptions::new(settings.memory_mb << 20), Arc::new(SystemClock));
            builder = builder.tier(Arc::new(memory), TierPolicy::local());
        }
        let remote = TierPolicy::shared().namespace_ttl("remove_bg", settings.redis_ttl);
        if let Some(redis) = &self.redis {
            builder = builder.tier(Arc::new(RedisTier::new(redis)), remote.clone());
            match RedisBus::open(redis).await {
                Ok(bus) => builder = builder.bus(Arc::new(bus) as Arc<dyn InvalidationBus>),
                Err(error) => tracing::warn!(%error, "other servers will not hear what is cleared here"),
            }
        }
        if let Some(upstash) = &self.upstash {
            let mut policy = remote;
            // A call over the internet.
            policy.timeout = Duration::from_secs(2);
            builder = builder.tier(Arc::clone(upstash) as Arc<dyn CacheTier>, policy);
        }
        if let Some(database) = &self.database {
            builder = builder.tier(Arc::clone(database), TierPolicy::shared());
        }
        if let Some(books) = &self.books {
            builder = builder.ledger(Arc::clone(books) as Arc<dyn Ledger>);
        }
        if let Some(lease) = &self.lease {
            builder = builder.lease(Arc::clone(lease));
        }
        Some(builder.build())
    }
}

/// The named database, or the embedded one.
fn database_config(cache: &CacheSettings) -> Result<SqlConfig> {
    let hours = (cache.ttl.as_secs_f64() / 3600.0).to_string();
    let url = if let Some(url) = &cache.database_url {
        url.expose_secret().to_owned()
    } else {
        let folder = cache_folder(cache).context("there is no cache folder for this user; set cache.folder")?;
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        format!("sqlite:{}", folder.join("cache.sqlite").display())
    };
    let lookup = |name: &str| match name {
        "DATABASE_URL" => Some(url.clone()),
        "DATABASE_REPLICA_URL" => cache.database_replica_url.as_ref().map(|url| url.expose_secret().to_owned()),
        "DATABASE_POOL_SIZE" => Some(cache.database_pool_size.to_string()),
        "DATABASE_MAX_OVERFLOW" => Some(cache.database_max_overflow.to_string()),
        "DATABASE_PGBOUNCER" => Some(cache.database_pgbouncer.to_string()),
        "DEBUG_SQL" => Some(cache.debug_sql.to_string()),
        "CACHE_TTL_HOURS" => Some(hours.clone()),
        "MAX_CACHE_SIZE_MB" => Some(cache.max_cache_size_mb.to_string()),
        "CLEANUP_INTERVAL" => Some(cache.cleanup_interval.as_secs().to_string()),
        _ => None,
    };
    SqlConfig::from_lookup(lookup)?.context("the database URL is empty")
}

fn cache_folder(cache: &CacheSettings) -> Option<PathBuf> {
    cache
        .folder
        .clone()
        .or_else(|| directories::ProjectDirs::from("", "", "clearcut").map(|folders| folders.cache_dir().to_owned()))
}
