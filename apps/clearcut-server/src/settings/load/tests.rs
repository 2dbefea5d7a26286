//! Settings from files, environments and flags.

use std::{io::Write as _, time::Duration};

use rstest::rstest;
use secrecy::ExposeSecret as _;
use tempfile::NamedTempFile;

use crate::settings::{Settings, SettingsError, Sources, reference, table::TABLE};

fn load(file: &str, environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let mut written = NamedTempFile::new().unwrap();
    written.write_all(file.as_bytes()).unwrap();
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let sources = Sources {
        file: Some(written.path().to_owned()),
        environment: environment.iter().map(|(name, value)| (name.into(), value.into())).collect(),
        flags: flags.iter().map(own).collect(),
    };
    Settings::load(&sources).map(|loaded| loaded.settings)
}

#[test]
fn a_flag_goes_over_the_environment_over_the_file_over_the_default() {
    let file = "listen.port = 1";
    let environment = [("CLEARCUT_LISTEN_PORT", "2"), ("PORT", "3")];
    let port = |settings: Result<Settings, SettingsError>| settings.unwrap().listen.port;
    assert_eq!(port(load("", &[], &[])), 8080);
    assert_eq!(port(load(file, &[], &[])), 1);
    assert_eq!(port(load(file, &environment[1..], &[])), 3);
    assert_eq!(port(load(file, &environment, &[])), 2, "the own name goes over the alias");
    assert_eq!(port(load(file, &environment, &[("listen.port", "4")])), 4);
    assert_eq!(port(load(file, &environment, &[("listen.port", "4"), ("listen.port", "5")])), 5);
}

#[test]
fn the_names_of_the_documents_are_understood() {
    let settings = load(
        "",
        &[
            ("HOST", "0.0.0.0"),
            ("PORT", "5001"),
            ("REDIS_URL", "redis://:secret@redis:6379/0"),
            ("DATABASE_URL", "postgresql://postgres:postgres@postgres:5432/facial_processing"),
            ("UPSTASH_REDIS_REST_URL", "https://example.upstash.io"),
            ("UPSTASH_REDIS_REST_TOKEN", "token"),
            ("API_BASE_URL", "https://api.example.com"),
            ("CDN_BASE_URL", "https://cdn.example.com"),
            ("AZURE_STORAGE_CONNECTION_STRING", "AccountName=a;AccountKey=hunter2"),
            ("AZURE_BLOB_CONTAINER", "results"),
            ("CACHE_TTL_HOURS", "1.5"),
            ("DEBUG_SQL", "False"),
            ("max_cache_size_mb", "10"),
            ("cleanup_interval", "600"),
            ("RATE_LIMIT_STORAGE", "redis"),
            ("RATE_LIMIT_REMOVE_BG_PER_HOUR", "11"),
            ("RATE_LIMIT_PREVIEW_PER_HOUR", "22"),
            ("RATE_LIMIT_BASE64_PER_HOUR", "33"),
            ("RATE_LIMIT_READ_FILE_PER_HOUR", "0"),
            ("CORS_ORIGINS", "https://yourdomain.com, https://example.com"),
            ("MAX_CONTENT_LENGTH", "16777216"),
            ("LOG_LEVEL", "WARNING"),
            ("LOG_FILE", "/app/logs/bg_remover.log"),
            ("OUTPUT_DIR", "/app/outputs"),
            ("SQLALCHEMY_POOL_SIZE", "7"),
        ],
        &[],
    )
    .unwrap();
    let expected = "[listen]\nhost = \"0.0.0.0\"\nport = 5001\n\
        [cache]\nredis_url = \"redis://:secret@redis:6379/0\"\n\
        database_url = \"postgresql://postgres:postgres@postgres:5432/facial_processing\"\n\
        upstash_url = \"https://example.upstash.io\"\nupstash_token = \"token\"\nttl = \"90m\"\ndebug_sql = false\n\
        max_cache_size_mb = 10\ncleanup_interval = \"10m\"\ndatabase_pool_size = 7\n\
        [results]\napi_base_url = \"https://api.example.com\"\ncdn_base_url = \"https://cdn.example.com\"\n\
        output_folder = \"/app/outputs\"\n\
        [store]\nazure_connection_string = \"AccountName=a;AccountKey=hunter2\"\nazure_container = \"results\"\n\
        [limits]\nshared = true\nremove_background_per_hour = 11\npreview_per_hour = 22\nbase64_per_hour = 33\n\
        read_file_per_hour = 0\n\
        [access]\ncors_origins = [\"https://yourdomain.com\", \"https://example.com\"]\n\
        [load]\nmax_upload_bytes = 16777216\n\
        [seeing]\nlog_level = \"warn\"\nlog_file = \"/app/logs/bg_remover.log\"\n";
    let from_file = load(expected, &[], &[]).unwrap();
    assert_eq!(settings.to_toml(), from_file.to_toml());
    assert_eq!(settings.cache.ttl, Duration::from_mins(90));
    assert_eq!(settings.cache.redis_url.unwrap().expose_secret(), "redis://:secret@redis:6379/0");
}

