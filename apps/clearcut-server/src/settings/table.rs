//! Every setting in one table: its key, its names in the environment, and what it is for.

use std::time::Duration;

use toml::Value;

use super::{
    LimitSettings, Settings,
    value::{Raw, SettingValue},
};
use crate::trust::limits::{Call, Limit};

/// One setting.
#[derive(Debug)]
pub(super) struct Setting {
    /// `section.name`, as in the file and in flags.
    pub(super) key: &'static str,
    /// What values it takes.
    pub(super) expected: &'static str,
    /// Whether its value is never shown.
    pub(super) secret: bool,
    /// Its other names in the environment, the first one first.
    pub(super) aliases: &'static [Alias],
    /// What its default is, where that depends on the machine.
    pub(super) default: Option<&'static str>,
    /// What it is for, in a sentence.
    pub(super) help: &'static str,
    pub(super) set: fn(&mut Settings, &Raw) -> bool,
    pub(super) get: fn(&Settings) -> Option<Value>,
}

/// A name that other programs, or the services that this one replaces, have for a setting.
#[derive(Debug)]
pub(super) struct Alias {
    pub(super) name: &'static str,
    /// What it takes, where that is not what the setting takes.
    pub(super) expected: Option<&'static str>,
    /// As the setting would say it.
    pub(super) read: fn(&str) -> Option<String>,
}

/// Names that documents mention and that have nothing to set here, and why.
pub(super) const UNUSED: &[(&str, &str)] =
    &[("UPLOAD_DIR", "uploads are kept in memory and never written to a folder")];

/// Names that begin like those of settings and are read elsewhere.
pub(super) const ELSEWHERE: &[&str] =
    &["CLEARCUT_CATALOGUE", "CLEARCUT_CONFIG", "CLEARCUT_MODELS_DIR", "CLEARCUT_REQUIRE_SERVERS"];

/// What the names of all settings in the environment begin with.
pub(super) const PREFIX: &str = "CLEARCUT_";

impl Setting {
    /// Its own name in the environment.
    pub(super) fn variable(&self) -> String {
        format!("{PREFIX}{}", self.key.replace('.', "_").to_ascii_uppercase())
    }

    /// The setting with this key.
    pub(super) fn find(key: &str) -> Option<&'static Self> {
        TABLE.iter().find(|setting| setting.key == key)
    }
}

const fn same(name: &'static str) -> Alias {
    Alias { name, expected: None, read: |text| Some(text.to_owned()) }
}

const fn hours(name: &'static str) -> Alias {
    Alias {
        name,
        expected: Some("a number of hours"),
        read: |text| text.trim().parse::<f64>().ok().map(|hours| format!("{}s", hours * 3_600.0)),
    }
}

const fn level(name: &'static str) -> Alias {
    Alias {
        name,
        expected: None,
        read: |text| {
            Some(match text.trim().to_ascii_uppercase().as_str() {
                "WARNING" => "warn".to_owned(),
                "CRITICAL" | "FATAL" => "error".to_owned(),
                _ => text.to_owned(),
            })
        },
    }
}

const fn storage(name: &'static str) -> Alias {
    Alias {
        name,
        expected: Some("memory or redis"),
        read: |text| match text.trim() {
            "memory" => Some("false".to_owned()),
            "redis" => Some("true".to_owned()),
            _ => None,
        },
    }
}

const HOUR: Duration = Duration::from_hours(1);
const MINUTE: Duration = Duration::from_mins(1);

const fn expected<T: SettingValue>(_: fn(&Settings) -> &T) -> &'static str {
    T::EXPECTED
}

const fn secret<T: SettingValue>(_: fn(&Settings) -> &T) -> bool {
    T::SECRET
}

fn assign<T: SettingValue>(field: &mut T, raw: &Raw) -> bool {
    match T::read(raw) {
        Some(value) => {
            *field = value;
            true
        }
        None => false,
    }
}

fn assign_limit(limits: &mut LimitSettings, call: Call, per: Duration, raw: &Raw) -> bool {
    let Some(calls) = u32::read(raw) else { return false };
    limits.calls.retain(|(limited, _)| *limited != call);
    if calls > 0 {
        limits.calls.push((call, Limit { calls, per }));
    }
    true
}

/// A row for a field, `section.field [aliases] "help"`, or for a call's limit, `section.name of Call::X per TIME …`.
macro_rules! row {
    ($section:ident . $name:ident of $call:ident per $per:ident [$($alias:expr),*] $help:literal) => {
        Setting {
            key: concat!(stringify!($section), ".", stringify!($name)),
            expected: "a number of calls; 0 for no limit",
            secret: false,
            aliases: &[$($alias),*],
            default: None,
            help: $help,
            set: |settings, raw| assign_limit(&mut settings.$section, Call::$call, $per, raw),
            get: |settings| settings.$section.of(Call::$call).map_or(0, |limit| limit.calls).write(),
        }
    };
    ($section:ident . $name:ident $(= $default:literal)? [$($alias:expr),*] $help:literal) => {
        Setting {
            key: concat!(stringify!($section), ".", stringify!($name)),
            expected: expected(|settings| &settings.$section.$name),
            secret: secret(|settings| &settings.$section.$name),
            aliases: &[$($alias),*],
            default: { let default: &[&str] = &[$($default)?]; default.first().copied() },
            help: $help,
            set: |settings, raw| assign(&mut settings.$section.$name, raw),
            get: |settings| settings.$section.$name.write(),
        }
    };
}

