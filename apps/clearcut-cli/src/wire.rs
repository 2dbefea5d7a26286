//! Puts the engine together: the one place that names concrete models, runtimes and cache tiers.

mod segmenter;

use std::{path::PathBuf, sync::Arc, time::Duration};

use clearcut::{Engine, Limits, TieredCache};
use clearcut_cache::{CacheTier, InvalidationBus, LeaseKeeper, Ledger, TierError, TierErrorKind, TierPolicy};
use clearcut_cache_redis::{RedisBus, RedisConfig, RedisConnection, RedisLease, RedisTier};
use clearcut_cache_sql::{CacheReports, CacheUpkeep, PostgresTier, SqlConfig, SqliteConfig, SqliteTier};
pub use clearcut_cache_sql::{CacheStatistics, CleanupOptions, CleanupReport, TaskSummary};
use tracing::warn;

use crate::{
    args::{CachePlace, EngineArgs},
    exit::{Exit, Failure},
};

pub use segmenter::Found;

/// How long Redis keeps a rendition; the database keeps it for as long as the engine says.
const REDIS_RENDITION_TTL: Duration = Duration::from_hours(2);
/// A command line waits longer for its cache than a server would: nobody else is served meanwhile.
const TIER_TIMEOUT: Duration = Duration::from_secs(5);

/// An engine and the database behind its cache.
#[derive(Debug)]
pub struct Works {
    /// The engine.
    pub engine: Engine,
    /// What runs its network.
    pub found: Found,
    database: Option<Arc<dyn CacheDatabase>>,
}

/// What both databases can do beside keeping entries.
pub trait CacheDatabase: CacheTier + CacheReports + CacheUpkeep + Ledger {}
impl<T: CacheTier + CacheReports + CacheUpkeep + Ledger> CacheDatabase for T {}

/// The tiers that the options name, from the nearest to the most lasting.
#[derive(Debug, Default)]
pub struct Tiers {
    redis: Option<RedisConnection>,
    database: Option<Arc<dyn CacheDatabase>>,
    lease: Option<Arc<dyn LeaseKeeper>>,
}

/// The engine of the options. A cache that cannot be opened is told about and done without.
pub async fn works(args: &EngineArgs) -> Result<Works, Failure> {
    let tiers = match Tiers::open(&args.cache).await {
        Ok(tiers) => tiers,
        Err(failure) => {
            eprintln!("clearcut: working without a cache: {failure}");
            Tiers::default()
        }
    };
    let limits = Limits { max_megapixels: args.max_megapixels, ..Limits::default() };
    let found = Found::of(args)?;
    let mut builder = Engine::builder().segmenter(Arc::clone(&found.segmenter)).limits(limits);
    if let Some(jobs) = args.jobs {
        builder = builder.threads(jobs);
    }
    if let Some(cache) = tiers.cache().await {
        builder = builder.cache(cache);
    }
    Ok(Works { engine: builder.build()?, found, database: tiers.database })
}

impl Works {
    /// Waits until everything computed and counted has reached the cache.
    pub async fn finish(&self) {
        self.engine.flush().await;
        if let Some(database) = &self.database
            && let Err(error) = database.close().await
        {
            warn!(%error, "the cache's counters were not written");
        }
    }
}

impl Tiers {
    /// Connects to what `place` names: Redis if there is a URL, and Postgres or the embedded database.
    pub async fn open(place: &CachePlace) -> Result<Self, Failure> {
        if place.no_cache {
            return Ok(Self::default());
        }
        let redis = match &place.redis_url {
            Some(url) => Some(open_redis(url).await.map_err(|error| cache_failure(&error))?),
            None => None,
        };
        let (database, lease) = open_database(place).await?;
        let lease = redis.as_ref().map(|redis| Arc::new(RedisLease::new(redis)) as _).or(Some(lease));
        Ok(Self { redis, database: Some(database), lease })
    }

    /// The database, which keeps the books.
    pub fn database(&self) -> Result<&Arc<dyn CacheDatabase>, Failure> {
        self.database.as_ref().ok_or_else(|| Failure::usage("there is no cache to look at with --no-cache"))
    }

    /// All tiers behind one another, or `None` without any.
    pub async fn cache(&self) -> Option<TieredCache> {
        let database = Arc::clone(self.database.as_ref()?);
        let mut builder = TieredCache::builder();
        if let Some(redis) = &self.redis {
            let policy = TierPolicy::shared().namespace_ttl("remove_bg", REDIS_RENDITION_TTL);
            builder = builder.tier(Arc::new(RedisTier::new(redis)), policy);
            match RedisBus::open(redis).await {
                Ok(bus) => builder = builder.bus(Arc::new(bus) as Arc<dyn InvalidationBus>),
                Err(error) => warn!(%error, "other processes will not hear what is cleared here"),
            }
        }
        let mut policy = TierPolicy::shared();
        policy.timeout = TIER_TIMEOUT;
        builder = builder.ledger(Arc::clone(&database) as Arc<dyn Ledger>).tier(database, policy);
        if let Some(lease) = &self.lease {
            builder = builder.lease(Arc::clone(lease));
        }
        Some(builder.build())
    }
}

async fn open_redis(url: &str) -> Result<RedisConnection, TierError> {
    RedisConnection::open(RedisConfig::from_url(url)?).await
}

async fn open_database(place: &CachePlace) -> Result<(Arc<dyn CacheDatabase>, Arc<dyn LeaseKeeper>), Failure> {
    if let Some(url) = &place.database_url {
        return open_named_database(url).await.map_err(|error| cache_failure(&error));
    }
    let folder = cache_folder(place)?;
    std::fs::create_dir_all(&folder).map_err(|error| Failure::write(&folder, &error))?;
    let config = SqliteConfig::new(folder.join("cache.sqlite")).max_cache_size_mb(place.max_cache_size_mb);
    let tier = SqliteTier::open(config).await.map_err(|error| cache_failure(&error))?;
    let lease = Arc::new(tier.lease());
    Ok((Arc::new(tier), lease))
}

/// The database of a URL; its other settings (pool, replica, expiry) come from the environment.
async fn open_named_database(url: &str) -> Result<(Arc<dyn CacheDatabase>, Arc<dyn LeaseKeeper>), TierError> {
    let lookup = |name: &str| if name == "DATABASE_URL" { Some(url.to_owned()) } else { std::env::var(name).ok() };
    match SqlConfig::from_lookup(lookup)? {
        Some(SqlConfig::Postgres(config)) => {
            let tier = PostgresTier::connect(config).await?;
            let lease = Arc::new(tier.lease());
            Ok((Arc::new(tier), lease))
        }
        Some(SqlConfig::Sqlite(config)) => {
            let tier = SqliteTier::open(config).await?;
            let lease = Arc::new(tier.lease());
            Ok((Arc::new(tier), lease))
        }
        _ => Err(TierError::new("sql", TierErrorKind::Configuration, "the database URL is empty")),
    }
}

fn cache_folder(place: &CachePlace) -> Result<PathBuf, Failure> {
    if let Some(folder) = &place.cache_dir {
        return Ok(folder.clone());
    }
    directories::ProjectDirs::from("", "", "clearcut").map(|folders| folders.cache_dir().to_owned()).ok_or_else(|| {
        Failure::new(
            Exit::Cache,
            "cache_unavailable",
            "there is no cache folder for this user; choose one with --cache-dir",
        )
    })
}

/// A cache that cannot do what was asked of it.
pub fn cache_failure(error: &TierError) -> Failure {
    Failure::new(Exit::Cache, "cache_unavailable", error.to_string())
}