#[test]
fn a_variable_that_changes_nothing_is_pointed_out() {
    let sources = Sources { environment: vec![("UPLOAD_DIR".into(), "/app/uploads".into())], ..Sources::default() };
    let notices = Settings::load(&sources).unwrap().notices;
    assert_eq!(
        notices,
        ["UPLOAD_DIR is set and changes nothing: uploads are kept in memory and never written to a folder"]
    );
}

#[rstest]
#[case::key("[listen]\nprot = 1", &[], &[], "there is no setting `listen.prot`; the nearest one is `listen.port`")]
#[case::section("[cash]\nttl = 1", &[], &[], "there is no setting `cash.ttl`; the nearest one is `cache.ttl`")]
#[case::bare("redis_url = 'redis://x'", &[], &[], "the nearest one is `cache.redis_url`")]
#[case::deep("[listen.tls]\nkey = 'x'", &[], &[], "`listen.tls`")]
#[case::variable("", &[("CLEARCUT_LISTEN_PROT", "1")], &[],
    "environment variable CLEARCUT_LISTEN_PROT: there is no setting `CLEARCUT_LISTEN_PROT`; the nearest one is `CLEARCUT_LISTEN_PORT`")]
#[case::flag("", &[], &[("listen.hst", "1")], "command line: there is no setting `listen.hst`; the nearest one is `listen.host`")]
#[case::value("", &[("PORT", "http")], &[],
    "environment variable PORT: `listen.port` must be a number from 0 to 65535, not `http`")]
#[case::alias("", &[("CACHE_TTL_HOURS", "soon")], &[],
    "environment variable CACHE_TTL_HOURS: `cache.ttl` must be a number of hours, not `soon`")]
#[case::storage("", &[("RATE_LIMIT_STORAGE", "disk")], &[], "`limits.shared` must be memory or redis, not `disk`")]
#[case::list("access.trusted_proxies = ['10.0.0.0/33']", &[], &[], "a list of networks")]
#[case::kind("listen.port = [1]", &[], &[], "`listen.port` must be a number from 0 to 65535, not `[1]`")]
#[case::time("cache.ttl = '1 fortnight'", &[], &[], "not `1 fortnight`")]
#[case::negative("cache.cost_per_image = -1.0", &[], &[], "a number from 0")]
#[case::syntax("[listen]\n\nport = = 1", &[], &[], ", line 3: ")]
#[case::together("cache.upstash_url = 'https://x.example'", &[], &[], "`cache.upstash_token` must be set together with")]
#[case::shared("", &[("RATE_LIMIT_STORAGE", "redis")], &[],
    "environment variable RATE_LIMIT_STORAGE: `limits.shared` must be false where `cache.redis_url` is not set")]
