//! The memory tier and foyer's memory cache under one Zipf workload: who keeps the right entries, and how fast.

use std::{sync::Arc, time::Duration, time::Instant};

use bytes::Bytes;
use clearcut_cache::{CacheKey, CacheTier, Clock, Entry, MemoryOptions, MemoryTier, PutOptions, SystemClock};
use foyer_memory::{Cache, CacheBuilder, CacheProperties, EvictionConfig, LfuConfig, LruConfig, S3FifoConfig};

const KEYS: usize = 100_000;
const REQUESTS: usize = 1_000_000;
const GREATEST_BODY_BYTES: usize = 400_000;
const HOUR: Duration = Duration::from_hours(1);

/// Each entry a rendition of 20 to 400 KB; their bodies share one buffer.
struct Workload {
    keys: Vec<CacheKey>,
    entries: Vec<Entry>,
    requests: Vec<usize>,
    total_bytes: u64,
}

impl Workload {
    fn new(skew: f64) -> Self {
        let mut random = Random(1);
        let buffer = Bytes::from(vec![0; GREATEST_BODY_BYTES]);
        let entries: Vec<Entry> = (0..KEYS)
            .map(|_| {
                let bytes = (GREATEST_BODY_BYTES as f64 * 0.05_f64.powf(random.unit())) as usize;
                Entry::new(buffer.slice(..bytes), "image/png", SystemClock.now(), HOUR)
            })
            .collect();
        let mut cumulative = Vec::with_capacity(KEYS);
        let mut sum = 0.0;
        for rank in 1..=KEYS {
            sum += (rank as f64).powf(-skew);
            cumulative.push(sum);
        }
        let requests = (0..REQUESTS)
            .map(|_| {
                let at = random.unit() * sum;
                cumulative.partition_point(|&below| below < at).min(KEYS - 1)
            })
            .collect();
        Self {
            keys: (0..KEYS).map(|i| CacheKey::parse(&format!("remove_bg:{i}")).expect("it is a key")).collect(),
            total_bytes: entries.iter().map(|entry| entry.body.len() as u64).sum(),
            entries,
            requests,
        }
    }

    /// Asks for everything in turn and puts what is missing; the share of hits, and the time of one request.
    async fn run(
        &self,
        mut hit: impl AsyncFnMut(&CacheKey) -> bool,
        mut put: impl AsyncFnMut(&CacheKey, &Entry),
    ) -> (f64, Duration) {
        let (began, mut hits) = (Instant::now(), 0_usize);
        for &request in &self.requests {
            if hit(&self.keys[request]).await {
                hits += 1;
            } else {
                put(&self.keys[request], &self.entries[request]).await;
            }
        }
        (hits as f64 / REQUESTS as f64, began.elapsed() / REQUESTS as u32)
    }

    async fn moka(&self, capacity_bytes: u64) -> (f64, Duration) {
        let tier = MemoryTier::new(MemoryOptions::new(capacity_bytes), Arc::new(SystemClock));
        let options = PutOptions::new(HOUR);
        self.run(
            async |key| tier.get(key).await.expect("memory answers").is_some(),
            async |key, entry| {
                tier.put(key, entry, &options).await.expect("memory answers");
            },
        )
        .await
    }

    async fn foyer(&self, capacity_bytes: u64, eviction: EvictionConfig) -> (f64, Duration) {
        let cache: Cache<CacheKey, Entry> = CacheBuilder::new(capacity_bytes as usize)
            .with_weighter(|key: &CacheKey, entry: &Entry| 400 + key.as_str().len() + entry.body.len())
            .with_eviction_config(eviction)
            .build::<CacheProperties>();
        self.run(
            async |key| cache.get(key).is_some(),
            async |key, entry| drop(cache.insert(key.clone(), entry.clone())),
        )
        .await
    }
}

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    println!("{:>5} {:>9} {:<22} {:>6} {:>12}", "skew", "capacity", "cache", "hits", "per request");
    for skew in [0.7, 0.9, 1.1] {
        let workload = Workload::new(skew);
        for percent in [1, 10] {
            let capacity = workload.total_bytes * percent / 100;
            let report = |name: &str, (hits, each): (f64, Duration)| {
                println!("{skew:>5} {percent:>7} % {name:<22} {:>4.1} % {:>9} ns", hits * 100.0, each.as_nanos());
            };
            report("memory tier (moka)", workload.moka(capacity).await);
            report("foyer w-TinyLFU", workload.foyer(capacity, LfuConfig::default().into()).await);
            report("foyer S3-FIFO", workload.foyer(capacity, S3FifoConfig::default().into()).await);
            report("foyer LRU", workload.foyer(capacity, LruConfig::default().into()).await);
        }
    }
}
