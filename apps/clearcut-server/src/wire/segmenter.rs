//! The segmenter that the settings name: which model, in which runtime.

use std::{num::NonZeroUsize, path::PathBuf, sync::Arc};

use anyhow::{Context as _, Result, bail};
use clearcut_segment::{Catalogue, ModelSpec, ModelStore, Runtime, Segmenter, TractSegmenter};

use crate::settings::{EngineSettings, RuntimeName};

/// A segmenter, and what runs it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) segmenter: Arc<dyn Segmenter>,
    /// What really runs its network.
    pub(super) runtime: Runtime,
}

/// A model of the settings, and where its weights lie.
enum Weights {
    Embedded(Box<ModelSpec>),
    File(PathBuf, Box<ModelSpec>),
}

impl Found {
    /// The segmenter of the settings. A runtime or provider that cannot run is an error: nothing takes its place.
    pub(super) fn of(settings: &EngineSettings) -> Result<Self> {
        let threads =
            settings.threads.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
        match settings.runtime {
            RuntimeName::Tract => tract(settings, threads),
            RuntimeName::Ort => ort(settings, threads),
        }
    }
}

impl Weights {
    fn of(settings: &EngineSettings) -> Result<Self> {
        let catalogue = Catalogue::builtin();
        let as_asked = |spec: &ModelSpec| match settings.compat {
            Some(_) => spec.as_rembg().map(Box::new).with_context(|| {
                format!("rembg does not run models of the family {}; take engine.compat out", spec.family)
            }),
            None => Ok(Box::new(spec.clone())),
        };
        Ok(match (&settings.model_file, &settings.family, &settings.model) {
            (Some(file), Some(family), _) => {
                let name = file.file_stem().map_or("custom".into(), |stem| stem.to_string_lossy().into_owned());
                let spec = catalogue.family(family, &name).with_context(|| format!("there is no family `{family}`"))?;
                Self::File(file.clone(), as_asked(&spec)?)
            }
            (Some(_), None, _) => bail!("a model file needs a family: u2net, isnet, birefnet, modnet or inspyrenet"),
            (_, _, Some(name)) if name != &ModelSpec::embedded().name => {
                let spec = catalogue.model(name).with_context(|| match catalogue.reason_left_out(name) {
                    Some(reason) => format!("the model `{name}` cannot be used: {reason}"),
                    None => format!("there is no model `{name}` in the catalogue"),
                })?;
                Self::File(model_store()?.require_valid(spec)?, as_asked(spec)?)
            }
            _ => Self::Embedded(as_asked(ModelSpec::embedded())?),
        })
    }
}

fn tract(settings: &EngineSettings, threads: NonZeroUsize) -> Result<Found> {
    let segmenter = match Weights::of(settings)? {
        // Made once in a process, whatever the number of its services.
        Weights::Embedded(_) if settings.compat.is_none() => TractSegmenter::embedded(),
        Weights::Embedded(spec) => TractSegmenter::embedded_as(&spec),
        Weights::File(path, spec) => TractSegmenter::from_file(&path, &spec)?,
    };
    Ok(Found { segmenter: Arc::new(segmenter.with_threads(threads)?), runtime: Runtime::tract() })
}

#[cfg(feature = "ort")]
fn ort(settings: &EngineSettings, threads: NonZeroUsize) -> Result<Found> {
    use clearcut_segment_ort::{OrtLibrary, OrtOptions, OrtSegmenter};

    let path = settings.ort_library.as_ref().context("engine.ort_library names no shared library of ONNX Runtime")?;
    let weights = Weights::of(settings)?;
    let library = OrtLibrary::load(path)?;
    let mut options = OrtOptions::default();
    options.provider = settings.provider;
    options.threads = threads;
    let segmenter = match weights {
        Weights::Embedded(spec) => OrtSegmenter::embedded(&library, &spec, &options)?,
        Weights::File(path, spec) => OrtSegmenter::from_file(&library, &path, &spec, &options)?,
    };
    Ok(Found { runtime: segmenter.runtime().clone(), segmenter: Arc::new(segmenter) })
}

#[cfg(not(feature = "ort"))]
fn ort(_: &EngineSettings, _: NonZeroUsize) -> Result<Found> {
    bail!(
        "this program was built without ONNX Runtime; build it with `cargo build --release -p clearcut-server \
         --features ort`, or take engine.runtime out"
    )
}

/// The folder of pulled models: `CLEARCUT_MODELS_DIR`, as the command line has it, or the platform's.
fn model_store() -> Result<ModelStore> {
    match std::env::var_os("CLEARCUT_MODELS_DIR") {
        Some(folder) => Ok(ModelStore::at(folder)),
        None => Ok(ModelStore::platform()?),
    }
}
