//! Every operation is one script: it happens wholly or not, and by the server's clock.

use std::time::Duration;

use bytes::Bytes;
use clearcut_cache_redis::Script;
use clearcut_jobs::QueueOptions;

macro_rules! scripts {
    ($($name:ident = $file:literal;)+) => {
        $(pub(crate) static $name: Script =
            Script::new(concat!(include_str!("lua/prelude.lua"), include_str!($file)));)+
    };
}

scripts! {
    ENQUEUE = "lua/enqueue.lua";
    START = "lua/start.lua";
    AWAITING = "lua/awaiting.lua";
    CLAIM = "lua/claim.lua";
    RENEW = "lua/renew.lua";
    SETTLE = "lua/settle.lua";
    JOB = "lua/job.lua";
    CANCEL = "lua/cancel.lua";
    BATCH = "lua/batch.lua";
    DEAD = "lua/dead.lua";
    REDRIVE = "lua/redrive.lua";
    DEPTH = "lua/depth.lua";
}

/// Answers the bound of the server's memory in bytes and what it does at that bound, where it may be asked.
pub(crate) static EVICTION: Script = Script::new(
    "local info = redis.call('INFO', 'memory')
     return {string.match(info, 'maxmemory:(%d+)'), string.match(info, 'maxmemory_policy:([%w-]+)')}",
);

/// Longest duration that is told to Redis: a hundred years. Added to now in microseconds, Lua's numbers hold it.
const FOREVER: Duration = Duration::from_hours(24 * 36_525);

/// The options in the order in which `prelude.lua` names them.
pub(crate) fn options(options: &QueueOptions) -> Vec<Bytes> {
    let counts = [options.max_queued, options.max_attempts as usize];
    let durations = [
        options.backoff,
        options.max_backoff,
        options.progress_ttl,
        options.result_ttl,
        options.batch_ttl,
        options.awaiting_ttl,
    ];
    let counts = counts.into_iter().map(count);
    counts.chain(durations.into_iter().map(milliseconds)).chain([count(options.max_dead)]).collect()
}

/// Never 0, which Redis refuses as a lifetime.
pub(crate) fn milliseconds(duration: Duration) -> Bytes {
    duration.clamp(Duration::from_millis(1), FOREVER).as_millis().to_string().into()
}

/// As far as Redis counts the elements of a list.
pub(crate) fn count(count: usize) -> Bytes {
    count.min(u32::MAX as usize).to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_what_redis_takes() {
        for (duration, milliseconds_) in [
            (Duration::ZERO, "1"),
            (Duration::from_micros(1), "1"),
            (Duration::from_micros(2_999), "2"),
            (Duration::from_hours(1), "3600000"),
            (Duration::MAX, "3155760000000"),
        ] {
            assert_eq!(milliseconds(duration), milliseconds_, "{duration:?}");
        }
    }
}
