//! Invalidations between caches of one process.

use async_trait::async_trait;
use futures::{StreamExt, stream::BoxStream};
use tokio::sync::broadcast;

use crate::{Invalidation, InvalidationBus, TierError};

/// Tells every subscriber. Clones share the subscribers.
#[derive(Debug, Clone)]
pub struct LocalBus(broadcast::Sender<Invalidation>);

impl LocalBus {
    /// Subscribers that fall further behind than this have missed something.
    const BACKLOG: usize = 64;

    /// How many subscribe at present.
    pub fn subscribers(&self) -> usize {
        self.0.receiver_count()
    }
}

impl Default for LocalBus {
    fn default() -> Self {
        Self(broadcast::Sender::new(Self::BACKLOG))
    }
}

#[async_trait]
impl InvalidationBus for LocalBus {
    async fn publish(&self, invalidation: &Invalidation) -> Result<(), TierError> {
        // An error only says that nobody listens.
        let _ = self.0.send(invalidation.clone());
        Ok(())
    }

    async fn subscribe(&self) -> Result<BoxStream<'static, Invalidation>, TierError> {
        let messages = futures::stream::unfold(self.0.subscribe(), async |mut receiver| match receiver.recv().await {
            Ok(invalidation) => Some((invalidation, receiver)),
            Err(broadcast::error::RecvError::Lagged(_)) => Some((Invalidation::Missed, receiver)),
            Err(broadcast::error::RecvError::Closed) => None,
        });
        Ok(messages.boxed())
    }
}
