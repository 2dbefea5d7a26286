//! The segmenter that runs ONNX networks in tract.

use std::fs::File;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use clearcut_image::{Matte, Picture};
use tract_linalg::multithread::{Executor, multithread_tract_scope};
use tract_onnx::prelude::*;

use crate::guard::guarded;
use crate::input::InputTensor;
use crate::onnx::Network;
use crate::plans::Plans;
use crate::room;
use crate::spec::ModelSpec;
use crate::{ModelIdentity, SegmentError, Segmenter};

/// Raised whenever this crate computes another matte from the same weights and description: it is part of every
/// matte's cache key.
pub(crate) const PROCESSING_REVISION: u32 = 3;

/// Runs an ONNX network in tract, in pure Rust and without any library to install.
///
/// The network is checked and optimized once: when it is loaded, or, where it is part of the program, at the first
/// picture, so that a program whose pictures are all cached never pays for it. A clone shares it; so do threads, each
/// of which runs its own picture on its own core.
#[derive(Debug, Clone)]
pub struct TractSegmenter {
    loaded: Arc<Loaded>,
    /// The pool that a lone picture is spread over; none for the calling thread alone.
    executor: Option<Executor>,
}

/// What one node of a network took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeTime {
    /// Its name in the file.
    pub name: String,
    /// What it does, in tract's words.
    pub operation: String,
    /// Of its inputs and of its first output.
    pub shapes: String,
    /// Wall time.
    pub time: Duration,
}

#[derive(Debug)]
struct Loaded {
    spec: ModelSpec,
    identity: ModelIdentity,
    plans: OnceLock<Result<Plans, String>>,
    /// What the plans are still to be made from.
    program: &'static [u8],
}

impl TractSegmenter {
    /// The largest ONNX file that is loaded, 2 GiB less one byte: protobuf ends there, and the largest network of the
    /// catalogue takes half of it.
    pub const MAX_MODEL_BYTES: u64 = i32::MAX as u64;

    /// Loads an ONNX file.
    pub fn from_file(path: &Path, spec: &ModelSpec) -> Result<Self, SegmentError> {
        let name = path.display().to_string();
        let open = || {
            let file = File::open(path)?;
            let meta = file.metadata()?;
            if meta.is_dir() { Err(io::Error::from(io::ErrorKind::IsADirectory)) } else { Ok((file, meta.len())) }
        };
        let (file, bytes) = open().map_err(|error| SegmentError::load(&name, error))?;
        if bytes > Self::MAX_MODEL_BYTES {
            let reason = format!("it has {bytes} bytes, and the limit is {}", Self::MAX_MODEL_BYTES);
            return Err(SegmentError::load(&name, reason));
        }
        if let Some(reason) = room::refusal(bytes) {
            return Err(SegmentError::load(&name, reason));
        }
        Self::read(file, spec).map_err(|reason| SegmentError::load(&name, reason))
    }

    /// Loads an ONNX file that is in memory already.
    pub fn from_bytes(onnx: &[u8], spec: &ModelSpec) -> Result<Self, SegmentError> {
        Self::read(onnx, spec).map_err(|reason| SegmentError::load(&spec.name, reason))
    }

    /// The same network, with a [lone](Segmenter::segment_lone) picture spread over `threads` threads, so that it is
    /// done sooner. Pictures that come together have a thread each, which gets the most of them done. The mattes are
    /// the same.
    pub fn with_threads(&self, threads: NonZeroUsize) -> Result<Self, SegmentError> {
        let executor = match threads.get() {
            1 => None,
            many => Some(
                guarded(|| Ok(Executor::multithread_with_name(many, "clearcut-tract")))
                    .map_err(|reason| SegmentError::load(&self.loaded.spec.name, reason))?,
            ),
        };
        Ok(Self { loaded: Arc::clone(&self.loaded), executor })
    }

    /// Weights that are part of the program: they are known to be whole, and are optimized at the first picture.
    #[cfg(feature = "embedded-model")]
    pub(crate) fn from_program(onnx: &'static [u8], spec: &ModelSpec) -> Self {
        let identity = ModelIdentity::new(&spec.name, blake3::hash(onnx).into(), processing_text(spec));
        let loaded = Loaded { spec: spec.clone(), identity, plans: OnceLock::new(), program: onnx };
        Self { loaded: Arc::new(loaded), executor: None }
    }

    /// Makes the network ready now, so that the first picture does not wait for it.
    pub fn warm_up(&self) -> Result<(), SegmentError> {
        self.loaded.plans().map(drop).map_err(|reason| SegmentError::load(&self.loaded.spec.name, reason))
    }

    /// How this network is fed and read.
    pub fn spec(&self) -> &ModelSpec {
        &self.loaded.spec
    }

