//! The engine: from an upload and a plan to a cut-out, through both cache stages.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use bytes::Bytes;
use clearcut_cache::{CacheKey, ComputeOptions, TieredCache};
use clearcut_image::{DECODE_REVISION, DecodeError, Limits, Matte, Picture, REVISION as ENCODE_REVISION, decode};
use clearcut_key::{ContentDigest, ModelDigest, PixelDigest, Plan, RENDITIONS, Revisions, matte_key, rendition_key};
use clearcut_segment::{ModelIdentity, Segmenter};
use tokio::runtime;
use tracing::{Instrument as _, Span};

use crate::{
    Cutout, EngineBuilder, ErrorKind, RemoveError, Timings,
    expiry::Expiry,
    pool::{CpuPool, Ticket},
    presence::presence,
    render::{self, Photo, Rendition},
    stage::stage,
    stored,
};

/// Which code makes renditions; part of every key.
const REVISIONS: Revisions =
    Revisions { decode: DECODE_REVISION, composite: clearcut_composite::REVISION, encode: ENCODE_REVISION };

/// Uploads up to this size are hashed where they arrive; handing them to another thread would cost more.
const HASHED_IN_PLACE_BYTES: usize = 1 << 20;

/// Removes backgrounds. Cheap to clone; clones share threads, model and cache.
///
/// With a cache a computation is shared by everybody who wants the same result, and goes on when the client that
/// started it leaves. Without one, dropping the future of a call gives its picture up at the next stage.
#[derive(Debug, Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

/// What an engine is made of.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) segmenter: Arc<dyn Segmenter>,
    pub(crate) cache: Option<TieredCache>,
    pub(crate) limits: Limits,
    pub(crate) pool: CpuPool,
    pub(crate) threads: usize,
    pub(crate) expiry: Expiry,
}

#[derive(Debug)]
struct Inner {
    parts: Parts,
    model: ModelDigest,
    /// For blocking calls; started by the first one.
    runtime: OnceLock<runtime::Runtime>,
}

/// What is cut out: bytes still to be decoded, or pixels.
#[derive(Debug)]
enum Upload {
    Encoded(Bytes),
    Pixels(Picture),
}

