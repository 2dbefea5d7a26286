//! What is published on a channel, as it is heard here.

use std::time::Duration;

use clearcut_cache::TierError;
use fred::{
    error::Error,
    interfaces::{ClientLike, EventInterface, PubsubInterface},
    types::{Message, config::Server},
};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::{Interval, MissedTickBehavior},
};

use crate::{Dedicated, RedisConnection};

/// How often the subscription's connection is tried. A listener sends nothing, so it would never notice by itself
/// that the network in between forgot about it.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Pause before another attempt to subscribe on a connection that is up and does not answer.
const RETRY: Duration = Duration::from_millis(200);

/// What is heard on a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// From here on everything is heard, for the first time or again. What was published before may have been missed.
    Subscribed,
    /// Something was published.
    Message(String),
    /// This listener was too slow, or what was published is no text.
    Missed,
}

/// A subscription to one channel over a connection of its own. It comes back by itself when Redis does.
///
/// Channels are not divided by database: a prefix keeps deployments apart.
pub struct Subscription {
    connection: Dedicated,
    channel: String,
    connections: Receiver<Server>,
    messages: Receiver<Message>,
    heartbeat: Interval,
    connected: bool,
    subscribed: bool,
}

impl Subscription {
    /// Begins to connect. Redis may be down: then [`Heard::Subscribed`] comes when it is back.
    pub fn open(redis: &RedisConnection, channel: impl Into<String>) -> Result<Self, TierError> {
        let mut connection = redis.dedicated()?;
        let connections = connection.client().reconnect_rx();
        let messages = connection.client().message_rx();
        connection.connect();
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let channel = channel.into();
        Ok(Self { connection, channel, connections, messages, heartbeat, connected: false, subscribed: false })
    }

    /// What is heard next; `None` when the connection was closed for good. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Heard> {
        loop {
            if self.connected && !self.subscribed {
                if self.subscribe().await.is_err() {
                    tokio::time::sleep(RETRY).await;
                    // It may have been made anew meanwhile, and is then subscribed twice: that does no harm.
                    continue;
                }
                self.subscribed = true;
                return Some(Heard::Subscribed);
            }
            let client = self.connection.client();
            tokio::select! {
                connected = self.connections.recv() => match connected {
                    Err(RecvError::Closed) => return None,
                    Ok(_) | Err(RecvError::Lagged(_)) => (self.connected, self.subscribed) = (true, false),
                },
                message = self.messages.recv() => return match message {
                    Err(RecvError::Closed) => None,
                    Err(RecvError::Lagged(_)) => Some(Heard::Missed),
                    Ok(message) => {
                        let text = message.value.as_bytes_str();
                        Some(text.map_or(Heard::Missed, |text| Heard::Message(text.to_string())))
                    }
                },
                // A failure makes the driver reconnect, and that is what is waited for above.
                _ = self.heartbeat.tick() => { let _: Result<(), Error> = client.ping(None).await; }
            }
        }
    }

    /// Subscribes, and returns when the server has done so: the driver returns when it has asked.
    async fn subscribe(&self) -> Result<(), Error> {
        let client = self.connection.client();
        client.subscribe(self.channel.as_str()).await?;
        client.ping(None).await
    }
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscription").field("channel", &self.channel).finish_non_exhaustive()
    }
}
