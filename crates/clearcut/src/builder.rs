//! Putting an engine together.

use std::{num::NonZeroUsize, sync::Arc};

use clearcut_cache::TieredCache;
use clearcut_image::Limits;
use clearcut_segment::Segmenter;

use crate::{Engine, RemoveError, engine::Parts, expiry::Expiry, pool::CpuPool};

/// Pictures that may wait for each thread before further ones are turned away.
const WAITING_PER_THREAD: usize = 32;

/// Puts an [`Engine`] together; every setting has a default.
#[derive(Debug, Default)]
#[must_use = "an engine is made by build()"]
pub struct EngineBuilder {
    segmenter: Option<Arc<dyn Segmenter>>,
    cache: Option<TieredCache>,
    limits: Limits,
    threads: Option<NonZeroUsize>,
    waiting: Option<usize>,
    expiry: Expiry,
}

impl EngineBuilder {
    /// What finds the foreground; the embedded model by default.
    pub fn segmenter(mut self, segmenter: Arc<dyn Segmenter>) -> Self {
        self.segmenter = Some(segmenter);
        self
    }

    /// Where results are kept; nowhere by default.
    pub fn cache(mut self, cache: TieredCache) -> Self {
        self.cache = Some(cache);
        self
    }

    /// What a picture may cost.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How many pictures are worked on at once, each on a thread of its own, a lone one on all of them; one for each
    /// core by default.
    pub fn threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// How many pictures may wait for a thread; beyond it [`crate::ErrorKind::Busy`] is answered. By default 32 for
    /// each thread.
    pub fn waiting_room(mut self, pictures: usize) -> Self {
        self.waiting = Some(pictures);
        self
    }

    /// How long results are kept.
    pub fn expiry(mut self, expiry: Expiry) -> Self {
        self.expiry = expiry;
        self
    }

    /// Starts the threads and, unless a segmenter was given, loads the embedded model.
    pub fn build(self) -> Result<Engine, RemoveError> {
        let threads = self.threads.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
        let segmenter = match self.segmenter {
            Some(segmenter) => segmenter,
            None => embedded(threads)?,
        };
        let threads = threads.get();
        let waiting = self.waiting.unwrap_or(threads * WAITING_PER_THREAD);
        let pool = CpuPool::new(threads, waiting)?;
        Ok(Engine::from_parts(Parts {
            segmenter,
            cache: self.cache,
            limits: self.limits,
            pool,
            threads,
            expiry: self.expiry,
        }))
    }
}

#[cfg(feature = "embedded-model")]
fn embedded(threads: NonZeroUsize) -> Result<Arc<dyn Segmenter>, RemoveError> {
    Ok(Arc::new(clearcut_segment::TractSegmenter::embedded().with_threads(threads)?))
}

#[cfg(not(feature = "embedded-model"))]
fn embedded(_: NonZeroUsize) -> Result<Arc<dyn Segmenter>, RemoveError> {
    Err(RemoveError::new(
        crate::ErrorKind::Model,
        "this build has no embedded model; give the engine a segmenter, or build with the feature `embedded-model`",
    ))
}
