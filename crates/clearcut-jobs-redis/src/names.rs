//! Where a queue stands in Redis.

/// What all names of a queue begin with. The braces put them in one slot of a cluster, where one script may touch all.
pub(crate) fn base(prefix: &str) -> String {
    format!("{{{prefix}jobs}}")
}

/// The channel on which those who wait are told that there is something to look at.
pub(crate) fn wake_channel(base: &str) -> String {
    format!("{base}:wake")
}
