//! Every setting of the server. [`Settings::load`] reads them from a file, the environment and flags.

mod check;
mod defaults;
mod error;
mod jobs;
mod load;
mod nearest;
mod print;
mod reference;
mod runtime_name;
mod source;
mod table;
mod value;

use std::{net::IpAddr, num::NonZeroUsize, path::PathBuf, time::Duration};

use clearcut_segment::Provider;
use ipnet::IpNet;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

pub use error::SettingsError;
pub use jobs::{JobSettings, QueueKind, StoreSettings};
pub use load::Loaded;
pub use reference::reference;
pub use runtime_name::RuntimeName;
pub use source::{Origin, Sources};

use crate::trust::limits::{Call, Limit};

/// Every setting of the server. Secrets never show in `Debug`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens.
    pub listen: ListenSettings,
    /// What finds the foreground, and how many pictures at once.
    pub engine: EngineSettings,
    /// Where results are kept.
    pub cache: CacheSettings,
    /// What may be uploaded, and how many requests wait.
    pub load: LoadSettings,
    /// Who may ask.
    pub access: AccessSettings,
    /// How often.
    pub limits: LimitSettings,
    /// Which pictures are fetched by URL.
    pub fetch: FetchSettings,
    /// Folders and addresses of results.
    pub results: ResultSettings,
    /// Work that is done after the answer.
    pub jobs: JobSettings,
    /// Where uploads and results of jobs lie.
    pub store: StoreSettings,
    /// Logs, metrics and traces.
    pub seeing: SeeingSettings,
}

/// Where the server listens, and how patiently.
#[derive(Debug, Clone)]
pub struct ListenSettings {
    /// Address.
    pub host: IpAddr,
    /// Port; 0 for any free one.
    pub port: u16,
    /// Threads that serve connections.
    pub workers: NonZeroUsize,
    /// Time for a request's head, and for each pause in its body.
    pub request_timeout: Duration,
    /// How long a stop waits for requests under way.
    pub drain_timeout: Duration,
    /// Certificate chain, PEM; TLS is served with it and the key.
    pub tls_certificate: Option<PathBuf>,
    /// Private key, PEM.
    pub tls_key: Option<PathBuf>,
}

/// What finds the foreground.
#[derive(Debug, Clone)]
pub struct EngineSettings {
    /// A model of the catalogue that has been pulled; the embedded one if absent.
    pub model: Option<String>,
    /// An ONNX file, with `family`.
    pub model_file: Option<PathBuf>,
    /// How the file's input and output are to be read.
    pub family: Option<String>,
    /// Another tool whose way of feeding and reading the network is taken over: `rembg`.
    pub compat: Option<String>,
    /// What runs the network.
    pub runtime: RuntimeName,
    /// The shared library of ONNX Runtime, with `runtime`.
    pub ort_library: Option<PathBuf>,
    /// Where ONNX Runtime runs the network; an error where it cannot.
    pub provider: Provider,
    /// Pictures worked on at once; one for each core if absent.
    pub threads: Option<NonZeroUsize>,
    /// Largest picture.
    pub max_megapixels: u32,
}

/// Where results are kept.
#[derive(Debug, Clone)]
pub struct CacheSettings {
    /// Whether anything is kept at all.
    pub enabled: bool,
    /// Bytes kept in memory.
    pub memory_mb: u64,
    /// Redis.
    pub redis_url: Option<SecretString>,
    /// Upstash over REST, with `upstash_token`.
    pub upstash_url: Option<String>,
    /// Of the Upstash database.
    pub upstash_token: Option<SecretString>,
    /// Postgres or SQLite; the embedded SQLite file in `folder` if absent.
    pub database_url: Option<SecretString>,
    /// A Postgres that lags behind and is only read.
    pub database_replica_url: Option<SecretString>,
    /// Connections to Postgres that are kept.
    pub database_pool_size: u32,
    /// Connections beyond them under load.
    pub database_max_overflow: u32,
    /// `PgBouncer` in transaction mode stands before Postgres.
    pub database_pgbouncer: bool,
    /// Statements are logged, at level debug.
    pub debug_sql: bool,
    /// Folder of the embedded cache; the platform's cache folder if absent.
    pub folder: Option<PathBuf>,
    /// Bound of the embedded cache.
    pub max_cache_size_mb: u64,
    /// How long Redis keeps a rendition.
    pub redis_ttl: Duration,
    /// How long the database keeps a rendition.
    pub ttl: Duration,
    /// Pause between two cleanups.
    pub cleanup_interval: Duration,
    /// What one computed cut-out costs, for the savings: any currency.
    pub cost_per_image: f64,
}

