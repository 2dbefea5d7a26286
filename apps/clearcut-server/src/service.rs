//! What all requests share.

use std::{path::PathBuf, sync::Arc};

use clearcut::Engine;
use clearcut_segment::Runtime;

use crate::{
    failure::{Code, Failure, Outcome},
    jobs::Jobs,
    load::WaitingRoom,
    native::health::HealthBook,
    pages::sessions::Sessions,
    seeing::metrics::Metrics,
    settings::Settings,
    trust::{fetch::Fetcher, keys::KeyRing, limits::RateLimiter, memory_limits::MemoryLimiter, signature::Signer},
    wire::CacheBooks,
};

/// What all requests share. Made once, outside of the workers.
#[derive(Debug)]
pub struct Service {
    /// Makes the cut-outs.
    pub engine: Engine,
    /// What really runs the engine's network, for `/health` and the metrics.
    pub runtime: Runtime,
    /// What was configured.
    pub settings: Settings,
    /// How much is taken on at once.
    pub room: WaitingRoom,
    /// Who may ask.
    pub keys: KeyRing,
    /// How often.
    pub limiter: Arc<dyn RateLimiter>,
    /// Fetches pictures by URL.
    pub fetcher: Fetcher,
    /// Signs URLs, where keys for that are configured.
    pub signer: Option<Signer>,
    /// The cache's books, where a database keeps them.
    pub books: Option<Arc<dyn CacheBooks>>,
    /// Work that is done after the answer, where there is a queue and a store for it.
    pub jobs: Option<Jobs>,
    /// Who is signed in on the admin page.
    pub sessions: Sessions,
    /// What is counted.
    pub metrics: Metrics,
    /// What `/health` said last.
    pub health: HealthBook,
    /// Folder whose disk `/health` watches: the embedded cache's.
    pub watched_folder: Option<PathBuf>,
}

impl Service {
    /// A service that keeps limits and sessions in memory, has no books, takes no jobs, and takes the engine's network to
    /// run in tract; the fields may be replaced.
    ///
    /// # Errors
    ///
    /// The file of keys cannot be read, or the settings contradict each other.
    pub fn new(engine: Engine, settings: Settings) -> anyhow::Result<Self> {
        Ok(Self {
            room: WaitingRoom::new(&settings.load),
            keys: KeyRing::open(Some(&settings.access.keys_file))?,
            limiter: Arc::new(MemoryLimiter::default()),
            fetcher: Fetcher::new(&settings.fetch)?,
            signer: Signer::from_settings(&settings.access.signing_keys)?,
            books: None,
            jobs: None,
            sessions: Sessions::in_memory(settings.access.session_ttl),
            metrics: Metrics::new(),
            health: HealthBook::default(),
            watched_folder: None,
            runtime: Runtime::tract(),
            engine,
            settings,
        })
    }

    /// The queue and the store.
    ///
    /// # Errors
    ///
    /// [`Code::NotFound`] where there are none.
    pub(crate) fn jobs(&self) -> Outcome<&Jobs> {
        self.jobs.as_ref().ok_or_else(|| {
            Failure::new(Code::NotFound, "this server takes no jobs: it has no store; its operator sets store.url")
        })
    }
}
