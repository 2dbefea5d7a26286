//! Waiting for a job without asking all the time.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use clearcut_cache_redis::{Heard, RedisConnection, Subscription};
use tokio::{
    sync::{Notify, futures::Notified},
    task::AbortHandle,
};

use crate::names;

/// After how long whoever waits looks again, if nothing is due before.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Wakes those in this process who wait, whenever a script anywhere rings.
///
/// Each message wakes one of them: another process may be quicker, so to wake more would be in vain. A message that is
/// lost costs them the time until they look again by themselves.
#[derive(Debug)]
pub(crate) struct Bell {
    rung: Arc<Notify>,
    listener: OnceLock<Option<AbortHandle>>,
}

impl Bell {
    pub(crate) fn new() -> Self {
        Self { rung: Arc::new(Notify::new()), listener: OnceLock::new() }
    }

    /// Rings from now on. Whoever never waits has no connection for it.
    pub(crate) fn listen(&self, redis: &RedisConnection, base: &str) -> Notified<'_> {
        self.listener.get_or_init(|| match Subscription::open(redis, names::wake_channel(base)) {
            Ok(subscription) => Some(tokio::spawn(listen(subscription, Arc::clone(&self.rung))).abort_handle()),
            Err(error) => {
                tracing::warn!(%error, "jobs are looked for once a second, because nobody can be told of them");
                None
            }
        });
        self.rung.notified()
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        if let Some(Some(listener)) = self.listener.get() {
            listener.abort();
        }
    }
}

async fn listen(mut subscription: Subscription, rung: Arc<Notify>) {
    while let Some(heard) = subscription.next().await {
        match heard {
            Heard::Message(_) => rung.notify_one(),
            Heard::Subscribed | Heard::Missed => rung.notify_waiters(),
        }
    }
}
