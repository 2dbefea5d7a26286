//! The segmenter that runs ONNX networks in ONNX Runtime.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use clearcut_image::{Matte, Picture};
use clearcut_segment::{ModelIdentity, ModelSpec, Provider, Runtime, SegmentError, Segmenter, TractSegmenter, guarded};
use ort::session::Session;

use crate::pool::Pool;
use crate::session::{self, Recipe};
use crate::{OrtError, OrtLibrary, evidence, onnx, provider};

/// How many bytes of weights all sessions of a segmenter together may hold. Each holds the weights once more, and
/// networks beyond this keep all cores busy with a single picture.
const KEPT_WEIGHTS_BYTES: usize = 512 << 20;

/// How a network is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct OrtOptions {
    /// Where.
    pub provider: Provider,
    /// Pictures that come at once. A picture that is alone is spread over as many threads of the CPU.
    pub threads: NonZeroUsize,
}

impl Default for OrtOptions {
    /// On the CPU, on one thread.
    fn default() -> Self {
        Self { provider: Provider::Cpu, threads: NonZeroUsize::MIN }
    }
}

/// Runs an ONNX network in ONNX Runtime.
///
/// The network is checked and opened when it is loaded. A clone shares it, and so do threads. A session of ONNX Runtime
/// serves one picture at a time, so further ones are opened as pictures come together: at most one for each thread, as
/// many as hold half a gigabyte of weights on the CPU, and a single one on any other provider. Pictures beyond
/// them wait for one another.
#[derive(Debug, Clone)]
pub struct OrtSegmenter {
    opened: Arc<Opened>,
}

#[derive(Debug)]
struct Opened {
    spec: ModelSpec,
    identity: ModelIdentity,
    runtime: Runtime,
    sessions: Pool<Session>,
}

impl OrtSegmenter {
    /// Loads an ONNX file.
    ///
    /// # Errors
    ///
    /// [`OrtError::Model`] for a file that is no usable network; [`OrtError::Provider`] where it would not run on the
    /// provider of the options, or only on the CPU in its stead.
    pub fn from_file(
        library: &OrtLibrary,
        path: &Path,
        spec: &ModelSpec,
        options: &OrtOptions,
    ) -> Result<Self, OrtError> {
        let name = path.display().to_string();
        let onnx = read(path).map_err(|reason| OrtError::model(&name, reason))?;
        Self::open(library, onnx.into(), &name, spec, options)
    }

    /// Loads an ONNX file that is in memory already; fails as [`OrtSegmenter::from_file`] does.
    pub fn from_bytes(
        library: &OrtLibrary,
        onnx: Vec<u8>,
        spec: &ModelSpec,
        options: &OrtOptions,
    ) -> Result<Self, OrtError> {
        Self::open(library, onnx.into(), &spec.name, spec, options)
    }

    /// The embedded model, `clearcut-s`, fed and read as `spec` says; fails as [`OrtSegmenter::from_file`] does.
    #[cfg(feature = "embedded-model")]
    pub fn embedded(library: &OrtLibrary, spec: &ModelSpec, options: &OrtOptions) -> Result<Self, OrtError> {
        Self::open(library, ModelSpec::embedded_onnx().into(), &spec.name, spec, options)
    }

    /// What runs the network, and where its operations ran when it was loaded.
    pub fn runtime(&self) -> &Runtime {
        &self.opened.runtime
    }

    /// How this network is fed and read.
    pub fn spec(&self) -> &ModelSpec {
        &self.opened.spec
    }

    fn open(
        library: &OrtLibrary,
        onnx: Cow<'static, [u8]>,
        name: &str,
        spec: &ModelSpec,
        options: &OrtOptions,
    ) -> Result<Self, OrtError> {
        let &OrtOptions { provider, threads } = options;
        let model = |reason: String| OrtError::model(name, reason);
        if let Some(fault) = spec.fault().or_else(|| onnx::fault(&onnx)) {
            return Err(model(fault));
        }
        if !provider::is_built_in(provider) {
            return Err(OrtError::provider(provider, not_built_in(library, provider)));
        }
        let recipe = Recipe { library: library.clone(), provider, name: name.to_owned() };
        // The outer result is of a panic, the inner one of what can be expected.
        let opened = guarded(|| Ok(first(&recipe, &onnx, spec, threads))).map_err(model)?;
        let (session, runtime) = opened?;
        let weights = blake3::hash(&onnx).into();
        let identity = ModelIdentity::of_network(spec, weights, &format!("onnxruntime {} {provider}", library.build()));
        let limit = sessions(onnx.len(), provider, threads);
        // What others are opened from. Where there are none, the network would only lie in memory twice.
        let onnx = if limit.get() > 1 { onnx } else { Cow::Borrowed(&[][..]) };
        let each = NonZeroUsize::new(threads.get() / limit).unwrap_or(NonZeroUsize::MIN);
        let open = move || recipe.open(&onnx, each, None).map_err(|error| error.to_string());
        let sessions = Pool::new(session, limit, open);
        Ok(Self { opened: Arc::new(Opened { spec: spec.clone(), identity, runtime, sessions }) })
    }
}

