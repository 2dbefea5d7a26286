//! The behaviors of every queue: on one server and in a cluster, seen over two connections.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use clearcut_cache_redis::{RedisConfig, RedisConnection};
use clearcut_jobs::{QueueOptions, conformance::Subject, queue_conformance_suite};
use clearcut_jobs_redis::RedisQueue;
use clearcut_testkit::server::{RedisCluster, RedisServer};

use crate::server::{PATIENCE, config, unused_prefix};

/// Shared by all behaviors, each below a prefix of its own.
static SERVER: LazyLock<Option<RedisServer>> = LazyLock::new(RedisServer::start_or_skip);
static CLUSTER: LazyLock<Option<RedisCluster>> = LazyLock::new(RedisCluster::start_or_skip);

queue_conformance_suite!(one_server, async {
    let server = SERVER.as_ref();
    server.map(|server| subject(config(server.url())))
});

queue_conformance_suite!(one_server_speaking_resp2, async {
    let server = SERVER.as_ref();
    server.map(|server| subject(config(server.url()).resp2()))
});

queue_conformance_suite!(cluster, async {
    let cluster = CLUSTER.as_ref();
    cluster.map(|cluster| subject(config(cluster.url())))
});

fn subject(config: RedisConfig) -> Subject {
    let config = config.key_prefix(unused_prefix()).pool_size(2);
    let open = move |options: QueueOptions| {
        let config = config.clone();
        async move {
            let redis = RedisConnection::open(config).await.unwrap();
            until_it_answers(&redis).await;
            Arc::new(RedisQueue::open(&redis, options).await)
        }
    };
    Subject::new(open.clone()).against(open)
}

/// A cluster may still be about to tell who has what.
async fn until_it_answers(redis: &RedisConnection) {
    let asking = async {
        while redis.probe().await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.expect("Redis answers");
}
