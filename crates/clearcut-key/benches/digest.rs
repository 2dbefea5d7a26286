//! Hashing uploads of several sizes, on one thread and on all, to see from where on threads pay.

use std::hint::black_box;

use clearcut_key::ContentDigest;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn digest(c: &mut Criterion) {
    let mut group = c.benchmark_group("digest");
    for kib in [4_u64, 64, 256, 512, 1024, 4096, 16384] {
        let bytes = vec![7_u8; (kib * 1024) as usize];
        group.throughput(Throughput::Bytes(kib * 1024));
        group.bench_with_input(BenchmarkId::new("one thread", kib), &bytes, |b, bytes| {
            b.iter(|| blake3::hash(black_box(bytes)));
        });
        group.bench_with_input(BenchmarkId::new("ContentDigest", kib), &bytes, |b, bytes| {
            b.iter(|| ContentDigest::of(black_box(bytes)));
        });
    }
    group.finish();
}

criterion_group!(benches, digest);
criterion_main!(benches);
