//! Whether settings fit together.

use std::{collections::HashSet, time::Duration};

use clearcut_segment::Provider;
use secrecy::ExposeSecret as _;
use tracing_subscriber::filter::Targets;
use url::Url;

use super::{QueueKind, RuntimeName, Settings};

/// A bound that no upload comes near; sizes are added and multiplied without looking.
const MAX_BYTES: u64 = 1 << 40;

/// Times of jobs and objects are added to clocks.
const MAX_TTL: Duration = Duration::from_hours(24 * 366);
const MIN_LEASE: Duration = Duration::from_secs(1);
const MIN_BACKOFF: Duration = Duration::from_millis(1);
/// A worker waits for a receiver for so long.
const MAX_WEBHOOK: Duration = Duration::from_mins(5);

/// The first setting that does not fit, and what would.
pub(super) fn check(settings: &Settings) -> Result<(), (&'static str, String)> {
    for (key, fits, expected) in rules(settings) {
        if !fits {
            return Err((key, expected.to_owned()));
        }
    }
    Ok(())
}

fn rules(settings: &Settings) -> impl Iterator<Item = (&'static str, bool, &'static str)> {
    let Settings { listen, engine, cache, load, access, limits, results, jobs, store, seeing, fetch: _ } = settings;
    [
        ("listen.tls_key", listen.tls_certificate.is_none() || listen.tls_key.is_some(), "set together with `listen.tls_certificate`"),
        ("listen.tls_certificate", listen.tls_key.is_none() || listen.tls_certificate.is_some(), "set together with `listen.tls_key`"),
        ("listen.request_timeout", !listen.request_timeout.is_zero(), "longer than 0"),
        ("engine.max_megapixels", engine.max_megapixels > 0, "at least 1"),
        ("engine.family", engine.model_file.is_none() || engine.family.is_some(), "set together with `engine.model_file`"),
        ("engine.compat", engine.compat.as_deref().is_none_or(|tool| tool == "rembg"), "rembg, or nothing"),
        ("engine.runtime", engine.runtime == RuntimeName::Tract || cfg!(feature = "ort"), "tract: this program was built without ONNX Runtime (`cargo build --release -p clearcut-server --features ort` builds it in)"),
        ("engine.ort_library", engine.runtime == RuntimeName::Tract || engine.ort_library.is_some(), "the path of ONNX Runtime's shared library where `engine.runtime` is ort (the PyPI package onnxruntime carries it as onnxruntime/capi/libonnxruntime.so.*)"),
        ("engine.provider", engine.runtime == RuntimeName::Ort || engine.provider == Provider::Cpu, "cpu where `engine.runtime` is tract; set it to ort for another"),
        ("cache.upstash_token", cache.upstash_url.is_none() || cache.upstash_token.is_some(), "set together with `cache.upstash_url`"),
        ("cache.upstash_url", cache.upstash_token.is_none() || cache.upstash_url.is_some(), "set together with `cache.upstash_token`"),
        ("cache.upstash_url", cache.upstash_url.as_deref().is_none_or(is_web), "an address with http or https"),
        ("cache.ttl", !cache.ttl.is_zero(), "longer than 0"),
        ("cache.redis_ttl", !cache.redis_ttl.is_zero(), "longer than 0"),
        ("cache.memory_mb", cache.memory_mb <= MAX_BYTES >> 20, "less than a million"),
        ("load.max_upload_bytes", (1..=MAX_BYTES).contains(&load.max_upload_bytes), "from 1 to 2^40"),
        ("load.max_requests", (1..=1 << 20).contains(&load.max_requests), "from 1 to 2^20"),
        ("load.max_request_memory_bytes", (1..=MAX_BYTES).contains(&load.max_request_memory_bytes), "from 1 to 2^40"),
        ("access.cors_origins", access.cors_origins.iter().all(|origin| is_origin(origin)), "a list of origins such as `https://example.com`, without paths, or `*`"),
        ("access.signing_keys", access.signing_keys.iter().all(|key| is_named_key(key.expose_secret())), "a list of `id:secret`"),
        ("limits.shared", !limits.shared || cache.redis_url.is_some(), "false where `cache.redis_url` is not set"),
        ("results.api_base_url", results.api_base_url.as_deref().is_none_or(is_web), "an address with http or https"),
        ("results.cdn_base_url", results.cdn_base_url.as_deref().is_none_or(is_web), "an address with http or https"),
        ("results.presets", presets_fit(settings), "presets with different names, format JPEG, PNG or WEBP, quality 10 to 100, max_width and max_height 100 to 4000"),
        ("jobs.queue", jobs.queue != QueueKind::Redis || cache.redis_url.is_some(), "memory or auto where `cache.redis_url` is not set"),
        ("jobs.max_queued", (1..=10_000_000).contains(&jobs.max_queued), "from 1 to 10,000,000"),
        ("jobs.max_attempts", (1..=100).contains(&jobs.max_attempts), "from 1 to 100"),
        ("jobs.lease", (MIN_LEASE..=MAX_TTL).contains(&jobs.lease), "from 1s to 366d"),
        ("jobs.backoff", (MIN_BACKOFF..=MAX_TTL).contains(&jobs.backoff), "from 1ms to 366d"),
        ("jobs.progress_ttl", (MIN_LEASE..=MAX_TTL).contains(&jobs.progress_ttl), "from 1s to 366d"),
        ("jobs.result_ttl", (MIN_LEASE..=MAX_TTL).contains(&jobs.result_ttl), "from 1s to 366d"),
        ("jobs.batch_ttl", (MIN_LEASE..=MAX_TTL).contains(&jobs.batch_ttl), "from 1s to 366d"),
        ("jobs.webhook_key", jobs.webhook_key.as_ref().is_none_or(|key| key.expose_secret().len() >= 16), "at least 16 characters long"),
        ("jobs.webhook_attempts", (1..=jobs.max_attempts).contains(&jobs.webhook_attempts), "from 1 to `jobs.max_attempts`"),
        ("jobs.webhook_timeout", (MIN_BACKOFF..=MAX_WEBHOOK).contains(&jobs.webhook_timeout), "from 1ms to 5m"),
        ("store.url", store.url.is_none() || store.azure_connection_string.is_none(), "absent where `store.azure_connection_string` is set"),
        ("store.azure_container", store.azure_connection_string.is_none() || store.azure_container.is_some(), "set together with `store.azure_connection_string`"),
        ("store.azure_connection_string", store.azure_container.is_none() || store.azure_connection_string.is_some(), "set together with `store.azure_container`"),
        ("store.upload_ttl", (MIN_LEASE..=MAX_TTL).contains(&store.upload_ttl), "from 1s to 366d"),
        ("store.result_ttl", (MIN_LEASE..=MAX_TTL).contains(&store.result_ttl), "from 1s to 366d"),
        ("seeing.log_level", is_filter(&seeing.log_level), "off, error, warn, info, debug or trace, alone or for modules: `warn,clearcut_server=debug`"),
        ("seeing.log_files_kept", seeing.log_files_kept > 0, "at least 1"),
        ("seeing.otlp_endpoint", seeing.otlp_endpoint.as_deref().is_none_or(is_web), "an address with http or https"),
    ]
    .into_iter()
}

fn is_web(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn is_origin(origin: &str) -> bool {
    origin == "*" || Url::parse(origin).is_ok_and(|url| is_web(origin) && url.origin().ascii_serialization() == origin)
}

fn is_named_key(key: &str) -> bool {
    key.split_once(':').is_some_and(|(id, secret)| !id.is_empty() && !secret.is_empty())
}

/// A word alone is a level: as a filter it would also be a module, and a misspelled level would silence everything.
fn is_filter(filter: &str) -> bool {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let word = |part: &str| part.contains(['=', '[']) || LEVELS.contains(&part.trim().to_ascii_lowercase().as_str());
    filter.split(',').all(word) && filter.parse::<Targets>().is_ok()
}

fn presets_fit(settings: &Settings) -> bool {
    let mut names = HashSet::new();
    settings.results.presets.iter().all(|preset| {
        let side = |side: Option<u32>| side.is_none_or(|side| (100..=4000).contains(&side));
        !preset.name.is_empty()
            && names.insert(&preset.name)
            && ["JPEG", "PNG", "WEBP"].iter().any(|format| format.eq_ignore_ascii_case(&preset.format))
            && (10..=100).contains(&preset.quality)
            && side(preset.max_width)
            && side(preset.max_height)
    })
}
