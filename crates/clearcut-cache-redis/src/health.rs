//! Whether anything is connected, and why not; said in the log once per change.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::error::Failure;

/// The state of a pool of connections.
#[derive(Debug)]
pub(crate) struct Health {
    address: String,
    state: Mutex<State>,
    news: Notify,
}

#[derive(Debug, Default)]
struct State {
    connected: usize,
    /// Why nothing is connected. None while something is, and before the first attempt.
    failure: Option<Failure>,
}

impl Health {
    pub(crate) fn new(address: String) -> Self {
        Self { address, state: Mutex::default(), news: Notify::new() }
    }

    /// One more connection is up.
    pub(crate) fn connected(&self) {
        let was_down = {
            let mut state = self.state();
            state.connected += 1;
            state.failure.take().is_some()
        };
        if was_down {
            tracing::info!(redis.address = self.address, "Redis answers again");
        }
        self.news.notify_waiters();
    }

    /// One connection less is up.
    pub(crate) fn disconnected(&self) {
        self.state().connected -= 1;
    }

    /// A connection broke or could not be made. It matters where it was the last one.
    pub(crate) fn lost(&self, failure: Failure) {
        let first = {
            let mut state = self.state();
            if state.connected > 0 {
                return;
            }
            let reason = failure.reason.clone();
            state.failure.replace(failure).is_none().then_some(reason)
        };
        if let Some(reason) = first {
            tracing::warn!(
                redis.address = self.address,
                error = reason,
                "Redis is out of reach: going on without it until it answers"
            );
        }
        self.news.notify_waiters();
    }

    /// Why nothing is connected; `None` while something is.
    pub(crate) fn failure(&self) -> Option<Failure> {
        self.state().failure.clone()
    }

    /// Returns when a first connection is up or has failed.
    pub(crate) async fn first_news(&self) {
        let news = self.news.notified();
        tokio::pin!(news);
        news.as_mut().enable();
        let known = {
            let state = self.state();
            state.connected > 0 || state.failure.is_some()
        };
        if !known {
            news.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves nothing half-written in it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{io, sync::Arc};

    use clearcut_cache::TierErrorKind;

    use super::*;

    /// What was logged.
    #[derive(Debug, Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn refused() -> Failure {
        Failure { kind: TierErrorKind::Unavailable, reason: "refused".to_owned() }
    }

    #[test]
    fn a_pool_is_down_only_when_its_last_connection_is() {
        let health = Health::new("redis://h".to_owned());
        health.connected();
        health.connected();
        health.disconnected();
        health.lost(refused());
        assert_eq!(health.failure(), None);
        health.disconnected();
        health.lost(refused());
        assert_eq!(health.failure(), Some(refused()));
        health.connected();
        assert_eq!(health.failure(), None);
    }

    #[test]
    fn going_and_coming_are_logged_once_each() {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(subscriber, || {
            let health = Health::new("redis://h".to_owned());
            for _ in 0..3 {
                health.lost(refused());
            }
            health.connected();
            health.connected();
        });
        let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<_> = logged.lines().collect();
        assert_eq!(lines.len(), 2, "{logged}");
        assert!(lines[0].contains("WARN") && lines[0].contains("out of reach") && lines[0].contains("refused"));
        assert!(lines[1].contains("INFO") && lines[1].contains("answers again"));
    }
}
