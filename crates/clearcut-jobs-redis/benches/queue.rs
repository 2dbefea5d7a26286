//! What a job costs: the time from its acceptance to its start while nothing else is to be done, beside that of a bare
//! command by the same client; commands; memory.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant, SystemTime},
};

use clearcut_cache_redis::{RedisConfig, RedisConnection};
use clearcut_jobs::{JobBook, JobId, JobQueue, NewJob, QueueOptions, Settlement, Start};
use clearcut_jobs_redis::RedisQueue;
use clearcut_testkit::server::RedisServer;
use fred::{
    interfaces::ClientLike,
    types::{ClusterHash, CustomCommand},
};
use futures::{StreamExt, stream};

const LEASE: Duration = Duration::from_mins(1);
const ROUNDS: usize = 500;
const QUEUED: usize = 10_000;
/// About as many bytes as the server's own jobs have.
const PAYLOAD_BYTES: usize = 300;

#[tokio::main]
async fn main() {
    // `cargo test --benches` only asks whether it runs.
    let rounds = if std::env::args().any(|argument| argument == "--bench") { ROUNDS } else { 3 };
    let server = RedisServer::start().expect("a private Redis");
    let (here, there) = (open(&server).await, open(&server).await);
    let (client, worker) = (queue(&here).await, queue(&there).await);

    let mut bare = Vec::new();
    for _ in 0..rounds {
        let asked = Instant::now();
        here.probe().await.expect("an answer");
        bare.push(asked.elapsed());
    }
    let mut starts = Vec::new();
    for _ in 0..rounds {
        starts.push(start(&client, &worker).await);
    }
    let (bare, starts) = (quantiles(bare), quantiles(starts));
    println!("bare command         {bare}");
    println!("enqueue to start     {starts}");
    println!("ratio of the medians {:.1}", starts.median.as_secs_f64() / bare.median.as_secs_f64());

    let before = calls(&here).await;
    let began = Instant::now();
    for _ in 0..rounds {
        client.enqueue(job(), Start::Now).await.expect("an answer");
        let claim = worker.claim(LEASE, Duration::ZERO).await.expect("an answer").expect("a job");
        assert!(worker.settle(&claim.lease, Settlement::Done(String::new())).await.expect("an answer"));
    }
    let per_job = began.elapsed() / rounds as u32;
    let after = calls(&here).await;
    let sent = (after["evalsha"] - before["evalsha"]) as f64 / rounds as f64;
    let all = (after.values().sum::<u64>() - before.values().sum::<u64>()) as f64 / rounds as f64;
    println!(
        "enqueue, claim and settle, one after the other: {per_job:.1?}; {sent:.2} scripts, {all:.1} commands in all"
    );

    let before = used_memory_bytes(&here).await;
    let enqueues = stream::iter(0..QUEUED).map(|_| client.enqueue(job(), Start::Now)).buffer_unordered(64);
    let accepted = enqueues.filter(|outcome| std::future::ready(outcome.is_ok())).count().await;
    let depth = client.depth().await.expect("an answer");
    assert_eq!((accepted, depth.interactive), (QUEUED, QUEUED));
    let per_job_bytes = (used_memory_bytes(&here).await - before) / QUEUED as u64;
    println!("memory per queued job with {PAYLOAD_BYTES} bytes of payload: {per_job_bytes} bytes");
}

/// How long a worker that waits in vain takes to have a job.
async fn start(client: &RedisQueue, worker: &RedisQueue) -> Duration {
    let waiting = async {
        let claim = worker.claim(LEASE, LEASE).await.expect("an answer").expect("a job");
        (Instant::now(), claim)
    };
    let enqueuing = async {
        // Until the claim waits and Redis has nothing to do.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let asked = Instant::now();
        client.enqueue(job(), Start::Now).await.expect("an answer");
        asked
    };
    let ((started, claim), asked) = tokio::join!(waiting, enqueuing);
    assert!(worker.settle(&claim.lease, Settlement::Done(String::new())).await.expect("an answer"));
    started - asked
}

fn job() -> NewJob {
    NewJob::new(JobId::new(SystemTime::now()), vec![b'x'; PAYLOAD_BYTES])
}

async fn open(server: &RedisServer) -> RedisConnection {
    let config = RedisConfig::from_url(server.url()).expect("its URL").command_timeout(Duration::from_secs(10));
    RedisConnection::open(config).await.expect("a connection")
}

async fn queue(redis: &RedisConnection) -> RedisQueue {
    let mut options = QueueOptions::default();
    options.max_queued = QUEUED + ROUNDS;
    RedisQueue::open(redis, options).await
}

/// How often Redis was asked for what, scripts' own commands included.
async fn calls(redis: &RedisConnection) -> BTreeMap<String, u64> {
    let info = info(redis, "commandstats").await;
    let commands = info.lines().filter_map(|line| line.strip_prefix("cmdstat_")?.split_once(":calls="));
    let counts = commands.filter_map(|(name, rest)| Some((name.to_owned(), rest.split(',').next()?.parse().ok()?)));
    counts.filter(|(name, _)| name != "info" && name != "ping").collect()
}

async fn used_memory_bytes(redis: &RedisConnection) -> u64 {
    let info = info(redis, "memory").await;
    let used = info.lines().find_map(|line| line.strip_prefix("used_memory:")).expect("Redis says what it uses");
    used.parse().expect("a number")
}

async fn info(redis: &RedisConnection, section: &str) -> String {
    let command = CustomCommand::new_static("INFO", ClusterHash::Random, false);
    redis.commands().custom(command, vec![section]).await.expect("an answer")
}

struct Quantiles {
    median: Duration,
    p90: Duration,
    p99: Duration,
}

fn quantiles(mut times: Vec<Duration>) -> Quantiles {
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    Quantiles { median: at(0.5), p90: at(0.9), p99: at(0.99) }
}

impl std::fmt::Display for Quantiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "median {:.2?}, 90 % {:.2?}, 99 % {:.2?}", self.median, self.p90, self.p99)
    }
}