macro_rules! table {
    ($({ $($row:tt)+ })+) => { &[$(row! { $($row)+ }),+] };
}

/// Every setting, in the order of the reference.
pub(super) static TABLE: &[Setting] = table! {
    { listen.host [same("HOST")] "Address to listen on; `0.0.0.0` or `::` for all." }
    { listen.port [same("PORT")] "Port to listen on; 0 for any free one." }
    { listen.workers = "one for each core" [] "Threads that serve connections." }
    { listen.request_timeout [] "Time for the head of a request, and for each pause in its body." }
    { listen.drain_timeout [] "How long a stop waits for requests under way." }
    { listen.tls_certificate [] "Certificate chain in PEM; TLS is served with it and the key." }
    { listen.tls_key [] "Private key in PEM." }

    { engine.model = "the embedded one" [same("CLEARCUT_MODEL")] "A model of the catalogue that has been pulled." }
    { engine.model_file [] "An ONNX file, with `engine.family`." }
    { engine.family [] "How the file's input and output are read: u2net, isnet, birefnet, modnet or inspyrenet." }
    { engine.compat [] "Feed and read the network as another tool does, deviations from its authors included: rembg." }
    { engine.runtime [same("CLEARCUT_RUNTIME")] "What runs the network: tract is part of the program; ort is ONNX Runtime, in a program built with feature `ort`; see [runtimes](runtimes.md)." }
    { engine.ort_library [same("CLEARCUT_ORT_LIBRARY")] "The shared library of ONNX Runtime, for `engine.runtime`." }
    { engine.provider [same("CLEARCUT_PROVIDER")] "Where ONNX Runtime runs the network; the server does not start where it cannot." }
    { engine.threads = "one for each core" [] "Pictures worked on at once." }
    { engine.max_megapixels [] "Largest picture, in millions of pixels." }

    { cache.enabled [] "Whether results are kept at all." }
    { cache.memory_mb [] "Results kept in memory, in MiB; 0 for none." }
    { cache.redis_url [same("REDIS_URL")] "Redis: `redis://` or, with TLS, `rediss://`." }
    { cache.upstash_url [same("UPSTASH_REDIS_REST_URL")] "Upstash over REST, with its token." }
    { cache.upstash_token [same("UPSTASH_REDIS_REST_TOKEN")] "Token of the Upstash database." }
    { cache.database_url = "an embedded SQLite file" [same("DATABASE_URL")] "Database: `postgres://` or `sqlite:FILE`." }
    { cache.database_replica_url [same("DATABASE_REPLICA_URL")] "A Postgres that lags behind and is only read." }
    { cache.database_pool_size [same("DATABASE_POOL_SIZE"), same("SQLALCHEMY_POOL_SIZE")] "Connections to Postgres that are kept." }
    { cache.database_max_overflow [same("DATABASE_MAX_OVERFLOW"), same("SQLALCHEMY_MAX_OVERFLOW")] "Connections to Postgres beyond them, under load." }
    { cache.database_pgbouncer [same("DATABASE_PGBOUNCER")] "PgBouncer in transaction mode stands before Postgres." }
    { cache.debug_sql [same("DEBUG_SQL")] "Log statements, at level debug." }
    { cache.folder = "the platform's cache folder" [same("CLEARCUT_CACHE_DIR")] "Folder of the embedded cache." }
    { cache.max_cache_size_mb [same("MAX_CACHE_SIZE_MB"), same("max_cache_size_mb"), same("CLEARCUT_MAX_CACHE_SIZE_MB")] "Bound of the database's kept bytes, in MiB." }
    { cache.redis_ttl [] "How long Redis keeps a result." }
    { cache.ttl [hours("CACHE_TTL_HOURS")] "How long a result is kept." }
    { cache.cleanup_interval [same("CLEANUP_INTERVAL"), same("cleanup_interval")] "Pause between two cleanups; 0 for none." }
    { cache.cost_per_image [] "What one computed cut-out costs, in any currency: hits save it." }

    { load.max_upload_bytes [same("MAX_CONTENT_LENGTH")] "Largest picture, in bytes." }
    { load.max_requests [] "Requests in the works or waiting; beyond them the answer is 503." }
    { load.max_request_memory_bytes [] "Estimated bytes of all of them; beyond them the answer is 503." }

    { access.keys_file [] "File of the API keys' hashes, written by `clearcut-server keys`." }
    { access.require_key [] "Whether cut-outs need a key; admin calls always do." }
    { access.cors_origins [same("CORS_ORIGINS")] "Origins that browsers may call from, such as `https://example.com`; `*` for all." }
    { access.trusted_proxies [] "Proxies whose `X-Forwarded-For` is believed." }
    { access.signing_keys [] "Keys that sign URLs, `id:secret`; the first one signs, all verify." }
    { access.session_ttl [] "How long a session of the admin page and a signed URL are valid." }

    { limits.shared [storage("RATE_LIMIT_STORAGE")] "Whether calls are counted in Redis, for all servers together." }
    { limits.native_per_minute of Native per MINUTE [] "Native calls." }
    { limits.removebg_per_minute of RemoveBg per MINUTE [] "Calls of the remove.bg wire." }
    { limits.rembg_per_minute of Rembg per MINUTE [] "Calls of the rembg wire." }
    { limits.shopimage_per_minute of ShopImage per MINUTE [] "Calls of the ShopImage wire." }
    { limits.remove_background_per_hour of RemoveBackground per HOUR [same("RATE_LIMIT_REMOVE_BG_PER_HOUR")] "`/remove-background`." }
    { limits.preview_per_hour of Preview per HOUR [same("RATE_LIMIT_PREVIEW_PER_HOUR")] "`/remove-background-preview`." }
    { limits.base64_per_hour of Base64 per HOUR [same("RATE_LIMIT_BASE64_PER_HOUR")] "`/remove-background-base64`." }
    { limits.read_file_per_hour of ReadFile per HOUR [same("RATE_LIMIT_READ_FILE_PER_HOUR")] "`/read-file`." }
    { limits.admin_per_minute of Admin per MINUTE [] "Admin calls and signing in." }

    { fetch.enabled [] "Whether pictures are fetched by URL." }
    { fetch.timeout [] "For a whole picture, redirects included." }
    { fetch.max_redirects [] "Redirects that are followed." }
    { fetch.allowed_networks [] "Networks to fetch from although they are not public." }

    { results.output_folder [same("OUTPUT_DIR")] "Folder that `/read-file` reads from; without one the call is closed." }
    { results.api_base_url = "the request's own host" [same("API_BASE_URL")] "What stands before the paths of answered URLs." }
    { results.cdn_base_url = "as `results.api_base_url`" [same("CDN_BASE_URL")] "What stands before the paths of pictures that a shared cache in front answers." }
    { results.cdn_max_age [] "How long a shared cache in front may keep a result by its URL." }
    { results.presets [] "Named optimizations of the Background Remover API, beside mobile, desktop and thumbnail." }

    { jobs.queue [] "Where jobs wait: in this process (`memory`), for all servers together (`redis`), or by `auto` in Redis where `cache.redis_url` is set." }
    { jobs.workers = "one more than `engine.threads`" [] "Jobs that one process works on at once; one is fetched or stored while the others are cut out." }
    { jobs.max_queued [] "Jobs that wait or run; beyond them the answer is 503." }
    { jobs.max_attempts [] "How often a job is tried before it is given up." }
    { jobs.lease [] "How long a worker that is not heard of keeps its job." }
    { jobs.backoff [] "Pause before the second attempt; it doubles with each." }
    { jobs.progress_ttl [] "How long a progress is kept after its last change." }
    { jobs.result_ttl [] "How long an ended job is known by its id." }
    { jobs.batch_ttl [] "How long the list of a batch's jobs is kept." }
    { jobs.webhook_key [] "Signs webhooks; without it none are sent." }
    { jobs.webhook_attempts [] "How often a webhook is tried." }
    { jobs.webhook_timeout [] "Time for a webhook's receiver to answer." }
    { jobs.worker_port [] "Port at which `clearcut-server worker` answers `/health` and `/metrics`, at `listen.host`; 0 for any free one." }

    { store.url = "a folder beside the embedded cache" [] "Where uploads and results of jobs lie: a folder, `s3://BUCKET`, `az://CONTAINER` or `gs://BUCKET`." }
    { store.azure_connection_string [same("AZURE_STORAGE_CONNECTION_STRING")] "Azure's storage account, with its container." }
    { store.azure_container [same("AZURE_BLOB_CONTAINER")] "Container of the Azure account." }
    { store.upload_ttl [] "How long an upload is kept, and how long a job waits for its own." }
    { store.result_ttl [] "How long a job's result is kept." }

    { seeing.log_level [same("CLEARCUT_LOG"), same("RUST_LOG"), level("LOG_LEVEL")] "What is logged: off, error, warn, info, debug or trace, also by module: `warn,clearcut_server=debug`." }
    { seeing.log_json [] "JSON lines instead of readable ones." }
    { seeing.log_file [same("LOG_FILE")] "A log file beside standard error, turned over daily." }
    { seeing.log_files_kept [] "Log files that are kept." }
    { seeing.metrics_public [] "Whether `/metrics` answers others than this machine and admins." }
    { seeing.otlp_endpoint [same("OTEL_EXPORTER_OTLP_ENDPOINT")] "Where traces are sent, OTLP over HTTP: `http://127.0.0.1:4318`." }
};
