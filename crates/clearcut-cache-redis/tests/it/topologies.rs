//! More than one server: a cluster, and sentinels that say which one it is.

use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use clearcut_cache::{CacheTier, LeaseKeeper, Pattern};
use clearcut_cache_redis::{RedisConfig, RedisConnection, RedisLease, RedisTier};
use clearcut_testkit::server::{RedisCluster, RedisServer};
use tempfile::TempDir;

use crate::server::{config, entry, eventually, key, long};

/// A `redis-server` of a kind that testkit does not start.
struct Special {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Special {
    /// Its configuration is `settings`, with a port and a folder of its own.
    fn start(arguments: &[&str], settings: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("redis.conf");
        std::fs::write(&file, Self::configuration(port, folder.path(), settings)).unwrap();
        let child = Command::new("redis-server").arg(&file).args(arguments).stdout(Stdio::null()).spawn().unwrap();
        Self { child, port, _folder: folder }
    }

    fn configuration(port: u16, folder: &Path, settings: &str) -> String {
        format!("port {port}\nbind 127.0.0.1\ndir {}\n{settings}\n", folder.display())
    }
}

impl Drop for Special {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn reach(url: String) -> RedisConnection {
    let redis = RedisConnection::open(RedisConfig::from_url(url).unwrap()).await.unwrap();
    eventually("an answer", async || redis.probe().await.ok()).await;
    redis
}

#[tokio::test]
async fn keys_are_kept_leased_and_cleared_on_every_node_of_a_cluster() {
    let Some(cluster) = RedisCluster::start_or_skip() else { return };
    let redis = reach(cluster.url()).await;
    let (tier, leases) = (RedisTier::new(&redis), RedisLease::new(&redis));
    for i in 0..300 {
        let key = key(&format!("matte:{i}"));
        tier.put(&key, &entry("body"), &long()).await.unwrap();
        assert!(tier.get(&key).await.unwrap().is_some());
    }
    tier.put(&key("remove_bg:0"), &entry("body"), &long()).await.unwrap();
    for i in 0..30 {
        let grant = leases.acquire(&key(&format!("matte:{i}")), Duration::from_mins(1)).await.unwrap().unwrap();
        assert!(leases.release(&grant).await.unwrap());
    }
    assert_eq!(tier.clear(&Pattern::parse("matte:*").unwrap()).await.unwrap(), 300);
    assert!(tier.get(&key("remove_bg:0")).await.unwrap().is_some());
}

#[tokio::test]
async fn the_server_that_sentinels_name_is_used() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let settings = format!("sentinel monitor main 127.0.0.1 {} 1", server.port());
    let sentinel = Special::start(&["--sentinel"], &settings);
    let redis = reach(format!("redis-sentinel://127.0.0.1:{}?sentinelServiceName=main", sentinel.port)).await;
    RedisTier::new(&redis).put(&key("a"), &entry("body"), &long()).await.unwrap();
    let direct = RedisTier::connect(config(&server)).await.unwrap();
    assert!(direct.get(&key("a")).await.unwrap().is_some());
}
