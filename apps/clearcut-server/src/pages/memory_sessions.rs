//! Sessions in this process.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use moka::{Expiry, future::Cache};

use super::sessions::{SessionStore, StoreDown};

/// Sessions kept at the same time; each is some 200 bytes.
const MOST_SESSIONS: u64 = 10_000;

/// Sessions that end with the process.
#[derive(Debug)]
pub(super) struct MemorySessions(Cache<String, Session>);

#[derive(Debug, Clone)]
struct Session {
    key_id: String,
    ttl: Duration,
}

/// Each session ends after its own time.
struct OwnTime;

impl Expiry<String, Session> for OwnTime {
    fn expire_after_create(&self, _: &String, session: &Session, _: Instant) -> Option<Duration> {
        Some(session.ttl)
    }
}

impl Default for MemorySessions {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(MOST_SESSIONS).expire_after(OwnTime).build())
    }
}

#[async_trait]
impl SessionStore for MemorySessions {
    async fn put(&self, id: &str, key_id: &str, ttl: Duration) -> Result<(), StoreDown> {
        self.0.insert(id.to_owned(), Session { key_id: key_id.to_owned(), ttl }).await;
        Ok(())
    }

    async fn get(&self, id: &str) -> Result<Option<String>, StoreDown> {
        Ok(self.0.get(id).await.map(|session| session.key_id))
    }

    async fn remove(&self, id: &str) -> Result<(), StoreDown> {
        self.0.invalidate(id).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_session_is_kept_until_it_is_removed_or_over() {
        let sessions = MemorySessions::default();
        sessions.put("a", "key", Duration::from_hours(1)).await.unwrap();
        sessions.put("b", "key", Duration::ZERO).await.unwrap();
        assert_eq!(sessions.get("a").await.unwrap().as_deref(), Some("key"));
        assert_eq!(sessions.get("b").await.unwrap(), None);
        sessions.remove("a").await.unwrap();
        assert_eq!(sessions.get("a").await.unwrap(), None);
    }
}
