//! The segmenter that the options name: which model, in which runtime.

use std::{num::NonZeroUsize, path::PathBuf, sync::Arc};

use clearcut_segment::{ModelSpec, Provider, Runtime, Segmenter, TractSegmenter};

use crate::{
    args::{EngineArgs, RuntimeName},
    exit::Failure,
    models::{self, model_failure},
};

/// A segmenter, and what runs it.
#[derive(Debug)]
pub struct Found {
    /// The segmenter.
    pub segmenter: Arc<dyn Segmenter>,
    /// What really runs its network.
    pub runtime: Runtime,
    /// The runtime's shared library, for people; nothing for a runtime that is part of the program.
    pub library: Option<String>,
}

/// A model of the options, and where its weights lie.
enum Weights {
    Embedded(Box<ModelSpec>),
    File(PathBuf, Box<ModelSpec>),
}

impl Found {
    /// The segmenter of the options.
    pub fn of(args: &EngineArgs) -> Result<Self, Failure> {
        let threads = args.jobs.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
        if args.runtime == RuntimeName::Ort {
            return ort(args, threads);
        }
        if args.provider != Provider::Cpu {
            let message = format!("tract runs on the CPU alone; add --runtime ort for --provider {}", args.provider);
            return Err(Failure::usage(message));
        }
        let segmenter = match Weights::of(args)? {
            Weights::Embedded(spec) => Ok(TractSegmenter::embedded_as(&spec)),
            Weights::File(path, spec) => TractSegmenter::from_file(&path, &spec),
        };
        let segmenter = segmenter.and_then(|segmenter| segmenter.with_threads(threads)).map_err(model_failure)?;
        Ok(Self { segmenter: Arc::new(segmenter), runtime: Runtime::tract(), library: None })
    }
}

impl Weights {
    fn of(args: &EngineArgs) -> Result<Self, Failure> {
        let catalogue = models::catalogue(args.catalogue.as_deref())?;
        let as_asked = |spec: &ModelSpec| match args.compat {
            Some(_) => models::as_rembg(spec).map(Box::new),
            None => Ok(Box::new(spec.clone())),
        };
        match (&args.model_file, &args.family, &args.model) {
            (Some(path), Some(family), _) => {
                let name = path.file_stem().map_or("custom".into(), |stem| stem.to_string_lossy().into_owned());
                let spec = catalogue.family(family, &name).ok_or_else(|| {
                    let families: Vec<&str> = catalogue.families().map(|(name, _)| name).collect();
                    Failure::usage(format!("there is no family `{family}`; choose one of {}", families.join(", ")))
                })?;
                Ok(Self::File(path.clone(), as_asked(&spec)?))
            }
            (_, _, Some(name)) if name != &ModelSpec::embedded().name => {
                let spec = models::spec(&catalogue, name)?;
                let store = models::store(args.models_dir.as_deref())?;
                Ok(Self::File(store.require_valid(spec).map_err(model_failure)?, as_asked(spec)?))
            }
            _ => Ok(Self::Embedded(as_asked(ModelSpec::embedded())?)),
        }
    }
}

#[cfg(feature = "ort")]
fn ort(args: &EngineArgs, threads: NonZeroUsize) -> Result<Found, Failure> {
    use crate::exit::Exit;
    use clearcut_segment_ort::{OrtError, OrtLibrary, OrtOptions, OrtSegmenter};

    let failure = |error: OrtError| match error {
        OrtError::Model(error) => model_failure(error),
        error => Failure::new(Exit::Model, "runtime_unavailable", error.to_string()),
    };
    let Some(path) = &args.ort_library else {
        return Err(Failure::usage(
            "--runtime ort needs the shared library of ONNX Runtime; name it with --ort-library (the PyPI package \
             onnxruntime carries it as onnxruntime/capi/libonnxruntime.so.*)",
        ));
    };
    let weights = Weights::of(args)?;
    let library = OrtLibrary::load(path).map_err(failure)?;
    let mut options = OrtOptions::default();
    options.provider = args.provider;
    options.threads = threads;
    let segmenter = match weights {
        Weights::Embedded(spec) => OrtSegmenter::embedded(&library, &spec, &options),
        Weights::File(path, spec) => OrtSegmenter::from_file(&library, &path, &spec, &options),
    };
    let segmenter = segmenter.map_err(failure)?;
    let providers: Vec<&str> = library.providers().into_iter().map(Provider::as_str).collect();
    Ok(Found {
        runtime: segmenter.runtime().clone(),
        library: Some(format!("{}, built for {}", library.path().display(), providers.join(", "))),
        segmenter: Arc::new(segmenter),
    })
}

#[cfg(not(feature = "ort"))]
fn ort(_: &EngineArgs, _: NonZeroUsize) -> Result<Found, Failure> {
    Err(Failure::usage(
        "this program was built without ONNX Runtime; build it with `cargo build --release -p clearcut-cli --features \
         ort`, or leave --runtime ort out",
    ))
}
