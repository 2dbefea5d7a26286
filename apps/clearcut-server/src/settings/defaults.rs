//! What every setting is where nobody says otherwise.

use std::{net::IpAddr, num::NonZeroUsize, path::PathBuf, time::Duration};

use clearcut_segment::Provider;

use super::{
    AccessSettings, CacheSettings, EngineSettings, FetchSettings, JobSettings, LimitSettings, ListenSettings,
    LoadSettings, ResultSettings, RuntimeName, SeeingSettings, Settings, StoreSettings,
};
use crate::trust::limits::{Call, Limit};

impl Default for Settings {
    fn default() -> Self {
        let hourly = |calls| Limit { calls, per: Duration::from_hours(1) };
        let minutely = |calls| Limit { calls, per: Duration::from_mins(1) };
        Self {
            listen: ListenSettings {
                host: IpAddr::from([127, 0, 0, 1]),
                port: 8080,
                workers: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
                request_timeout: Duration::from_secs(30),
                drain_timeout: Duration::from_secs(30),
                tls_certificate: None,
                tls_key: None,
            },
            engine: EngineSettings {
                model: None,
                model_file: None,
                family: None,
                compat: None,
                runtime: RuntimeName::Tract,
                ort_library: None,
                provider: Provider::Cpu,
                threads: None,
                max_megapixels: 50,
            },
            cache: CacheSettings {
                enabled: true,
                memory_mb: 256,
                redis_url: None,
                upstash_url: None,
                upstash_token: None,
                database_url: None,
                database_replica_url: None,
                database_pool_size: 10,
                database_max_overflow: 20,
                database_pgbouncer: false,
                debug_sql: false,
                folder: None,
                max_cache_size_mb: 1000,
                redis_ttl: Duration::from_hours(2),
                ttl: Duration::from_hours(24),
                cleanup_interval: Duration::from_hours(1),
                cost_per_image: 0.0,
            },
            load: LoadSettings { max_upload_bytes: 25 << 20, max_requests: 256, max_request_memory_bytes: 2 << 30 },
            access: AccessSettings {
                keys_file: PathBuf::from("clearcut-keys.toml"),
                require_key: false,
                cors_origins: Vec::new(),
                trusted_proxies: Vec::new(),
                signing_keys: Vec::new(),
                session_ttl: Duration::from_hours(7 * 24),
            },
            limits: LimitSettings {
                shared: false,
                calls: vec![
                    (Call::RemoveBackground, hourly(10)),
                    (Call::Preview, hourly(20)),
                    (Call::Base64, hourly(30)),
                    (Call::ReadFile, hourly(15)),
                    (Call::Admin, minutely(60)),
                ],
            },
            fetch: FetchSettings {
                enabled: true,
                timeout: Duration::from_secs(15),
                max_redirects: 3,
                allowed_networks: Vec::new(),
            },
            results: ResultSettings {
                output_folder: None,
                api_base_url: None,
                cdn_base_url: None,
                cdn_max_age: Duration::from_hours(24),
                presets: Vec::new(),
            },
            jobs: JobSettings::default(),
            store: StoreSettings::default(),
            seeing: SeeingSettings {
                log_level: "info".to_owned(),
                log_json: false,
                log_file: None,
                log_files_kept: 7,
                metrics_public: false,
                otlp_endpoint: None,
            },
        }
    }
}
