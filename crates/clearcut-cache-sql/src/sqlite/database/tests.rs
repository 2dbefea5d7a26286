use std::{sync::Arc, time::Duration};

use clearcut_cache::{CacheKey, CacheTier, Clock, Entry, PutOptions, TierErrorKind, testing::ManualClock};

use crate::{Keeping, SqliteConfig, SqliteTier};

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn a_full_disk_refuses_puts_and_loses_nothing() {
    let folder = tempfile::TempDir::new().unwrap();
    let clock = ManualClock::default();
    let mut config = SqliteConfig::new(folder.path().join("cache.sqlite"));
    config.keeping = Keeping { clock: Arc::new(clock.clone()), cleanup_interval: None, ..Keeping::default() };
    let tier = SqliteTier::open(config).await.unwrap();
    let key = |i: usize| CacheKey::parse(&format!("a:{i}")).unwrap();
    let entry = |i: usize| Entry::new(vec![i as u8; 100_000], "image/png", clock.now(), HOUR);
    let put = async |i| tier.put(&key(i), &entry(i), &PutOptions::new(HOUR)).await;
    for i in 0..5 {
        put(i).await.unwrap();
    }

    // SQLite's own "database or disk is full", on the one connection that writes.
    let limit = async |pages: &'static str| sqlx::raw_sql(pages).execute(&tier.store.database.writer).await.unwrap();
    let mut refused = 0;
    for i in 5..20 {
        // Again each time: a refusal replaces the connection.
        limit("PRAGMA max_page_count = 50").await;
        if let Err(error) = put(i).await {
            assert_eq!(error.kind(), TierErrorKind::Full, "{error}");
            refused += 1;
            assert_eq!(tier.get(&key(i)).await.unwrap(), None, "half an entry");
        }
    }
    assert!(refused >= 10, "{refused}");
    for i in 0..5 {
        assert!(tier.get(&key(i)).await.unwrap() == Some(entry(i)), "a:{i} was lost");
    }
    // A replacement that finds no room leaves what was there.
    limit("PRAGMA max_page_count = 50").await;
    let large = Entry::new(vec![9; 900_000], "image/png", clock.now(), HOUR);
    tier.put(&key(0), &large, &PutOptions::new(HOUR)).await.expect_err("there is no room");
    assert!(tier.get(&key(0)).await.unwrap() == Some(entry(0)));

    put(19).await.unwrap();
    assert!(tier.get(&key(19)).await.unwrap() == Some(entry(19)));
}

#[tokio::test]
async fn the_file_is_as_the_tier_needs_it() {
    let folder = tempfile::TempDir::new().unwrap();
    let tier = SqliteTier::open(SqliteConfig::new(folder.path().join("cache.sqlite"))).await.unwrap();
    for pool in [&tier.store.database.writer, &tier.store.database.readers] {
        let mut found = Vec::new();
        for pragma in ["auto_vacuum", "page_size", "synchronous", "foreign_keys", "busy_timeout"] {
            let sql = sqlx::AssertSqlSafe(format!("PRAGMA {pragma}"));
            found.push(sqlx::query_scalar::<_, i64>(sql).fetch_one(pool).await.unwrap());
        }
        assert_eq!(found, [2, 16_384, 1, 1, 2_000]);
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(pool).await.unwrap();
        assert_eq!(mode, "wal");
    }
}
