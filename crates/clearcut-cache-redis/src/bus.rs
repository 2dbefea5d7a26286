//! Invalidations between processes, over publish and subscribe.

use std::time::Duration;

use async_trait::async_trait;
use clearcut_cache::{CacheKey, Invalidation, InvalidationBus, Pattern, TierError};
use fred::{
    clients::Client,
    error::Error,
    interfaces::{ClientLike, EventInterface, PubsubInterface},
};
use futures::{StreamExt, stream, stream::BoxStream};
use tokio::{
    sync::{
        broadcast::{self, error::RecvError},
        watch,
    },
    task::JoinHandle,
    time::MissedTickBehavior,
};

use crate::{Dedicated, RedisConnection};

/// Messages kept for a subscriber that is busy. One that falls further behind has missed something, and is told so.
const BACKLOG: usize = 1024;
/// How often the subscription's connection is tried. A listener sends nothing, so it would never notice by itself
/// that the network in between forgot about it.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Pause before another attempt to subscribe on a connection that is up and does not answer.
const RETRY: Duration = Duration::from_millis(200);

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
        let connection = redis.dedicated()?;
        let channel = format!("{}invalidations", redis.config().key_prefix);
        let subscribers = broadcast::Sender::new(BACKLOG);
        let (set_listening, listening) = watch::channel(false);
        let bus = Self {
            redis: redis.clone(),
            channel: channel.clone(),
            subscribers: subscribers.downgrade(),
            listening,
            listener: tokio::spawn(listen(connection, channel, subscribers, set_listening)),
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

/// Hands on what comes over `connection`, and subscribes again whenever it was made anew.
async fn listen(
    mut connection: Dedicated,
    channel: String,
    subscribers: broadcast::Sender<Invalidation>,
    listening: watch::Sender<bool>,
) {
    let mut connections = connection.client().reconnect_rx();
    let mut messages = connection.client().message_rx();
    connection.connect();
    let client = connection.client();
    let mut heartbeat = tokio::time::interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        // Whether anybody subscribes does not matter here: nobody may, and somebody will.
        tokio::select! {
            connected = connections.recv() => match connected {
                Err(RecvError::Closed) => return,
                Ok(_) | Err(RecvError::Lagged(_)) => {
                    listening.send_replace(false);
                    while subscribe(client, &channel).await.is_err() {
                        tokio::time::sleep(RETRY).await;
                    }
                    let _ = subscribers.send(Invalidation::Missed);
                    listening.send_replace(true);
                }
            },
            message = messages.recv() => match message {
                Err(RecvError::Closed) => return,
                Err(RecvError::Lagged(_)) => { let _ = subscribers.send(Invalidation::Missed); }
                Ok(message) => {
                    let text = message.value.as_bytes_str();
                    let _ = subscribers.send(text.as_deref().map_or(Invalidation::Missed, decode));
                }
            },
            // A failure makes the driver reconnect, and that is what is waited for above.
            _ = heartbeat.tick() => { let _: Result<(), Error> = client.ping(None).await; }
        }
    }
}

/// Subscribes, and returns when the server has done so: the driver returns when it has asked.
async fn subscribe(client: &Client, channel: &str) -> Result<(), Error> {
    client.subscribe(channel).await?;
    client.ping(None).await
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
