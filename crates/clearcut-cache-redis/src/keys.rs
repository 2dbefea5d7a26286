//! Where things stand in Redis.

use clearcut_cache::{CacheKey, Pattern};

/// The keys of one deployment: everything below its prefix.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    prefix: String,
}

impl Keys {
    pub(crate) fn below(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    /// Of an entry: as it is in every tier.
    pub(crate) fn entry(&self, key: &CacheKey) -> String {
        format!("{}{key}", self.prefix)
    }

    /// Of the lease on a key, and of the count of its holders. The braces put both on the same node of a cluster,
    /// where one script may touch them.
    pub(crate) fn lease(&self, key: &CacheKey) -> [String; 2] {
        let lease = format!("{}lease:{{{key}}}", self.prefix);
        let fence = format!("{lease}:fence");
        [lease, fence]
    }

    /// The key of the entry at `stored`, where that is below the prefix and a key.
    pub(crate) fn parse<'a>(&self, stored: &'a str) -> Option<&'a str> {
        stored.strip_prefix(&self.prefix)
    }

    /// A glob that selects at least what `pattern` does.
    ///
    /// It holds a single star, because Redis tries every way to share a key out among several: one pattern of a dozen
    /// could hold the server for hours. Who scans looks again with [`Pattern::matches`], which is linear.
    pub(crate) fn glob(&self, pattern: &Pattern) -> String {
        let pattern = pattern.as_str();
        let mut glob = String::with_capacity(self.prefix.len() + pattern.len() + 8);
        escape(&self.prefix, &mut glob);
        let (head, rest) = pattern.split_once('*').map_or((pattern, None), |(head, rest)| (head, Some(rest)));
        escape(head, &mut glob);
        if let Some(rest) = rest {
            glob.push('*');
            escape(rest.rsplit('*').next().unwrap_or_default(), &mut glob);
        }
        glob
    }
}

fn escape(literal: &str, glob: &mut String) {
    for character in literal.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '^' | '\\') {
            glob.push('\\');
        }
        glob.push(character);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_escapes_what_redis_would_interpret_and_holds_one_star() {
        for (prefix, pattern, glob) in [
            ("", "*", "*"),
            ("", "matte:*", "matte:*"),
            ("shop*:", "a", r"shop\*:a"),
            ("", r"a?[b-c]\^*", r"a\?\[b-c\]\\\^*"),
            ("p:", "a*b*c*d", "p:a*d"),
            ("", "**", "*"),
        ] {
            assert_eq!(Keys::below(prefix).glob(&Pattern::parse(pattern).unwrap()), glob, "{prefix} {pattern}");
        }
    }

    #[test]
    fn a_lease_and_its_fence_share_a_slot() {
        let key = CacheKey::parse("remove_bg:00:0:white").unwrap();
        let [lease, fence] = Keys::below("shop:").lease(&key);
        assert_eq!(lease, "shop:lease:{remove_bg:00:0:white}");
        assert_eq!(fred::util::redis_keyslot(lease.as_bytes()), fred::util::redis_keyslot(fence.as_bytes()));
    }
}
