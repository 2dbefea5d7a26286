//! Clearing by pattern takes what matches, whatever characters stand in it.

use futures::StreamExt as _;

use super::subject::{Subject, entry};
use crate::Pattern;

/// A star is any run of characters; a namespace beside the pattern is left alone.
pub async fn clear_takes_what_matches_and_nothing_else(subject: &Subject) {
    let keys = ["a:1", "a:2", "ab:1", "b:a:1", "A:1"];
    for (pattern, gone) in [
        ("a:*", &["a:1", "a:2"][..]),
        ("*:1", &["a:1", "ab:1", "b:a:1", "A:1"]),
        ("a*:1", &["a:1", "ab:1"]),
        ("a:1", &["a:1"]),
        ("**", &keys),
        ("none*", &[]),
    ] {
        check(subject, &keys, pattern, gone).await;
    }
}

/// What means something to a database or a server means itself here.
pub async fn a_hostile_pattern_stands_for_itself(subject: &Subject) {
    let keys =
        ["x", "xy", "xzy", "a%b", "a_b", "a?b", "a[b]c", "a\\b", "a\\", "abc", "a'b", "a\"b", "^a$", "{a}", "a-c"];
    for (pattern, gone) in [
        ("%", &[][..]),
        ("_", &[]),
        ("?", &[]),
        ("x%", &[]),
        ("x_y", &[]),
        ("x?y", &[]),
        ("[a-z]", &[]),
        ("[!a]*", &[]),
        ("{a,x}", &[]),
        ("x|xy", &[]),
        (".*", &[]),
        ("a.c", &[]),
        ("a\\*", &["a\\b", "a\\"]),
        ("\\*", &[]),
        ("a[b]*", &["a[b]c"]),
        ("*%b", &["a%b"]),
        ("*_*", &["a_b"]),
        ("*?b", &["a?b"]),
        ("*[*]*", &["a[b]c"]),
        ("*]", &[]),
        ("a'b", &["a'b"]),
        ("a'*", &["a'b"]),
        ("';--*", &[]),
        ("*\"b", &["a\"b"]),
        ("^*", &["^a$"]),
        ("{a}", &["{a}"]),
    ] {
        check(subject, &keys, pattern, gone).await;
    }
}

/// However many there are.
pub async fn clear_takes_more_than_one_batch(subject: &Subject) {
    let count = 1_234;
    let small = entry("small");
    futures::stream::iter(0..count)
        .for_each_concurrent(16, async |i| subject.put(&subject.key(&format!("many:{i}")), &small).await)
        .await;
    subject.put(&subject.key("few:1"), &small).await;
    clear(subject, "many:*").await;
    for i in 0..count {
        assert_eq!(subject.get(&subject.key(&format!("many:{i}"))).await, None, "many:{i} of {count} was left");
    }
    assert!(subject.get(&subject.key("few:1")).await.is_some());
}

/// Puts `keys`, clears `pattern` behind the namespace, and finds all but `gone`.
async fn check(subject: &Subject, keys: &[&str], pattern: &str, gone: &[&str]) {
    for name in keys {
        subject.put(&subject.key(name), &entry((*name).to_owned())).await;
    }
    clear(subject, pattern).await;
    for name in keys {
        let found = subject.get(&subject.key(name)).await.is_some();
        assert_eq!(found, !gone.contains(name), "{name:?} after {pattern:?} was cleared");
    }
}

async fn clear(subject: &Subject, pattern: &str) {
    let pattern =
        Pattern::parse(&format!("{}:{pattern}", subject.namespace())).expect("the suite's patterns are patterns");
    subject.writer().clear(&pattern).await.expect("the tier clears");
}
