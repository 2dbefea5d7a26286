//! Remembers what was cleared lately, so that no write begun before brings it back.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{CacheKey, Invalidation};

/// So many clearings are remembered. A write that is older than all of them is given up.
const REMEMBERED: usize = 128;

/// The clearings of this process and those that others told of.
#[derive(Debug, Default)]
pub(crate) struct Clearings {
    count: AtomicU64,
    latest: Mutex<VecDeque<Invalidation>>,
}

/// A point in time between two clearings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark(u64);

impl Clearings {
    /// Now: what is read from here on may be written unless it is cleared meanwhile.
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.count.load(Ordering::Acquire))
    }

    pub(crate) fn record(&self, invalidation: Invalidation) {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if latest.len() == REMEMBERED {
            latest.pop_front();
        }
        latest.push_back(invalidation);
        self.count.fetch_add(1, Ordering::Release);
    }

    /// Whether `key` was cleared after `mark`, or may have been.
    pub(crate) fn cleared_since(&self, mark: Mark, key: &CacheKey) -> bool {
        if self.count.load(Ordering::Acquire) == mark.0 {
            return false;
        }
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let since = (self.count.load(Ordering::Acquire) - mark.0) as usize;
        since > latest.len() || latest.iter().rev().take(since).any(|invalidation| invalidation.covers(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pattern;

    fn key(text: &str) -> CacheKey {
        CacheKey::parse(text).unwrap()
    }

    #[test]
    fn only_later_clearings_of_the_same_key_count() {
        let clearings = Clearings::default();
        clearings.record(Invalidation::Key(key("a:1")));
        let mark = clearings.mark();
        assert!(!clearings.cleared_since(mark, &key("a:1")));
        clearings.record(Invalidation::Pattern(Pattern::parse("b:*").unwrap()));
        assert!(!clearings.cleared_since(mark, &key("a:1")));
        assert!(clearings.cleared_since(mark, &key("b:1")));
    }

    #[test]
    fn what_is_forgotten_counts_as_cleared() {
        let clearings = Clearings::default();
        let mark = clearings.mark();
        for _ in 0..REMEMBERED {
            clearings.record(Invalidation::Key(key("a")));
        }
        assert!(!clearings.cleared_since(mark, &key("b")));
        clearings.record(Invalidation::Key(key("a")));
        assert!(clearings.cleared_since(mark, &key("b")));
    }
}
