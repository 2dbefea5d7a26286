use std::sync::atomic::{AtomicU32, Ordering};

use serde::Deserialize;

use super::*;
use crate::{MemoryOptions, MemoryTier, SystemClock, TierPolicy};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Analysis {
    labels: Vec<String>,
    score: f64,
}

const ANALYSES: Namespace<Analysis> = Namespace::new("analysis", ANALYSIS_TTL);
const TEXTS: Namespace<String> = Namespace::new("text", TEXT_TTL);

fn cache() -> TieredCache {
    let memory = MemoryTier::new(MemoryOptions::default(), Arc::new(SystemClock));
    TieredCache::builder().tier(Arc::new(memory), TierPolicy::local()).build()
}

fn analysis() -> Analysis {
    Analysis { labels: vec!["chair".to_owned()], score: 0.5 }
}

#[tokio::test]
async fn a_value_that_is_put_is_got() {
    let cache = cache();
    ANALYSES.put(&cache, "d1", &analysis()).await.unwrap();
    assert_eq!(ANALYSES.get(&cache, "d1").await.unwrap().map(|found| found.value), Some(analysis()));
    assert_eq!(ANALYSES.get(&cache, "d2").await.unwrap(), None);
    let entry = cache.get(&ANALYSES.key("d1").unwrap()).await.unwrap().entry;
    assert_eq!(entry.head.expires_ms - entry.head.created_ms, 7 * 24 * 3_600 * 1_000);
}

#[tokio::test]
async fn a_value_is_computed_once() {
    let (cache, computed) = (cache(), Arc::new(AtomicU32::new(0)));
    for expected in [Source::Computed, Source::Tier { index: 0, name: "memory".into() }] {
        let computed = Arc::clone(&computed);
        let compute = move || async move {
            computed.fetch_add(1, Ordering::Relaxed);
            Ok::<_, ComputeError<Infallible>>(analysis())
        };
        let found = ANALYSES.get_or_compute(&cache, "d", compute).await.unwrap();
        assert_eq!(found, Found { value: analysis(), source: expected });
    }
    assert_eq!(computed.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_value_of_another_type_is_removed_and_computed_anew() {
    const NUMBERS: Namespace<[u64; 9]> = Namespace::new("text", TEXT_TTL);
    let cache = cache();
    TEXTS.put(&cache, "d", &"no nine numbers".to_owned()).await.unwrap();
    assert_eq!(NUMBERS.get(&cache, "d").await.unwrap(), None);
    TEXTS.put(&cache, "d", &"no nine numbers".to_owned()).await.unwrap();
    let compute = || async { Ok::<_, ComputeError<Infallible>>([7; 9]) };
    let found = NUMBERS.get_or_compute(&cache, "d", compute).await.unwrap();
    assert_eq!(found, Found { value: [7; 9], source: Source::Computed });
}

#[tokio::test]
async fn a_lasting_failure_is_told_again_and_not_computed_again() {
    let cache = cache();
    for attempt in 0..2 {
        let compute = move || async move {
            assert_eq!(attempt, 0, "it was kept");
            Err::<String, _>(ComputeError::<Infallible>::lasting("not a text"))
        };
        let error = TEXTS.get_or_compute(&cache, "d", compute).await.unwrap_err();
        assert!(matches!(&error, ValueError::Lasting(_)), "{error:?}");
        assert_eq!(error.to_string(), "not a text");
    }
    assert_eq!(TEXTS.get(&cache, "d").await.unwrap(), None);
}

#[tokio::test]
async fn a_digest_that_makes_no_key_is_refused() {
    assert!(TEXTS.key("two words").is_err());
    assert!(TEXTS.get(&cache(), "two words").await.is_err());
}
