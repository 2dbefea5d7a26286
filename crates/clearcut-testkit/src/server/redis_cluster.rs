//! A private Redis cluster.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use super::redis::{RedisOptions, RedisServer, ask};
use super::{free_port, or_skip};

/// The hash slots of each node.
const SLOTS: [(u16, u16); 3] = [(0, 5460), (5461, 10922), (10923, 16383)];
const MEETING_LIMIT: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(20);

/// Three primaries without replicas that share the keys among them. Dropping it ends it.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<RedisServer>,
}

impl RedisCluster {
    /// Starts the nodes, lets them meet, and waits until every one knows who has which key.
    ///
    /// # Errors
    ///
    /// As [`RedisServer::start`].
    pub fn start() -> anyhow::Result<Self> {
        let mut cluster = Self { nodes: Vec::new() };
        let mut first = None;
        for (from, to) in SLOTS {
            // By itself it would take its port plus 10,000, which may be beyond the last one.
            let bus_port = free_port()?;
            let node =
                RedisServer::start_with(RedisOptions { cluster_port: Some(bus_port), ..RedisOptions::default() })?;
            let (port, bus_port) = *first.get_or_insert((node.port(), bus_port));
            let commands = format!("CLUSTER ADDSLOTSRANGE {from} {to}\r\nCLUSTER MEET 127.0.0.1 {port} {bus_port}");
            let answer = ask(node.port(), &commands).context("making a cluster")?;
            ensure!(!answer.contains("-ERR"), "no cluster was made: {answer}");
            cluster.nodes.push(node);
        }
        let started = Instant::now();
        while !cluster.nodes.iter().all(is_whole) {
            ensure!(started.elapsed() < MEETING_LIMIT, "the nodes of a Redis cluster did not meet");
            std::thread::sleep(POLL);
        }
        Ok(cluster)
    }

    /// Starts one, or skips the test loudly; panics as [`RedisServer::start_or_skip`].
    #[track_caller]
    pub fn start_or_skip() -> Option<Self> {
        or_skip(Self::start())
    }

    /// `redis-cluster://127.0.0.1:PORT`, which names one of the nodes.
    pub fn url(&self) -> String {
        format!("redis-cluster://127.0.0.1:{}", self.nodes[1].port())
    }
}

fn is_whole(node: &RedisServer) -> bool {
    ask(node.port(), "CLUSTER INFO").is_ok_and(|info| {
        let has = |line: &str| info.lines().any(|other| other == line);
        has("cluster_state:ok") && has(&format!("cluster_known_nodes:{}", SLOTS.len()))
    })
}
