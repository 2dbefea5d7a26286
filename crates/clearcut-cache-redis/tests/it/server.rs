//! What every test asks of its private server.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use clearcut_cache::{CacheKey, Entry, PutOptions};
use clearcut_cache_redis::{RedisConfig, RedisConnection};
use clearcut_testkit::server::RedisServer;
use fred::{
    interfaces::ClientLike,
    types::{ClusterHash, CustomCommand, FromValue},
};

/// Longer than anything here takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub fn config(server: &RedisServer) -> RedisConfig {
    RedisConfig::from_url(server.url()).unwrap()
}

pub async fn connection(server: &RedisServer) -> RedisConnection {
    RedisConnection::open(config(server)).await.unwrap()
}

/// A command that the driver does not know.
pub async fn admin<R: FromValue>(redis: &RedisConnection, words: &[&str]) -> R {
    let command = CustomCommand::new(words[0].to_owned(), ClusterHash::Random, false);
    redis.commands().custom(command, words[1..].to_vec()).await.unwrap()
}

pub fn key(key: &str) -> CacheKey {
    CacheKey::parse(key).unwrap()
}

pub fn entry(body: impl Into<Bytes>) -> Entry {
    Entry::new(body, "image/png", SystemTime::now(), Duration::from_mins(10))
}

pub fn long() -> PutOptions {
    PutOptions::new(Duration::from_mins(10))
}

/// Asks until the answer is there.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("not within {PATIENCE:?}: {what}"))
}
