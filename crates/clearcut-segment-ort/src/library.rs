//! The shared library of ONNX Runtime, loaded once for the process.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use clearcut_segment::{Provider, guarded};
use ort::environment::Environment;
use ort::logging::LogLevel;
use ort::{LoadDynamicError, MINOR_VERSION};

use crate::OrtError;
use crate::error::brief;
use crate::provider;

/// A process has one ONNX Runtime: its functions are looked up once.
static LOADED: Mutex<Option<OrtLibrary>> = Mutex::new(None);

/// The shared library of ONNX Runtime. Cheap to clone.
///
/// It stays loaded until the process ends.
#[derive(Debug, Clone)]
pub struct OrtLibrary {
    loaded: Arc<Loaded>,
}

#[derive(Debug)]
struct Loaded {
    path: PathBuf,
    version: String,
    build: &'static str,
    environment: Environment,
}

impl OrtLibrary {
    /// The minor version of the oldest library that is accepted, ONNX Runtime 1.17 of January 2024.
    pub const OLDEST_MINOR: u32 = MINOR_VERSION;

    /// Loads the library in a file, such as `libonnxruntime.so.1.32.0`, `libonnxruntime.dylib` or `onnxruntime.dll`.
    ///
    /// # Errors
    ///
    /// [`OrtError::Library`] for anything but ONNX Runtime of a sufficient version, and for a second library: a process
    /// can have only one.
    pub fn load(path: &Path) -> Result<Self, OrtError> {
        let refused = |reason: String| OrtError::library(path, reason);
        // The loader looks for names without a folder in places that nobody asked for.
        let found = fs::canonicalize(path).map_err(|error| {
            refused(format!(
                "{error}; the PyPI package onnxruntime carries it as onnxruntime/capi/libonnxruntime.so.*, and so do the \
                 archives of the ONNX Runtime project"
            ))
        })?;
        if found.is_dir() {
            return Err(refused("it is a folder; name the library in it".to_owned()));
        }
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(library) = &*loaded {
            return if library.path() == found {
                Ok(library.clone())
            } else {
                let reason = format!("this process runs on {} already", library.path().display());
                Err(refused(reason))
            };
        }
        let library = guarded(|| Self::open(found)).map_err(refused)?;
        *loaded = Some(library.clone());
        Ok(library)
    }

    /// Where it lies, without links.
    pub fn path(&self) -> &Path {
        &self.loaded.path
    }

    /// Its version, such as `1.32`.
    pub fn version(&self) -> &str {
        &self.loaded.version
    }

    /// Where its build can run networks, this machine's hardware and drivers left aside.
    pub fn providers(&self) -> Vec<Provider> {
        Provider::ALL.into_iter().filter(|&provider| provider::is_built_in(provider)).collect()
    }

    /// What tells this build from any other: its version, its commit, how it was compiled.
    pub(crate) fn build(&self) -> &'static str {
        self.loaded.build
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.loaded.environment
    }

    fn open(path: PathBuf) -> Result<Self, String> {
        let builder = ort::init_from(&path).map_err(|error| explained(&error))?;
        let environment = builder
            .with_name("clearcut")
            .with_telemetry(false)
            .with_logger(Arc::new(log))
            .build()
            .map_err(|error| brief(error.message()))?;
        environment.set_log_level(LogLevel::Warning);
        let minor = ort::util::probe(&path).unwrap_or(MINOR_VERSION);
        let loaded = Loaded { path, version: format!("1.{minor}"), build: ort::info(), environment };
        Ok(Self { loaded: Arc::new(loaded) })
    }
}

fn explained(error: &LoadDynamicError) -> String {
    match error {
        LoadDynamicError::Dlopen { error, .. } => {
            format!(
                "the system cannot load it ({}); it must be a shared library for this machine",
                brief(&error.to_string())
            )
        }
        LoadDynamicError::MissingApi { .. } => {
            "it is a library, but not ONNX Runtime's; name libonnxruntime.so.* itself, not one of its companions"
                .to_owned()
        }
        LoadDynamicError::BadVersion { version_str, .. } => {
            format!("its version is {version_str}, and 1.{MINOR_VERSION} is the oldest that works; install a newer one")
        }
        LoadDynamicError::InvalidVersionString => "it does not say its version".to_owned(),
    }
}

/// ONNX Runtime's own lines. What fails comes back as an error too and is told where it is handled.
fn log(level: LogLevel, _category: &str, _id: &str, place: &str, message: &str) {
    let message = brief(message);
    match level {
        LogLevel::Verbose | LogLevel::Info => tracing::trace!(target: "onnxruntime", place, "{message}"),
        _ => tracing::debug!(target: "onnxruntime", place, "{message}"),
    }
}
