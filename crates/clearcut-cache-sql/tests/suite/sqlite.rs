//! What SQLite alone does: one bounded file, shared by processes, set aside when damaged.

use std::{fs, path::Path, time::Duration};

use clearcut_cache::{CacheTier, Clock, Entry, Pattern, PutOptions, PutOutcome, TierErrorKind, testing::ManualClock};
use clearcut_cache_sql::{CacheReports, CacheUpkeep, CleanupOptions, SqliteConfig, SqliteTier};
use tempfile::TempDir;

use crate::backend::{HOUR, keeping, key};

struct Setting {
    folder: TempDir,
    clock: ManualClock,
}

impl Setting {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), clock: ManualClock::default() }
    }

    fn config(&self) -> SqliteConfig {
        let mut config = SqliteConfig::new(self.folder.path().join("deep").join("cache.sqlite"));
        config.keeping = keeping(&self.clock);
        config
    }

    fn entry(&self, body: &[u8]) -> Entry {
        Entry::new(body.to_vec(), "image/png", self.clock.now(), HOUR)
    }

    async fn put(&self, tier: &SqliteTier, name: &str, body: &[u8]) {
        let outcome = tier.put(&key(name), &self.entry(body), &PutOptions::new(HOUR)).await.unwrap();
        assert_eq!(outcome, PutOutcome::Stored, "{name}");
    }

    fn file_bytes(&self) -> u64 {
        fs::metadata(self.config().path).unwrap().len()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_processes_may_start_at_once() {
    let setting = Setting::new();
    let starters = (0..8).map(|_| tokio::spawn(SqliteTier::open(setting.config())));
    let mut tiers = Vec::new();
    for started in futures::future::join_all(starters).await {
        tiers.push(started.unwrap().unwrap());
    }
    for (i, tier) in tiers.iter().enumerate() {
        setting.put(tier, &format!("a:{i}"), &vec![7; 50_000]).await;
    }
    for tier in &tiers {
        assert_eq!(tier.stats(1).await.unwrap().entries, 8);
    }
}

#[tokio::test]
async fn opening_and_reading_wait_for_nobody_who_writes() {
    let setting = Setting::new();
    let tier = SqliteTier::open(setting.config()).await.unwrap();
    setting.put(&tier, "a:1", b"body").await;
    let raw = sqlx::SqlitePool::connect(&format!("sqlite:{}", setting.config().path.display())).await.unwrap();
    let writing = raw.begin_with("BEGIN IMMEDIATE").await.unwrap();

    let mut config = setting.config();
    config.keeping.call_timeout = Duration::from_millis(300);
    let another = SqliteTier::open(config).await.expect("an open that only reads");
    assert!(another.get(&key("a:1")).await.expect("a read").is_some());
    let refused = another.put(&key("a:2"), &setting.entry(b"body"), &PutOptions::new(HOUR)).await;
    assert_eq!(refused.expect_err("somebody is writing").kind(), TierErrorKind::Timeout);

    writing.rollback().await.unwrap();
    setting.put(&another, "a:2", b"body").await;
}

#[tokio::test]
async fn the_bound_holds_when_three_times_as_much_is_put() {
    const BOUND: u64 = 8 << 20;
    const BODY_BYTES: usize = 100_000;
    let setting = Setting::new();
    let mut config = setting.config();
    config.max_cache_size_bytes = BOUND;
    let tier = SqliteTier::open(config.clone()).await.unwrap();
    let another = SqliteTier::open(config).await.unwrap();
    let puts = 3 * usize::try_from(BOUND).unwrap() / BODY_BYTES;
    for i in 0..puts {
        setting.clock.advance(Duration::from_secs(1));
        setting.put(if i % 2 == 0 { &tier } else { &another }, &format!("a:{i}"), &vec![i as u8; BODY_BYTES]).await;
        // The first one is asked for all the time, and so stays.
        assert!(tier.get(&key("a:0")).await.unwrap().is_some(), "gone after {i} puts");
        tier.flush().await.unwrap();
        assert!(setting.file_bytes() <= BOUND + (1 << 20), "{} bytes after {i} puts", setting.file_bytes());
    }
    let stats = tier.stats(1).await.unwrap();
    assert!(stats.bytes > BOUND / 2, "only {} bytes are left", stats.bytes);
    assert!(tier.get(&key("a:1")).await.unwrap().is_none(), "it was read longest ago");
    assert!(tier.get(&key(&format!("a:{}", puts - 1))).await.unwrap().is_some(), "it is the newest");
}

#[tokio::test]
async fn a_value_that_would_drive_out_all_others_is_declined() {
    let setting = Setting::new();
    let tier = SqliteTier::open(setting.config().max_cache_size_mb(4)).await.unwrap();
    let entry = setting.entry(&vec![7; (1 << 20) + 1]);
    let outcome = tier.put(&key("a:1"), &entry, &PutOptions::new(HOUR)).await.unwrap();
    assert_eq!(outcome, PutOutcome::Declined);
}

#[tokio::test]
async fn room_that_is_free_is_given_back() {
    let setting = Setting::new();
    let tier = SqliteTier::open(setting.config()).await.unwrap();
    for i in 0..40 {
        setting.put(&tier, &format!("a:{i}"), &vec![7; 100_000]).await;
    }
    tier.cleanup(&CleanupOptions::default()).await.unwrap();
    let full = setting.file_bytes();
    assert!(full > 4_000_000, "{full}");
    assert_eq!(tier.clear(&Pattern::all()).await.unwrap(), 40);
    tier.cleanup(&CleanupOptions::default()).await.unwrap();
    assert!(setting.file_bytes() < 500_000, "{} of {full} bytes", setting.file_bytes());
}

/// Damages the file with `damage`, and expects a new one beside the old one.
async fn check_set_aside(damage: impl FnOnce(&Path)) {
    let setting = Setting::new();
    let path = setting.config().path;
    let tier = SqliteTier::open(setting.config()).await.unwrap();
    for i in 0..50 {
        setting.put(&tier, &format!("a:{i}"), &vec![7; 20_000]).await;
    }
    tier.close().await.unwrap();
    damage(&path);
    let damaged_bytes = fs::metadata(&path).unwrap().len();

    let tier = SqliteTier::open(setting.config()).await.unwrap();
    assert_eq!(tier.get(&key("a:1")).await.unwrap(), None);
    setting.put(&tier, "a:new", b"works").await;
    assert!(tier.get(&key("a:new")).await.unwrap().is_some());
    let aside: Vec<_> = fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.display().to_string().contains("cache.sqlite.damaged-"))
        .filter(|path| path.display().to_string().ends_with(char::is_numeric))
        .collect();
    assert_eq!(aside.len(), 1, "{aside:?}");
    assert_eq!(fs::metadata(&aside[0]).unwrap().len(), damaged_bytes, "what could be rescued is gone");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_set_aside() {
    check_set_aside(|path| fs::write(path, b"not a database, but longer than the header of one. ".repeat(40)).unwrap())
        .await;
}

#[tokio::test]
async fn a_file_with_a_damaged_schema_is_set_aside() {
    check_set_aside(|path| {
        let mut bytes = fs::read(path).unwrap();
        bytes[100..4_000].fill(0xa5);
        fs::write(path, bytes).unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_file_with_damaged_rows_is_set_aside() {
    check_set_aside(|path| {
        let mut bytes = fs::read(path).unwrap();
        for page in bytes.chunks_mut(16_384).skip(1) {
            page[..64].fill(0xa5);
        }
        fs::write(path, bytes).unwrap();
    })
    .await;
}

#[tokio::test]
async fn damage_met_by_a_running_process_is_mended_at_the_next_start() {
    let setting = Setting::new();
    let path = setting.config().path;
    let tier = SqliteTier::open(setting.config()).await.unwrap();
    for i in 0..100 {
        setting.put(&tier, &format!("a:{i}"), &vec![i as u8; 100_000]).await;
    }
    // All of it is in the file, and more than a connection remembers.
    tier.cleanup(&CleanupOptions::default()).await.unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let count = bytes.len() / 16_384;
    // Not the first pages: what the next start glances at is well.
    for page in bytes.chunks_mut(16_384).skip(count / 2) {
        page.fill(0xa5);
    }
    fs::write(&path, bytes).unwrap();

    let mut failed = 0;
    for i in 0..100 {
        match tier.get(&key(&format!("a:{i}"))).await {
            Ok(found) => assert!(found.is_none_or(|entry| entry.body.iter().all(|byte| *byte == i)), "a:{i} is wrong"),
            Err(_) => failed += 1,
        }
    }
    assert!(failed > 0, "no damage was met");
    tier.close().await.unwrap_or_default();
    let tier = SqliteTier::open(setting.config()).await.unwrap();
    assert_eq!(tier.stats(1).await.unwrap().entries, 0, "the damaged file is still in use");
    setting.put(&tier, "a:new", b"works").await;
    assert!(!path.with_extension("sqlite.suspect").exists());
}

#[tokio::test]
async fn another_programs_database_is_left_alone() {
    let setting = Setting::new();
    let path = setting.config().path;
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let other = sqlx::SqlitePool::connect(&format!("sqlite:{}?mode=rwc", path.display())).await.unwrap();
    sqlx::raw_sql("CREATE TABLE photos (id INTEGER); INSERT INTO photos VALUES (1);").execute(&other).await.unwrap();
    other.close().await;
    let error = SqliteTier::open(setting.config()).await.expect_err("it is not ours");
    assert_eq!(error.kind(), TierErrorKind::Configuration, "{error}");
    assert!(error.to_string().contains("another program"), "{error}");
    let other = sqlx::SqlitePool::connect(&format!("sqlite:{}", path.display())).await.unwrap();
    let rows: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM photos").fetch_one(&other).await.unwrap();
    assert_eq!(rows, 1);
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_a_configuration_error_that_names_it() {
    let setting = Setting::new();
    let file = setting.folder.path().join("file");
    fs::write(&file, "").unwrap();
    // A folder in place of the file, and a file in place of the folder: refused to a superuser too.
    for path in [setting.folder.path().to_owned(), file.join("cache.sqlite"), "/proc/clearcut/cache.sqlite".into()] {
        let mut config = setting.config();
        config.path = path;
        let error = SqliteTier::open(config).await.expect_err("it cannot be written");
        assert_eq!(error.kind(), TierErrorKind::Configuration, "{error}");
        assert!(error.to_string().contains(if cfg!(unix) { "/" } else { "\\" }), "{error}");
    }
}