impl Engine {
    /// An engine with the embedded model, no cache, and a thread for each core, unless told otherwise.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    pub(crate) fn from_parts(parts: Parts) -> Self {
        let ModelIdentity { weights, processing, .. } = parts.segmenter.model();
        let model = ModelDigest::of(weights, processing);
        Self { inner: Arc::new(Inner { parts, model, runtime: OnceLock::new() }) }
    }

    /// Cuts the subject out of an encoded picture.
    ///
    /// # Errors
    ///
    /// [`RemoveError::kind`] tells them apart; trouble with the cache is never one of them.
    pub async fn remove(&self, bytes: impl Into<Bytes>, plan: &Plan) -> Result<Cutout, RemoveError> {
        let bytes = bytes.into();
        self.check_bytes(&bytes)?;
        let input = if bytes.len() <= HASHED_IN_PLACE_BYTES {
            ContentDigest::of(&bytes)
        } else {
            let bytes = bytes.clone();
            self.inner.parts.pool.run(move || Ok(ContentDigest::of(&bytes))).await?
        };
        self.cut_out(Upload::Encoded(bytes), input, plan).await
    }

    /// Like [`Engine::remove`], for bytes that were hashed while they arrived.
    ///
    /// # Contract
    ///
    /// `input` is the digest of `bytes`: the result is kept under it.
    pub async fn remove_hashed(&self, bytes: Bytes, input: ContentDigest, plan: &Plan) -> Result<Cutout, RemoveError> {
        self.check_bytes(&bytes)?;
        self.cut_out(Upload::Encoded(bytes), input, plan).await
    }

    /// Cuts the subject out of a picture that is decoded already, such as a frame of a video.
    pub async fn remove_picture(&self, picture: Picture, plan: &Plan) -> Result<Cutout, RemoveError> {
        let (picture, digest) = self
            .inner
            .parts
            .pool
            .run(move || {
                let pixels = PixelDigest::of(picture.width_px(), picture.height_px(), picture.rgba());
                // A digest of the digest: an upload whose bytes are a picture's pixels is another upload.
                Ok((picture, ContentDigest::of(pixels.as_bytes())))
            })
            .await?;
        self.cut_out(Upload::Pixels(picture), digest, plan).await
    }

    /// [`Engine::remove`] for programs without an asynchronous runtime.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BlockingInAsync`] inside of a runtime, whose thread it would block.
    pub fn remove_blocking(&self, bytes: impl Into<Bytes>, plan: &Plan) -> Result<Cutout, RemoveError> {
        if runtime::Handle::try_current().is_ok() {
            let message = "remove_blocking was called from asynchronous code; call remove(..).await";
            return Err(RemoveError::new(ErrorKind::BlockingInAsync, message));
        }
        self.runtime()?.block_on(self.remove(bytes, plan))
    }

    /// The key under which the rendition of this upload and plan is kept.
    pub fn key(&self, input: &ContentDigest, plan: &Plan) -> String {
        rendition_key(input, plan, &self.inner.model, &REVISIONS)
    }

    /// A rendition by its key, if the cache has it; nothing is computed.
    ///
    /// # Errors
    ///
    /// A failure that is kept under the key.
    pub async fn find(&self, key: &str) -> Result<Option<Cutout>, RemoveError> {
        let (Some(cache), Ok(cache_key)) = (self.cache(), CacheKey::parse(key)) else { return Ok(None) };
        if cache_key.namespace() != RENDITIONS {
            return Ok(None);
        }
        match cache.get(&cache_key).await {
            Some(lookup) => stored::cutout(key.to_owned(), lookup, Timings::default()).map(Some),
            None => Ok(None),
        }
    }

    /// Which model answers.
    pub fn model(&self) -> &ModelIdentity {
        self.inner.parts.segmenter.model()
    }

    /// How many pictures are worked on at once.
    pub fn threads(&self) -> usize {
        self.inner.parts.threads
    }

    /// Pictures in the works or waiting for it.
    pub fn in_flight(&self) -> usize {
        self.inner.parts.pool.in_flight()
    }

    /// What a picture may cost.
    pub fn limits(&self) -> &Limits {
        &self.inner.parts.limits
    }

    /// The cache, if the engine has one.
    pub fn cache(&self) -> Option<&TieredCache> {
        self.inner.parts.cache.as_ref()
    }

    /// Waits until everything computed so far has reached the cache's tiers. To be called before the process ends.
    pub async fn flush(&self) {
        if let Some(cache) = self.cache() {
            cache.flush().await;
        }
    }

    fn check_bytes(&self, bytes: &Bytes) -> Result<(), RemoveError> {
        let (bytes, limit_bytes) = (bytes.len() as u64, self.limits().max_bytes);
        if bytes > limit_bytes {
            return Err(DecodeError::TooManyBytes { bytes, limit_bytes }.into());
        }
        Ok(())
    }

    fn runtime(&self) -> Result<&runtime::Runtime, RemoveError> {
        if let Some(runtime) = self.inner.runtime.get() {
            return Ok(runtime);
        }
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|error| RemoveError::internal(format_args!("cannot start a runtime: {error}")))?;
        Ok(self.inner.runtime.get_or_init(|| runtime))
    }

    async fn cut_out(&self, upload: Upload, input: ContentDigest, plan: &Plan) -> Result<Cutout, RemoveError> {
        plan.check()?;
        let key = self.key(&input, plan);
        let Some(cache) = self.cache() else {
            let (rendition, timings) = self.inner.compute(upload, plan).await?;
            return Ok(rendition.into_cutout(key, timings));
        };
        let Expiry { rendition, failure, .. } = self.inner.parts.expiry;
        let options = ComputeOptions::new(rendition).negative_ttl(failure);
        let timings = Arc::new(OnceLock::new());
        let compute = {
            let (inner, plan, timings) = (Arc::clone(&self.inner), plan.clone(), Arc::clone(&timings));
            // The computation is a task of its own.
            let request = Span::current();
            async move || {
                let (rendition, took) =
                    inner.compute(upload, &plan).instrument(request).await.map_err(stored::failure)?;
                timings.get_or_init(|| took);
                Ok(rendition.into_entry(took.computing()))
            }
        };
        let lookup = cache.get_or_compute(&cache_key(&key), &options, compute).await.map_err(stored::lookup_error)?;
        stored::cutout(key, lookup, timings.get().copied().unwrap_or_default())
    }
}

