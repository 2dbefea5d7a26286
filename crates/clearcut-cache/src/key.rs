//! Keys and the patterns that select them.

use std::sync::Arc;

/// Under what an entry is kept: readable in a terminal, the same in every tier.
///
/// 1 to [`CacheKey::MAX_BYTES`] bytes of printable ASCII without spaces, in colon-separated parts: the first one is
/// the namespace (`remove_bg`, `matte`, `analysis`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CacheKey(Arc<str>);

impl CacheKey {
    /// Longest key. Well under the 32 KB of hosted Redis and the 2.7 KB of a Postgres index row.
    pub const MAX_BYTES: usize = 512;

    /// Checks `key`.
    pub fn parse(key: &str) -> Result<Self, InvalidKey> {
        if key.is_empty() || key.len() > Self::MAX_BYTES {
            return Err(InvalidKey(format!("a key has 1 to {} bytes, not {}", Self::MAX_BYTES, key.len())));
        }
        match key.bytes().find(|b| !b.is_ascii_graphic()) {
            Some(b) => Err(InvalidKey(format!("a key is printable ASCII without spaces, but has byte 0x{b:02x}"))),
            None => Ok(Self(key.into())),
        }
    }

    /// The whole key.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the first colon, or the whole key.
    pub fn namespace(&self) -> &str {
        self.0.split(':').next().unwrap_or(&self.0)
    }
}

impl std::fmt::Display for CacheKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Selects keys: `*` stands for any run of characters, everything else for itself.
///
/// `?`, `[`, `]`, `\`, `%` and `_` have no meaning of their own, so a pattern from a stranger can only select, never
/// inject; each tier escapes them for its own language.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern(Arc<str>);

impl Pattern {
    /// Checks `pattern`: the alphabet and length of a key.
    pub fn parse(pattern: &str) -> Result<Self, InvalidKey> {
        CacheKey::parse(pattern).map(|key| Self(key.0))
    }

    /// Every key.
    pub fn all() -> Self {
        Self("*".into())
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `key` is selected. Linear in the key for each `*`: no input makes it slow.
    pub fn matches(&self, key: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = key.strip_prefix(first) else { return false };
        let Some(last) = self.0.contains('*').then(|| parts.next_back()).flatten() else { return rest.is_empty() };
        for part in parts {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no key, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidKey(String);
