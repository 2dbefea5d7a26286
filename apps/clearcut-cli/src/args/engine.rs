//! Which model, which cache, how many threads: the options of every command that runs the engine.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::{
    Args, ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser as _},
};
use clearcut_segment::Provider;

/// Which model, which cache, how many threads.
#[derive(Debug, Clone, Args)]
pub struct EngineArgs {
    /// A model of the catalogue; see `clearcut models list`.
    #[arg(short, long, env = "CLEARCUT_MODEL", value_name = "NAME", help_heading = "The engine")]
    pub model: Option<String>,
    /// An ONNX file of your own; needs --family.
    #[arg(long, value_name = "FILE", requires = "family", conflicts_with = "model", help_heading = "The engine")]
    pub model_file: Option<PathBuf>,
    /// Models of your own beside those of the catalogue, as a TOML file in its form.
    #[arg(long, env = "CLEARCUT_CATALOGUE", value_name = "FILE", help_heading = "The engine")]
    pub catalogue: Option<PathBuf>,
    /// Folder of the models; the platform's cache folder by default.
    #[arg(long, env = "CLEARCUT_MODELS_DIR", value_name = "FOLDER", help_heading = "The engine")]
    pub models_dir: Option<PathBuf>,
    /// How the network of --model-file is fed and read.
    #[arg(long, value_name = "FAMILY", help_heading = "The engine")]
    pub family: Option<String>,
    /// Feed and read the network as another tool does, deviations from its authors included.
    #[arg(long, value_name = "TOOL", value_parser = ["rembg"], help_heading = "The engine")]
    pub compat: Option<String>,
    /// What runs the network: `ort` is ONNX Runtime, in a program built with it.
    #[arg(
        long,
        env = "CLEARCUT_RUNTIME",
        value_name = "RUNTIME",
        value_enum,
        default_value_t = RuntimeName::Tract,
        help_heading = "The engine"
    )]
    pub runtime: RuntimeName,
    /// The shared library of ONNX Runtime, for --runtime ort.
    #[arg(long, env = "CLEARCUT_ORT_LIBRARY", value_name = "FILE", help_heading = "The engine")]
    pub ort_library: Option<PathBuf>,
    /// Where ONNX Runtime runs the network; an error where it cannot.
    #[arg(
        long,
        env = "CLEARCUT_PROVIDER",
        value_name = "PROVIDER",
        value_parser = PossibleValuesParser::new(Provider::ALL.map(Provider::as_str)).try_map(|name| name.parse::<Provider>()),
        default_value_t = Provider::Cpu,
        help_heading = "The engine"
    )]
    pub provider: Provider,
    /// Pictures worked on at once; one for each core by default.
    #[arg(short, long, value_name = "N", help_heading = "The engine")]
    pub jobs: Option<NonZeroUsize>,
    /// Largest picture, in millions of pixels.
    #[arg(long, value_name = "MP", default_value_t = 50, help_heading = "The engine")]
    pub max_megapixels: u32,
    /// Where results are kept.
    #[command(flatten)]
    pub cache: CachePlace,
}

/// What runs the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RuntimeName {
    /// Part of the program, on the CPU.
    Tract,
    /// ONNX Runtime, from a shared library.
    Ort,
}

/// Where results are kept.
#[derive(Debug, Clone, Args)]
pub struct CachePlace {
    /// Keep nothing and look nothing up.
    #[arg(long, help_heading = "The cache")]
    pub no_cache: bool,
    /// Folder of the embedded cache; the platform's cache folder by default.
    #[arg(long, env = "CLEARCUT_CACHE_DIR", value_name = "FOLDER", help_heading = "The cache")]
    pub cache_dir: Option<PathBuf>,
    /// Size of the embedded cache in megabytes.
    #[arg(
        long,
        env = "CLEARCUT_MAX_CACHE_SIZE_MB",
        value_name = "MB",
        default_value_t = 1000,
        help_heading = "The cache"
    )]
    pub max_cache_size_mb: u64,
    /// A Redis that processes and servers share: `redis://` or `rediss://`.
    #[arg(long, env = "REDIS_URL", hide_env_values = true, value_name = "URL", help_heading = "The cache")]
    pub redis_url: Option<String>,
    /// A Postgres that takes the place of the embedded cache: `postgres://`.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL", help_heading = "The cache")]
    pub database_url: Option<String>,
}
