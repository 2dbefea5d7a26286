//! Sessions in Redis, for all servers together.

use std::time::Duration;

use async_trait::async_trait;
use clearcut_cache::TierError;
use clearcut_cache_redis::{RedisConnection, Script};

use crate::pages::sessions::{SessionStore, StoreDown};

/// Scripts rather than plain commands: they fail at once where Redis does not answer.
static PUT: Script = Script::new("redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) return 1");
static GET: Script = Script::new("return redis.call('GET', KEYS[1])");
static REMOVE: Script = Script::new("return redis.call('DEL', KEYS[1])");

/// Sessions below the key prefix of a connection.
#[derive(Debug)]
pub struct RedisSessions {
    redis: RedisConnection,
}

impl RedisSessions {
    /// Shares the connection.
    pub fn new(redis: &RedisConnection) -> Self {
        Self { redis: redis.clone() }
    }

    fn key(&self, id: &str) -> String {
        format!("{}session:{id}", self.redis.config().prefix())
    }
}

#[async_trait]
impl SessionStore for RedisSessions {
    async fn put(&self, id: &str, key_id: &str, ttl: Duration) -> Result<(), StoreDown> {
        // Redis refuses a time of zero.
        let ttl_ms = ttl.as_millis().max(1).to_string();
        PUT.run::<i64>(&self.redis, &[self.key(id)], &[key_id.to_owned(), ttl_ms])
            .await
            .map(drop)
            .map_err(|error| down(&error))
    }

    async fn get(&self, id: &str) -> Result<Option<String>, StoreDown> {
        GET.run(&self.redis, &[self.key(id)], &[]).await.map_err(|error| down(&error))
    }

    async fn remove(&self, id: &str) -> Result<(), StoreDown> {
        REMOVE.run::<i64>(&self.redis, &[self.key(id)], &[]).await.map(drop).map_err(|error| down(&error))
    }
}

fn down(error: &TierError) -> StoreDown {
    StoreDown(error.to_string())
}
