//! Invalidations between processes, over publish and subscribe.

use std::time::Duration;

use async_trait::async_trait;
use clearcut_cache::{CacheKey, Invalidation, InvalidationBus, Pattern, TierError};
use fred::interfaces::PubsubInterface;
use futures::{StreamExt, stream, stream::BoxStream};
use tokio::{
    sync::{
        broadcast::{self, error::RecvError},
        watch,
    },
    task::JoinHandle,
};

use crate::{Heard, RedisConnection, Subscription};

/// Messages kept for a subscriber that is busy. One that falls further behind has missed something, and is told so.
const BACKLOG: usize = 1024;

/// Tells every process that is connected to the same Redis what was cleared.
///
/// Redis keeps no messages: while a process is cut off, it misses them. It subscribes again when it is back, and then
/// says [`Invalidation::Missed`].
#[derive(Debug)]
pub struct RedisBus {
    redis: RedisConnection,
    channel: String,
    subscribers: broadcast::WeakSender<Invalidation>,
    listening: watch::Receiver<bool>,
    listener: JoinHandle<()>,
}

impl RedisBus {
    /// Subscribes over a connection of its own, and publishes over those of `redis`. Channels are not divided by
    /// database: the key prefix keeps deployments apart.
    pub async fn open(redis: &RedisConnection) -> Result<Self, TierError> {
        let channel = format!("{}invalidations", redis.config().key_prefix);
        let subscription = Subscription::open(redis, channel.as_str())?;
        let subscribers = broadcast::Sender::new(BACKLOG);
        let (set_listening, listening) = watch::channel(false);
        let bus = Self {
            redis: redis.clone(),
            channel,
            subscribers: subscribers.downgrade(),
            listening,
            listener: tokio::spawn(listen(subscription, subscribers, set_listening)),
        };
        bus.until_listening(redis.config().connect_timeout).await;
        Ok(bus)
    }

    /// Waits for the subscription. Where it does not come in time, its coming will say that messages were missed.
    async fn until_listening(&self, at_most: Duration) {
        let mut listening = self.listening.clone();
        let _ = tokio::time::timeout(at_most, listening.wait_for(|&listening| listening)).await;
    }
}

impl Drop for RedisBus {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

#[async_trait]
impl InvalidationBus for RedisBus {
    async fn publish(&self, invalidation: &Invalidation) -> Result<(), TierError> {
        self.redis
            .commands()
            .publish::<(), _, _>(self.channel.as_str(), encode(invalidation))
            .await
            .map_err(|error| self.redis.failure(&error))
    }

    async fn subscribe(&self) -> Result<BoxStream<'static, Invalidation>, TierError> {
        // The listener holds the only sender, so that its end is the end of every stream.
        let Some(subscribers) = self.subscribers.upgrade() else { return Ok(stream::empty().boxed()) };
        let receiver = subscribers.subscribe();
        drop(subscribers);
        self.until_listening(self.redis.config().command_timeout).await;
        Ok(stream::unfold(receiver, async |mut receiver| match receiver.recv().await {
            Ok(invalidation) => Some((invalidation, receiver)),
            Err(RecvError::Lagged(_)) => Some((Invalidation::Missed, receiver)),
            Err(RecvError::Closed) => None,
        })
        .boxed())
    }
}

/// Hands on what is heard.
async fn listen(
    mut subscription: Subscription,
    subscribers: broadcast::Sender<Invalidation>,
    listening: watch::Sender<bool>,
) {
    while let Some(heard) = subscription.next().await {
        let subscribed = heard == Heard::Subscribed;
        // Whether anybody subscribes does not matter here: nobody may, and somebody will.
        let _ = subscribers.send(match heard {
            Heard::Message(message) => decode(&message),
            Heard::Subscribed | Heard::Missed => Invalidation::Missed,
        });
        if subscribed {
            listening.send_replace(true);
        }
    }
}

fn encode(invalidation: &Invalidation) -> String {
    match invalidation {
        Invalidation::Key(key) => format!("key {key}"),
        Invalidation::Pattern(pattern) => format!("pattern {pattern}"),
        Invalidation::Missed => "missed".to_owned(),
    }
}

/// A message that is not understood, from a newer version perhaps, is one that was missed.
fn decode(message: &str) -> Invalidation {
    match message.split_once(' ') {
        Some(("key", key)) => CacheKey::parse(key).map_or(Invalidation::Missed, Invalidation::Key),
        Some(("pattern", pattern)) => Pattern::parse(pattern).map_or(Invalidation::Missed, Invalidation::Pattern),
        _ => Invalidation::Missed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_published_is_understood_and_anything_else_counts_as_missed() {
        let key = Invalidation::Key(CacheKey::parse("matte:00:u2net").unwrap());
        let pattern = Invalidation::Pattern(Pattern::parse("matte:*").unwrap());
        for invalidation in [key, pattern, Invalidation::Missed] {
            assert_eq!(decode(&encode(&invalidation)), invalidation);
        }
        for message in ["", "key", "key a b", "key \n", "tag red", "pattern "] {
            assert_eq!(decode(message), Invalidation::Missed, "{message:?}");
        }
    }
}