impl Segmenter for OrtSegmenter {
    fn model(&self) -> &ModelIdentity {
        &self.opened.identity
    }

    fn segment(&self, picture: &Picture) -> Result<Matte, SegmentError> {
        let Opened { spec, sessions, .. } = &*self.opened;
        let input = spec.prepare(picture);
        let failed = |reason| SegmentError::Run { name: spec.name.clone(), reason };
        guarded(|| sessions.with(|session| session::matte(session, spec, &input))).map_err(failed)?
    }
}

/// Opens the session of whoever is alone, checks that it can be fed, and finds out where it really runs.
fn first(
    recipe: &Recipe,
    onnx: &[u8],
    spec: &ModelSpec,
    threads: NonZeroUsize,
) -> Result<(Session, Runtime), OrtError> {
    let &Recipe { ref library, provider, ref name } = recipe;
    let runtime = Runtime::new("onnxruntime", Some(library.version().to_owned()), provider);
    let check = |session: &Session| {
        let inputs = session::inputs(session);
        let fault = spec.signature_fault(&inputs, session.outputs().len()).or_else(|| session::type_fault(session));
        fault.map_or(Ok(()), |fault| Err(OrtError::model(name, fault)))
    };
    if provider == Provider::Cpu {
        let session = recipe.open(onnx, threads, None)?;
        check(&session)?;
        return Ok((session, runtime));
    }
    let elsewhere = |reason: String| OrtError::provider(provider, reason);
    let folder = tempfile::tempdir().map_err(|error| elsewhere(format!("no folder for its profile: {error}")))?;
    let mut session = recipe.open(onnx, threads, Some(&folder.path().join("profile")))?;
    check(&session)?;
    let operations = evidence::gather(&mut session, spec, provider).map_err(elsewhere)?;
    if operations.on_provider == 0 {
        return Err(elsewhere(format!(
            "it took none of the {} operations of {name}, which would all run on the CPU; choose another model, or \
             the provider {}",
            operations.all,
            Provider::Cpu
        )));
    }
    if operations.on_provider < operations.all {
        tracing::warn!(provider = %provider, on_provider = operations.on_provider, all = operations.all,
            "a part of the network runs on the CPU, because the provider does not know all of its operations");
    }
    Ok((session, runtime.with_operations(operations)))
}

/// How many sessions there may be.
fn sessions(weights_bytes: usize, provider: Provider, threads: NonZeroUsize) -> NonZeroUsize {
    if provider != Provider::Cpu {
        return NonZeroUsize::MIN;
    }
    NonZeroUsize::new(KEPT_WEIGHTS_BYTES / weights_bytes.max(1)).unwrap_or(NonZeroUsize::MIN).min(threads)
}

fn not_built_in(library: &OrtLibrary, provider: Provider) -> String {
    let known: Vec<&str> = library.providers().into_iter().map(Provider::as_str).collect();
    format!(
        "{} was built without it and knows {} alone; {}",
        library.path().display(),
        known.join(", "),
        provider::way_out(provider)
    )
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let open = || {
        let file = File::open(path)?;
        let meta = file.metadata()?;
        if meta.is_dir() { Err(io::Error::from(io::ErrorKind::IsADirectory)) } else { Ok((file, meta.len())) }
    };
    let (mut file, bytes) = open().map_err(|error| error.to_string())?;
    if bytes > TractSegmenter::MAX_MODEL_BYTES {
        return Err(format!("it has {bytes} bytes, and the limit is {}", TractSegmenter::MAX_MODEL_BYTES));
    }
    let mut onnx = Vec::new();
    let room = usize::try_from(bytes).map_err(|error| error.to_string())?;
    onnx.try_reserve_exact(room).map_err(|error| format!("there is no memory for its {bytes} bytes: {error}"))?;
    file.read_to_end(&mut onnx).map_err(|error| format!("it cannot be read ({error})"))?;
    Ok(onnx)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_share_their_room_and_accelerators_have_one() {
        let count = |mib: usize, provider, threads| {
            sessions(mib << 20, provider, NonZeroUsize::new(threads).expect("not zero")).get()
        };
        assert_eq!(count(8, Provider::Cpu, 4), 4);
        assert_eq!(count(176, Provider::Cpu, 16), 2);
        assert_eq!(count(970, Provider::Cpu, 16), 1);
        assert_eq!(count(8, Provider::Cuda, 16), 1);
        assert_eq!(sessions(0, Provider::Cpu, NonZeroUsize::MIN).get(), 1);
    }
}