/// What may be uploaded, and how many requests wait.
#[derive(Debug, Clone)]
pub struct LoadSettings {
    /// Largest body, in bytes.
    pub max_upload_bytes: u64,
    /// Requests in the works or waiting.
    pub max_requests: usize,
    /// Estimated bytes of all of them.
    pub max_request_memory_bytes: u64,
}

/// Who may ask.
#[derive(Debug, Clone)]
pub struct AccessSettings {
    /// File of the keys' hashes.
    pub keys_file: PathBuf,
    /// Whether cut-outs need a key too; admin calls always do.
    pub require_key: bool,
    /// Origins that browsers may call from; `*` for all, none if empty.
    pub cors_origins: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Keys that sign URLs, `id:secret`; the first one signs, all verify.
    pub signing_keys: Vec<SecretString>,
    /// How long a signed URL and a session are valid.
    pub session_ttl: Duration,
}

/// How often a key or an address may call.
#[derive(Debug, Clone)]
pub struct LimitSettings {
    /// Whether counts are shared through Redis.
    pub shared: bool,
    /// Limits by call; a call without one is not limited.
    pub calls: Vec<(Call, Limit)>,
}

/// Which pictures are fetched by URL.
#[derive(Debug, Clone)]
pub struct FetchSettings {
    /// Whether any are.
    pub enabled: bool,
    /// For the whole picture, redirects included.
    pub timeout: Duration,
    /// Redirects followed.
    pub max_redirects: usize,
    /// Networks that may be fetched from although they are not public, such as an own image store.
    pub allowed_networks: Vec<IpNet>,
}

/// Folders and addresses of results.
#[derive(Debug, Clone)]
pub struct ResultSettings {
    /// Folder that `/read-file` reads from; without one the call is closed.
    pub output_folder: Option<PathBuf>,
    /// Before the paths of URLs that are answered; the request's own host if absent.
    pub api_base_url: Option<String>,
    /// Before the paths of pictures that a shared cache in front answers; as `api_base_url` if absent.
    pub cdn_base_url: Option<String>,
    /// How long a shared cache in front may keep a rendition by its URL.
    pub cdn_max_age: Duration,
    /// Named optimizations of the Background Remover API, beside the three built in.
    pub presets: Vec<Preset>,
}

/// A named optimization of the Background Remover API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// What requests call it.
    pub name: String,
    /// `JPEG`, `PNG` or `WEBP`.
    pub format: String,
    /// 10 to 100.
    pub quality: u8,
    /// 100 to 4000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_width: Option<u32>,
    /// 100 to 4000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_height: Option<u32>,
}

/// Logs, metrics and traces.
#[derive(Debug, Clone)]
pub struct SeeingSettings {
    /// What is logged, as `tracing` filters say it.
    pub log_level: String,
    /// JSON lines instead of readable ones.
    pub log_json: bool,
    /// A file beside standard error, turned over daily.
    pub log_file: Option<PathBuf>,
    /// Files kept.
    pub log_files_kept: usize,
    /// Whether `/metrics` answers others than this machine.
    pub metrics_public: bool,
    /// OTLP over HTTP: where traces are sent.
    pub otlp_endpoint: Option<String>,
}

impl LimitSettings {
    /// The limit of a call, if it has one.
    pub fn of(&self, call: Call) -> Option<Limit> {
        self.calls.iter().find(|(limited, _)| *limited == call).map(|(_, limit)| *limit)
    }
}
