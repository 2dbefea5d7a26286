//! Limits counted in Redis, for all servers together.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use async_trait::async_trait;
use clearcut_cache_redis::{RedisConnection, Script};

use crate::trust::{
    limits::{Decision, Limit, RateLimiter},
    memory_limits::MemoryLimiter,
};

/// GCRA in one piece, by the clock of the server, in microseconds: Lua's numbers hold them exactly until the year 2255.
///
/// What is stored is bounded by what the limit can owe, so that a limit that was relaxed, or a clock that was set back,
/// refuses nobody for longer than documented.
static COUNT: Script = Script::new(
    "local interval, tolerance = tonumber(ARGV[1]), tonumber(ARGV[2])
     local time = redis.call('TIME')
     local now = time[1] * 1000000 + time[2]
     local arrival = tonumber(redis.call('GET', KEYS[1]) or now) or now
     arrival = math.min(math.max(arrival, now), now + tolerance + interval)
     local allowed = 0
     if arrival - now <= tolerance then
       allowed, arrival = 1, arrival + interval
       redis.call('SET', KEYS[1], string.format('%.0f', arrival), 'PX', math.ceil((arrival - now) / 1000))
     end
     return {allowed, arrival - now}",
);

/// After a failure Redis is left alone for so long: one that hangs costs one request its patience, not all of them.
const PAUSE: Duration = Duration::from_secs(1);

/// Counts in Redis, by GCRA; in this process alone while Redis does not answer, so that no request fails for it.
#[derive(Debug)]
pub struct RedisLimiter {
    redis: RedisConnection,
    local: MemoryLimiter,
    /// When Redis is asked again. None while it answers.
    ask_again: Mutex<Option<Instant>>,
}

impl RedisLimiter {
    /// Counts below the key prefix of the connection, in `{prefix}limit:{call}:{subject}`.
    pub fn new(redis: &RedisConnection) -> Self {
        Self { redis: redis.clone(), local: MemoryLimiter::default(), ask_again: Mutex::new(None) }
    }

    async fn shared(&self, call: &str, subject: &str, limit: Limit) -> Option<Decision> {
        if !self.may_ask() {
            return None;
        }
        let key = format!("{}limit:{call}:{subject}", self.redis.config().prefix());
        let arguments = [limit.interval(), limit.tolerance()].map(|time| time.as_micros().to_string());
        match COUNT.run::<(u64, u64)>(&self.redis, &[key], &arguments).await {
            Ok((allowed, backlog_us)) => {
                if self.set_ask_again(None).is_some() {
                    tracing::info!("limits are shared through Redis again");
                }
                Some(Decision::new(limit, allowed == 1, Duration::from_micros(backlog_us), SystemTime::now()))
            }
            Err(error) => {
                if self.set_ask_again(Some(Instant::now() + PAUSE)).is_none() {
                    tracing::warn!(%error, "limits are counted by this server alone until Redis answers");
                }
                None
            }
        }
    }

    /// Whether Redis is to be asked now. Where it failed, the first to come after the pause asks, and the others wait
    /// for what it hears.
    fn may_ask(&self) -> bool {
        let mut ask_again = self.ask_again.lock().unwrap_or_else(PoisonError::into_inner);
        match *ask_again {
            None => true,
            Some(at) if Instant::now() < at => false,
            Some(_) => {
                *ask_again = Some(Instant::now() + PAUSE);
                true
            }
        }
    }

    fn set_ask_again(&self, at: Option<Instant>) -> Option<Instant> {
        std::mem::replace(&mut *self.ask_again.lock().unwrap_or_else(PoisonError::into_inner), at)
    }
}

#[async_trait]
impl RateLimiter for RedisLimiter {
    async fn check(&self, call: &str, subject: &str, limit: Limit) -> Decision {
        match self.shared(call, subject, limit).await {
            Some(decision) => decision,
            None => self.local.check(call, subject, limit).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use clearcut_cache_redis::RedisConfig;
    use clearcut_testkit::server::RedisServer;

    use super::*;

    const HOURLY: Limit = Limit { calls: 4, per: Duration::from_hours(1) };

    async fn limiter(server: &RedisServer) -> RedisLimiter {
        let config = RedisConfig::from_url(server.url()).unwrap().key_prefix("test:");
        RedisLimiter::new(&RedisConnection::open(config).await.unwrap())
    }

    /// Returns when Redis counts again.
    async fn shares(limiter: &RedisLimiter) {
        while limiter.set_ask_again(None).is_some() {
            limiter.check("native", "b", HOURLY).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn servers_share_one_count() {
        let Some(server) = RedisServer::start_or_skip() else { return };
        let limiters = [limiter(&server).await, limiter(&server).await];
        let mut remaining = Vec::new();
        for turn in 0..4 {
            let decision = limiters[turn % 2].check("native", "a", HOURLY).await;
            assert!(decision.allowed);
            remaining.push(decision.remaining);
        }
        assert_eq!(remaining, [3, 2, 1, 0]);
        for limiter in &limiters {
            let refused = limiter.check("native", "a", HOURLY).await;
            assert_eq!((refused.allowed, refused.remaining, refused.limit), (false, 0, 4));
            let wait_s = refused.retry_after.as_secs_f64();
            assert!((800.0..=900.0).contains(&wait_s), "{wait_s}");
            assert!(limiter.check("native", "b", HOURLY).await.allowed);
            assert!(limiter.check("admin", "a", HOURLY).await.allowed);
        }
        // A limit that was relaxed refuses nobody for what the old one counted.
        let relaxed = Limit { calls: 4, per: Duration::from_millis(4) };
        let decision = limiters[0].check("native", "a", relaxed).await;
        assert!(decision.retry_after <= Duration::from_millis(1), "{decision:?}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_call_that_is_due_is_allowed_and_what_is_over_is_not_kept() {
        let Some(server) = RedisServer::start_or_skip() else { return };
        let limiter = limiter(&server).await;
        let quick = Limit { calls: 1, per: Duration::from_millis(20) };
        assert!(limiter.check("native", "a", quick).await.allowed);
        let mut refused = 0;
        while !limiter.check("native", "a", quick).await.allowed {
            refused += 1;
            assert!(refused < 100_000);
        }
        let keys = async || {
            let count = Script::new("return {redis.call('DBSIZE'), redis.call('PTTL', KEYS[1])}");
            count.run::<(i64, i64)>(&limiter.redis, &["test:limit:native:a".to_owned()], &[]).await.unwrap()
        };
        assert!(keys().await.1 <= 20, "it expires when all calls are allowed again");
        while keys().await.0 > 0 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn without_redis_this_server_counts_alone_and_shares_again_when_it_is_back() {
        let Some(server) = RedisServer::start_or_skip() else { return };
        let (here, there) = (limiter(&server).await, limiter(&server).await);
        assert_eq!(here.check("native", "a", HOURLY).await.remaining, 3);
        server.kill().unwrap();
        for remaining in (0..4).rev() {
            let decision = here.check("native", "a", HOURLY).await;
            assert_eq!((decision.allowed, decision.remaining), (true, remaining), "its own count");
        }
        assert!(!here.check("native", "a", HOURLY).await.allowed);
        assert!(there.check("native", "a", HOURLY).await.allowed, "and nobody else's");

        server.restart().unwrap();
        for limiter in [&here, &there] {
            tokio::time::timeout(Duration::from_secs(20), shares(limiter)).await.unwrap();
        }
        let before = here.check("native", "c", HOURLY).await.remaining;
        assert_eq!(there.check("native", "c", HOURLY).await.remaining, before - 1);
    }
}
