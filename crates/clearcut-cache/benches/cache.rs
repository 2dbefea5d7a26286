//! What a hit, a joined computation and an envelope cost.

use std::{hint::black_box, sync::Arc, time::Duration};

use bytes::Bytes;
use clearcut_cache::{
    CacheKey, Clock, ComputeError, ComputeOptions, Entry, MemoryOptions, MemoryTier, SystemClock, TierPolicy,
    TieredCache, envelope,
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const HOUR: Duration = Duration::from_hours(1);

fn entry(bytes: usize) -> Entry {
    let body: Bytes = (0..bytes).map(|i| (i * 31) as u8).collect();
    Entry::new(body, "image/png", SystemClock.now(), HOUR)
}

fn cache() -> TieredCache {
    let memory = MemoryTier::new(MemoryOptions::default(), Arc::new(SystemClock));
    TieredCache::builder().tier(Arc::new(memory), TierPolicy::local()).build()
}

fn key(text: &str) -> CacheKey {
    CacheKey::parse(text).expect("it is a key")
}

async fn want(cache: &TieredCache, key: &CacheKey, takes: Duration) -> Entry {
    let compute = move || async move {
        tokio::time::sleep(takes).await;
        Ok::<_, ComputeError<std::fmt::Error>>(Entry::computed(vec![0; 1_000], "image/png"))
    };
    cache.get_or_compute(key, &ComputeOptions::new(HOUR), compute).await.expect("it computes").entry
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads can be started")
}

fn hits(criterion: &mut Criterion) {
    let (runtime, cache) = (runtime(), cache());
    let key = key("remove_bg:8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4:0:none:55d1");
    runtime.block_on(cache.put(&key, &entry(200_000)));
    criterion.bench_function("memory hit of 200 KB by get", |bencher| {
        bencher.iter(|| runtime.block_on(cache.get(black_box(&key))));
    });
    criterion.bench_function("memory hit of 200 KB by get_or_compute", |bencher| {
        bencher.iter(|| runtime.block_on(want(&cache, black_box(&key), Duration::ZERO)));
    });
}

/// The time of 1,000 callers of one computation, less the 50 ms that it takes.
fn joiners(criterion: &mut Criterion) {
    const TAKES: Duration = Duration::from_millis(50);
    let (runtime, cache, mut next) = (runtime(), cache(), 0_u64);
    let mut measure = |callers: u64, rounds: u64| {
        let mut spent = Duration::ZERO;
        for _ in 0..rounds {
            next += 1;
            let key = key(&format!("joined:{next}"));
            let began = std::time::Instant::now();
            runtime.block_on(async {
                let tasks = (0..callers).map(|_| {
                    let (cache, key) = (cache.clone(), key.clone());
                    tokio::spawn(async move { want(&cache, &key, TAKES).await })
                });
                futures::future::join_all(tasks).await
            });
            spent += began.elapsed().saturating_sub(TAKES);
        }
        spent
    };
    let mut group = criterion.benchmark_group("over a computation of 50 ms");
    group.sample_size(20).measurement_time(Duration::from_secs(3));
    group.bench_function("1 caller", |bencher| bencher.iter_custom(|rounds| measure(1, rounds)));
    group.bench_function("1,000 callers", |bencher| bencher.iter_custom(|rounds| measure(1_000, rounds)));
    group.finish();
}

fn envelopes(criterion: &mut Criterion) {
    for bytes in [200_000, 2_000_000] {
        let entry = entry(bytes);
        let frame = envelope::encode(&entry).expect("the head is short");
        let mut group = criterion.benchmark_group(format!("envelope of {} KB", bytes / 1_000));
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function("copy", |bencher| bencher.iter(|| black_box(&entry.body).to_vec()));
        group.bench_function("encode", |bencher| bencher.iter(|| envelope::encode(black_box(&entry))));
        group.bench_function("decode", |bencher| bencher.iter(|| envelope::decode(black_box(&frame))));
        group.finish();
    }
}

criterion_group!(benches, hits, joiners, envelopes);
criterion_main!(benches);
