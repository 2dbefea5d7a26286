use std::time::{Instant, SystemTime};

use moka::Expiry as _;

use super::*;
use crate::testing::ManualClock;

const HOUR: Duration = Duration::from_hours(1);

fn key(text: &str) -> CacheKey {
    CacheKey::parse(text).unwrap()
}

fn entry(body: Vec<u8>) -> Entry {
    Entry::new(body, "image/png", SystemTime::UNIX_EPOCH, HOUR)
}

fn tier(options: MemoryOptions) -> (MemoryTier, ManualClock) {
    let clock = ManualClock::default();
    (MemoryTier::new(options, Arc::new(clock.clone())), clock)
}

async fn put(tier: &MemoryTier, name: &str, bytes: usize, ttl: Duration) -> PutOutcome {
    tier.put(&key(name), &entry(vec![0; bytes]), &PutOptions::new(ttl)).await.unwrap()
}

#[tokio::test]
async fn the_bound_in_bytes_holds() {
    let (tier, _) = tier(MemoryOptions::new(1_000_000));
    for i in 0..200 {
        put(&tier, &format!("a:{i}"), 20_000, HOUR).await;
    }
    let used = tier.used_bytes().await;
    assert!((500_000..=1_000_000).contains(&used), "{used} bytes of 1,000,000 are used");
}

#[tokio::test]
async fn an_entry_over_its_share_is_declined_and_replaces_to_nothing() {
    let (tier, _) = tier(MemoryOptions::new(80_000));
    assert_eq!(put(&tier, "a", 9_000, HOUR).await, PutOutcome::Stored);
    assert_eq!(put(&tier, "a", 11_000, HOUR).await, PutOutcome::Declined);
    assert_eq!(tier.get(&key("a")).await.unwrap(), None);
}

#[tokio::test]
async fn an_entry_goes_by_the_wall_clock_that_was_passed_in() {
    let (tier, clock) = tier(MemoryOptions::default());
    put(&tier, "a", 1, HOUR).await;
    clock.advance(Duration::from_millis(3_599_999));
    assert!(tier.get(&key("a")).await.unwrap().is_some());
    clock.advance(Duration::from_millis(1));
    assert_eq!(tier.get(&key("a")).await.unwrap(), None);
    assert!(!tier.remove(&key("a")).await.unwrap());
}

#[tokio::test]
async fn a_clock_that_jumps_back_harms_nothing() {
    let (tier, clock) = tier(MemoryOptions::default());
    put(&tier, "a", 1, HOUR).await;
    clock.set(SystemTime::UNIX_EPOCH);
    assert!(tier.get(&key("a")).await.unwrap().is_some());
    put(&tier, "b", 1, Duration::MAX).await;
    assert!(tier.get(&key("b")).await.unwrap().is_some());
}

#[tokio::test]
async fn bodies_are_shared_not_copied() {
    let (tier, _) = tier(MemoryOptions::default());
    let entry = entry(vec![1; 1_000]);
    tier.put(&key("a"), &entry, &PutOptions::new(HOUR)).await.unwrap();
    let found = tier.get(&key("a")).await.unwrap().unwrap();
    assert_eq!(found.body.as_ptr(), entry.body.as_ptr());
}

#[tokio::test]
async fn clear_counts_what_it_took() {
    let (tier, _) = tier(MemoryOptions::default());
    for name in ["a:1", "a:2", "b:1"] {
        put(&tier, name, 1, HOUR).await;
    }
    assert_eq!(tier.clear(&Pattern::parse("a:*").unwrap()).await.unwrap(), 2);
    assert_eq!(tier.clear(&Pattern::all()).await.unwrap(), 1);
}

#[test]
fn a_read_prolongs_the_idle_time_and_never_the_time_to_live() {
    let idle = Duration::from_mins(1);
    let lifetime = Lifetime { idle: Some(idle) };
    let kept = Kept { entry: entry(vec![]), ttl: Duration::from_secs(100), expires_ms: 0 };
    let put_at = Instant::now();
    let after_read = |seconds| {
        let read_at = put_at + Duration::from_secs(seconds);
        lifetime.expire_after_read(&key("a"), &kept, read_at, Some(Duration::from_secs(1)), put_at)
    };
    assert_eq!(lifetime.expire_after_create(&key("a"), &kept, put_at), Some(idle));
    assert_eq!(after_read(30), Some(idle));
    assert_eq!(after_read(70), Some(Duration::from_secs(30)));
    assert_eq!(after_read(200), Some(Duration::ZERO));
}

#[test]
fn an_update_starts_the_time_anew() {
    let lifetime = Lifetime { idle: None };
    let kept = Kept { entry: entry(vec![]), ttl: HOUR, expires_ms: 0 };
    let nearly_over = Some(Duration::from_millis(1));
    assert_eq!(lifetime.expire_after_update(&key("a"), &kept, Instant::now(), nearly_over), Some(HOUR));
}
