//! Clearing by pattern: walk the keys in pages, and remove those that match and hold entries.

use async_trait::async_trait;
use bytes::Bytes;
use clearcut_cache::{Pattern, TierError};

use crate::{keys::Keys, stored};

/// Keys that the server looks at for one page: a millisecond of its time.
pub(crate) const PAGE_KEYS: u32 = 1000;
/// The cursor that begins a walk, and that ends it.
const START: &str = "0";

/// A server whose keys can be walked.
#[async_trait]
pub(crate) trait Walk: Send + Sync {
    /// One page of the string keys that match `glob`, and the cursor of the next.
    async fn page(&self, cursor: &str, glob: &str) -> Result<(String, Vec<String>), TierError>;

    /// The first [`stored::HEAD_BYTES`] of each value.
    async fn heads(&self, keys: &[String]) -> Result<Vec<Bytes>, TierError>;

    /// Removes the keys; how many there were.
    async fn unlink(&self, keys: &[String]) -> Result<u64, TierError>;
}

/// Removes every entry that matches, and nothing else: a pattern as wide as `*` leaves the sessions, queues and locks
/// alone that share the database. Returns how many there were.
pub(crate) async fn clear(server: &dyn Walk, keys: &Keys, pattern: &Pattern) -> Result<u64, TierError> {
    let glob = keys.glob(pattern);
    let (mut cursor, mut removed) = (START.to_owned(), 0);
    loop {
        let (next, mut page) = server.page(&cursor, &glob).await?;
        page.retain(|stored| keys.parse(stored).is_some_and(|key| pattern.matches(key)));
        if !page.is_empty() {
            let heads = server.heads(&page).await?;
            let entries: Vec<_> =
                page.into_iter().zip(&heads).filter(|(_, head)| stored::is_entry(head)).map(|(key, _)| key).collect();
            if !entries.is_empty() {
                removed += server.unlink(&entries).await?;
            }
        }
        if next == START {
            return Ok(removed);
        }
        cursor = next;
    }
}
