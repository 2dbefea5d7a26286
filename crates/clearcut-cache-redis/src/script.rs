//! Lua that runs inside Redis, in one piece.

use std::sync::OnceLock;

use bytes::Bytes;
use clearcut_cache::TierError;
use fred::{
    interfaces::ClientLike,
    types::{ClusterHash, CustomCommand, FromValue, Value},
    util::sha1_hash,
};

use crate::RedisConnection;

/// A script, named by its digest once a server has seen it.
#[derive(Debug)]
pub struct Script {
    source: &'static str,
    digest: OnceLock<String>,
}

impl Script {
    /// A script, for a `static`.
    pub const fn new(source: &'static str) -> Self {
        Self { source, digest: OnceLock::new() }
    }

    /// Runs it by its digest, or in full on a server that does not know it: one that was restarted, or another node
    /// of the cluster. There is at least one key; in a cluster all are on the node of the first.
    pub async fn run<R: FromValue>(
        &self,
        redis: &RedisConnection,
        keys: &[String],
        arguments: &[String],
    ) -> Result<R, TierError> {
        let arguments: Vec<_> = arguments.iter().map(|argument| Bytes::copy_from_slice(argument.as_bytes())).collect();
        self.run_with_bytes(redis, keys, &arguments).await
    }

    /// The same for arguments that need not be text.
    pub async fn run_with_bytes<R: FromValue>(
        &self,
        redis: &RedisConnection,
        keys: &[String],
        arguments: &[Bytes],
    ) -> Result<R, TierError> {
        let run = async |command, script: &str| {
            // The driver's own commands for scripts take no options, so they would not fail at once.
            let command = CustomCommand::new_static(command, ClusterHash::Offset(2), false);
            let head = [script.into(), keys.len().to_string().into()];
            let keys = keys.iter().map(|key| key.as_str().into());
            let words: Vec<Value> =
                head.into_iter().chain(keys).chain(arguments.iter().cloned().map(Value::Bytes)).collect();
            redis.commands().custom(command, words).await
        };
        match run("EVALSHA", self.digest.get_or_init(|| sha1_hash(self.source))).await {
            Err(error) if error.details().starts_with("NOSCRIPT") => run("EVAL", self.source).await,
            result => result,
        }
        .map_err(|error| redis.failure(&error))
    }
}