impl Inner {
    /// The whole way, holding one place in the works.
    async fn compute(&self, upload: Upload, plan: &Plan) -> Result<(Rendition, Timings), RemoveError> {
        let mut timings = Timings::default();
        let (stage, started) = (stage!("queue"), Instant::now());
        let ticket = self.parts.pool.admit().await?;
        timings.queue = started.elapsed();
        drop(stage);

        let limits = self.parts.limits;
        let roi = plan.roi;
        let (picture, subject_area, took) = ticket
            .run(move || {
                let (_stage, started) = (stage!("decode").entered(), Instant::now());
                let picture = match upload {
                    Upload::Encoded(bytes) => decode(&bytes, &limits)?.picture,
                    Upload::Pixels(picture) => picture,
                };
                let area = roi.map(|roi| render::subject_area(&picture, roi));
                Ok((picture, area, started.elapsed()))
            })
            .await?;
        timings.decode = took;

        let picture = Arc::new(picture);
        let looked_at = match &subject_area {
            Some(area) => Arc::new(clearcut_composite::canvas::cut(&picture, *area)),
            None => Arc::clone(&picture),
        };
        let (matte, took) = self.matte(&ticket, Arc::clone(&looked_at)).await?;
        timings.segment = took;
        let presence = presence(&matte)?;

        let (plan, limits) = (plan.clone(), self.parts.limits);
        ticket
            .run(move || {
                drop(looked_at);
                let photo = Photo { picture: Arc::unwrap_or_clone(picture), subject_area };
                let rendition = render::render(photo, &matte, presence, &plan, &limits, &mut timings)?;
                Ok((rendition, timings))
            })
            .await
    }

    /// The network's matte of these pixels and what computing it took: zero if it was known.
    async fn matte(&self, ticket: &Ticket, picture: Arc<Picture>) -> Result<(Matte, Duration), RemoveError> {
        let segmenter = Arc::clone(&self.parts.segmenter);
        let Some(cache) = &self.parts.cache else {
            let asking = ticket.clone();
            return ticket.run(move || segment(segmenter.as_ref(), &picture, &asking)).await;
        };
        let (key, picture) = ticket
            .run({
                let model = self.model;
                move || {
                    let pixels = PixelDigest::of(picture.width_px(), picture.height_px(), picture.rgba());
                    Ok((matte_key(&pixels, &model), picture))
                }
            })
            .await?;
        let computed = Arc::new(OnceLock::new());
        let compute = {
            let (ticket, computed, request) = (ticket.clone(), Arc::clone(&computed), Span::current());
            async move || {
                let asking = ticket.clone();
                let step = move || {
                    let (matte, elapsed) = segment(segmenter.as_ref(), &picture, &asking)?;
                    drop(picture);
                    Ok((stored::matte_entry(&matte, elapsed)?, matte, elapsed))
                };
                let (entry, matte, elapsed) = ticket.run(step).instrument(request).await.map_err(stored::failure)?;
                computed.get_or_init(|| (matte, elapsed));
                Ok(entry)
            }
        };
        let options = ComputeOptions::new(self.parts.expiry.matte).negative_ttl(self.parts.expiry.failure);
        let lookup = cache.get_or_compute(&cache_key(&key), &options, compute).await.map_err(stored::lookup_error)?;
        match computed.get() {
            Some((matte, took)) => Ok((matte.clone(), *took)),
            None => Ok((stored::matte(lookup)?, Duration::ZERO)),
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The last clone may be dropped inside of another runtime, where waiting for ours is not allowed.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn segment(segmenter: &dyn Segmenter, picture: &Picture, ticket: &Ticket) -> Result<(Matte, Duration), RemoveError> {
    let (_stage, started) = (stage!("segment").entered(), Instant::now());
    let matte = if ticket.is_lone() { segmenter.segment_lone(picture) } else { segmenter.segment(picture) }?;
    Ok((matte, started.elapsed()))
}

fn cache_key(key: &str) -> CacheKey {
    CacheKey::parse(key).expect("digests, numbers and hexadecimal colors are printable and short")
}