#[case::queue("jobs.queue = 'kafka'", &[], &[], "`jobs.queue` must be auto, memory or redis, not `kafka`")]
#[case::queue_without_redis("jobs.queue = 'redis'", &[], &[], "`jobs.queue` must be memory or auto where `cache.redis_url` is not set")]
#[case::webhook_attempts("jobs.webhook_attempts = 6", &[], &[], "`jobs.webhook_attempts` must be from 1 to `jobs.max_attempts`")]
#[case::webhook_key("jobs.webhook_key = 'short'", &[], &[], "`jobs.webhook_key` must be at least 16 characters long")]
#[case::lease("jobs.lease = '10ms'", &[], &[], "`jobs.lease` must be from 1s to 366d")]
#[case::azure("", &[("AZURE_BLOB_CONTAINER", "results")], &[], "`store.azure_connection_string` must be set together with")]
#[case::two_stores("store.url = 's3://a'\nstore.azure_connection_string = 'x'\nstore.azure_container = 'y'", &[], &[], "`store.url` must be absent")]
#[case::level("", &[], &[("seeing.log_level", "inof")], "`seeing.log_level` must be off, error, warn")]
#[case::compat("engine.compat = 'carvekit'", &[], &[], "`engine.compat` must be rembg, or nothing")]
#[case::origin("", &[("CORS_ORIGINS", "https://example.com/app")], &[], "without paths")]
#[case::preset("results.presets = [{ name = 'a', format = 'GIF', quality = 70 }]", &[], &[], "format JPEG, PNG or WEBP")]
#[case::preset_quality("results.presets = [{ name = 'a', format = 'PNG', quality = 9 }]", &[], &[], "quality 10 to 100")]
#[case::preset_side("results.presets = [{ name = 'a', format = 'PNG', quality = 70, max_width = 4001 }]", &[], &[], "100 to 4000")]
#[case::preset_twice("results.presets = [{ name = 'a', format = 'PNG', quality = 70 }, { name = 'a', format = 'JPEG', quality = 70 }]", &[], &[],
    "presets with different names")]
#[case::preset_field("results.presets = [{ nome = 'a' }]", &[], &[], "a list of tables with name, format")]
fn what_is_wrong_is_named_with_its_source_and_what_would_be_right(
    #[case] file: &str,
    #[case] environment: &[(&str, &str)],
    #[case] flags: &[(&str, &str)],
    #[case] expected: &str,
) {
    let error = load(file, environment, flags).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
}

#[rstest]
#[case::value("[cache]\nupstash_token = ['hunter2']")]
#[case::syntax("[cache]\nredis_url = \"redis://:hunter2@redis")]
#[case::signing("access.signing_keys = ['hunter2']")]
fn a_secret_is_in_no_message(#[case] file: &str) {
    let error = load(file, &[], &[]).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
}

#[test]
fn a_secret_is_in_no_print_and_no_debug() {
    let file = "[cache]\nredis_url = 'redis://:hunter2@redis'\ndatabase_url = 'postgres://me:hunter2@db/x'\n\
        upstash_url = 'https://x.example'\nupstash_token = 'hunter2'\n[access]\nsigning_keys = ['a:hunter2', 'b:hunter2']\n";
    let settings = load(file, &[], &[]).unwrap();
    let shown = format!("{}{}{settings:?}", settings.to_toml(), settings.to_json());
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(settings.to_toml().contains(r#"signing_keys = ["***", "***"]"#));
}

#[test]
fn what_is_printed_is_a_file_that_says_the_same() {
    let file = "[[results.presets]]\nname = 'social'\nformat = 'WEBP'\nquality = 75\nmax_width = 1080\n\
        [limits]\nnative_per_minute = 5\nadmin_per_minute = 0\n[fetch]\ntimeout = 1.5\nallowed_networks = '10.0.0.0/8,fd00::/8'\n";
    for settings in [Settings::default(), load(file, &[], &[]).unwrap()] {
        let printed = settings.to_toml();
        assert_eq!(load(&printed, &[], &[]).unwrap().to_toml(), printed);
    }
}

#[test]
fn presets_can_be_given_by_a_flag() {
    let flag = ("results.presets", "[{ name = 'social', format = 'WEBP', quality = 75 }]");
    let presets = load("", &[], &[flag]).unwrap().results.presets;
    assert_eq!((presets.len(), presets[0].name.as_str(), presets[0].quality), (1, "social", 75));
}

#[test]
fn an_empty_flag_takes_back_and_an_empty_variable_is_not_set() {
    let file = "cache.redis_url = 'redis://a'";
    assert!(load(file, &[], &[("cache.redis_url", "")]).unwrap().cache.redis_url.is_none());
    assert!(load(file, &[("REDIS_URL", "")], &[]).unwrap().cache.redis_url.is_some());
}

#[test]
fn no_two_settings_share_a_name() {
    let mut names: Vec<String> = TABLE
        .iter()
        .flat_map(|setting| {
            [setting.key.to_owned(), setting.variable()]
                .into_iter()
                .chain(setting.aliases.iter().map(|alias| alias.name.to_owned()))
        })
        .collect();
    names.sort();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
fn the_reference_names_every_setting() {
    let page = reference();
    for setting in TABLE {
        assert!(page.contains(&format!("| `{}` |", setting.key)), "{} has no row: is its section listed?", setting.key);
    }
}
