//! A hit of 200 KB through the tier beside a bare `GET` by the same client.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use clearcut_cache::{CacheKey, CacheTier, Entry, PutOptions};
use clearcut_cache_redis::{RedisConfig, RedisConnection, RedisTier};
use clearcut_testkit::server::RedisServer;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fred::interfaces::KeysInterface;

const BODY_BYTES: usize = 200_000;

fn hit(criterion: &mut Criterion) {
    let server = RedisServer::start().expect("a private Redis");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let config = RedisConfig::from_url(server.url()).expect("its URL");
    let redis = runtime.block_on(RedisConnection::open(config)).expect("a connection");
    let tier = RedisTier::new(&redis);
    let key = CacheKey::parse("matte:bench").expect("a key");
    let ttl = Duration::from_hours(1);
    // Bytes as an encoded picture has them: no two runs alike.
    let body: Vec<u8> = (0..BODY_BYTES as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let entry = Entry::new(body, "image/png", SystemTime::now(), ttl);
    runtime.block_on(tier.put(&key, &entry, &PutOptions::new(ttl))).expect("a put");

    let mut group = criterion.benchmark_group("hit of 200 KB");
    group.throughput(Throughput::Bytes(BODY_BYTES as u64)).sample_size(200);
    group.bench_function("bare GET", |bencher| {
        bencher.iter(|| {
            let value: Option<Bytes> = runtime.block_on(redis.commands().get(key.as_str())).expect("a GET");
            assert!(value.is_some_and(|value| value.len() > BODY_BYTES));
        });
    });
    group.bench_function("RedisTier::get", |bencher| {
        bencher.iter(|| {
            let found = runtime.block_on(tier.get(&key)).expect("a get");
            assert!(found.is_some_and(|entry| entry.body.len() == BODY_BYTES));
        });
    });
    group.finish();
}

criterion_group!(benches, hit);
criterion_main!(benches);