    fn read(onnx: impl Read, spec: &ModelSpec) -> Result<Self, String> {
        if let Some(fault) = spec.fault() {
            return Err(fault);
        }
        let mut onnx = Hashing { inner: onnx, hasher: blake3::Hasher::new() };
        let plans = guarded(|| Plans::new(Network::read(&mut onnx, spec)?, spec.processing.input.size))?;
        let identity = ModelIdentity::new(&spec.name, onnx.hasher.finalize().into(), processing_text(spec));
        let loaded = Loaded { spec: spec.clone(), identity, plans: OnceLock::from(Ok(plans)), program: &[] };
        Ok(Self { loaded: Arc::new(loaded), executor: None })
    }

    /// How long each node of the network takes for this picture on the calling thread, in the order in which they run:
    /// for people who make networks.
    pub fn profile(&self, picture: &Picture) -> Result<Vec<NodeTime>, SegmentError> {
        let input = self.loaded.spec.prepare(picture);
        let mut times = Vec::new();
        let run = |plan: &Arc<TypedRunnableModel>, tensor: Tensor| {
            let mut state = plan.spawn()?;
            state.run_plan_with_eval(tvec!(tensor.into()), |context, state, node, inputs| {
                let shapes: Vec<String> = inputs.iter().map(|input| format!("{:?}", input.shape())).collect();
                let started = Instant::now();
                let outputs = tract_onnx::tract_core::plan::eval(context, state, node, inputs)?;
                let time = started.elapsed();
                let result = outputs.first().map(|output| output.shape()).unwrap_or_default();
                times.push(NodeTime {
                    name: node.name.clone(),
                    operation: node.op().name().into_owned(),
                    shapes: format!("{} -> {result:?}", shapes.join(" ")),
                    time,
                });
                TractResult::Ok(outputs)
            })
        };
        self.evaluate(&input, run)?;
        Ok(times)
    }

    /// On the pool, if there is one, or on the calling thread.
    fn run(&self, picture: &Picture, executor: Option<&Executor>) -> Result<Matte, SegmentError> {
        let spec = &self.loaded.spec;
        let input = &spec.prepare(picture);
        let outputs = self.evaluate(input, |plan, tensor| {
            let run = || plan.run(tvec!(tensor.into()));
            match executor {
                // Wholly on the pool's own threads. A caller that is a thread of another pool takes up other work of
                // that pool while it waits, maybe another picture: it must not be inside of tract then, which keeps
                // its working memory by thread.
                Some(Executor::MultiThread(pool)) => {
                    pool.install(|| multithread_tract_scope(Executor::MultiThread(Arc::clone(pool)), run))
                }
                _ => run(),
            }
        })?;
        let output = outputs[0].cast_to::<f32>().map_err(|error| SegmentError::run(&spec.name, error))?;
        let view = output.to_plain_array_view::<f32>().map_err(|error| SegmentError::run(&spec.name, error))?;
        let values = view.as_slice().ok_or_else(|| SegmentError::run(&spec.name, "its output is not contiguous"))?;
        spec.matte(output.shape(), values, input)
    }

    fn evaluate(
        &self,
        input: &InputTensor,
        run: impl FnOnce(&Arc<TypedRunnableModel>, Tensor) -> TractResult<TVec<TValue>>,
    ) -> Result<TVec<TValue>, SegmentError> {
        let spec = &self.loaded.spec;
        let plans = self.loaded.plans().map_err(|reason| SegmentError::load(&spec.name, reason))?;
        let &InputTensor { width_px, height_px, .. } = input;
        guarded(|| {
            let plan = plans.get(width_px, height_px)?;
            let shape = [1, 3, height_px as usize, width_px as usize];
            let tensor = Tensor::from_shape(&shape, &input.values).map_err(|error| error.to_string())?;
            let wanted = plan.model().input_fact(0).map_err(|error| error.to_string())?.datum_type;
            let tensor = tensor.cast_to_dt(wanted).map_err(|error| error.to_string())?.into_owned();
            run(&plan, tensor).map_err(|error| format!("{error:#}"))
        })
        .map_err(|reason| SegmentError::run(&spec.name, reason))
    }
}

impl Loaded {
    fn plans(&self) -> Result<&Plans, &String> {
        let make =
            || guarded(|| Plans::new(Network::read(&mut &*self.program, &self.spec)?, self.spec.processing.input.size));
        self.plans.get_or_init(make).as_ref()
    }
}

impl Segmenter for TractSegmenter {
    fn model(&self) -> &ModelIdentity {
        &self.loaded.identity
    }

    fn segment(&self, picture: &Picture) -> Result<Matte, SegmentError> {
        self.run(picture, None)
    }

    fn segment_lone(&self, picture: &Picture) -> Result<Matte, SegmentError> {
        self.run(picture, self.executor.as_ref())
    }
}

/// Everything besides the weights that changes a matte. The way back to the picture's size does not.
fn processing_text(spec: &ModelSpec) -> String {
    format!("tract {PROCESSING_REVISION} {:?}", spec.processing)
}

/// Hashes what is read through it, so that a file is read once and the digest is of the very bytes that were used.
struct Hashing<R> {
    inner: R,
    hasher: blake3::Hasher,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}
