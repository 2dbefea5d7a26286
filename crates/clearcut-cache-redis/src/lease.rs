//! The lease that lets one process among many compute a key.

use std::time::Duration;

use async_trait::async_trait;
use clearcut_cache::{CacheKey, LeaseGrant, LeaseKeeper, TierError};
use uuid::Uuid;

use crate::{RedisConnection, keys::Keys, script::Script, tier::ttl_ms};

/// Takes the lease, unless it is held, and counts the holders. Answers the count, or nothing.
///
/// A count that Redis evicted begins anew at the server's time in microseconds, which is beyond where it had got to.
static ACQUIRE: Script = Script::new(
    "if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return false end
     local fence = redis.call('INCR', KEYS[2])
     if fence == 1 then
       local now = redis.call('TIME')
       fence = now[1] * 1000000 + now[2]
       redis.call('SET', KEYS[2], string.format('%.0f', fence))
     end
     redis.call('PEXPIRE', KEYS[2], ARGV[2] + 86400000)
     return fence",
);

/// Extends the lease, if it is still this owner's.
static RENEW: Script = Script::new(
    "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
     return redis.call('PEXPIRE', KEYS[1], ARGV[2])",
);

/// Gives the lease back, if it is still this owner's.
static RELEASE: Script = Script::new(
    "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
     return redis.call('DEL', KEYS[1])",
);

/// Leases in Redis: a key that expires, which whoever made it may renew or remove.
///
/// It stands on one Redis. Where that one fails over to a replica which had not heard of the lease, two processes may
/// hold it for a while: they compute the same result twice, and the fence tells them apart.
#[derive(Debug)]
pub struct RedisLease {
    redis: RedisConnection,
    keys: Keys,
}

impl RedisLease {
    /// Keeps leases over connections that others use too.
    pub fn new(redis: &RedisConnection) -> Self {
        Self { keys: Keys::below(&redis.config().key_prefix), redis: redis.clone() }
    }

    async fn still_held(&self, script: &Script, grant: &LeaseGrant, ttl: Option<Duration>) -> Result<bool, TierError> {
        let [lease, _] = self.keys.lease(&grant.key);
        let arguments: Vec<_> =
            std::iter::once(owner_token(grant.owner)).chain(ttl.map(|ttl| ttl_ms(ttl).to_string())).collect();
        let held: i64 = script.run(&self.redis, &[lease], &arguments).await?;
        Ok(held == 1)
    }
}

#[async_trait]
impl LeaseKeeper for RedisLease {
    async fn acquire(&self, key: &CacheKey, ttl: Duration) -> Result<Option<LeaseGrant>, TierError> {
        let owner = Uuid::new_v4().as_u128();
        let arguments = [owner_token(owner), ttl_ms(ttl).to_string()];
        let fence: Option<u64> = ACQUIRE.run(&self.redis, &self.keys.lease(key), &arguments).await?;
        Ok(fence.map(|fence| LeaseGrant { key: key.clone(), owner, fence }))
    }

    async fn renew(&self, grant: &LeaseGrant, ttl: Duration) -> Result<bool, TierError> {
        self.still_held(&RENEW, grant, Some(ttl)).await
    }

    async fn release(&self, grant: &LeaseGrant) -> Result<bool, TierError> {
        self.still_held(&RELEASE, grant, None).await
    }
}

fn owner_token(owner: u128) -> String {
    format!("{owner:032x}")
}
