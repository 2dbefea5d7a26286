//! Several servers over one Redis and one Postgres, all of them real: what is computed once, what is cleared
//! everywhere, and what happens when one of them dies.

use std::{process::Command, time::Duration};

use clearcut_testkit::{
    scene,
    server::{PostgresServer, RedisServer},
};
use futures::{StreamExt as _, future::join_all, stream};
use reqwest::{Client, Response, StatusCode};
use tempfile::TempDir;

use crate::program::{Running, program};

/// Longest time that anything is waited for.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// What the servers share.
pub struct Fleet {
    pub folder: TempDir,
    pub redis: RedisServer,
    database_url: String,
    _postgres: PostgresServer,
    pub client: Client,
}

impl Fleet {
    /// `None`, and a line that says so, where Redis or Postgres is not installed.
    pub fn assemble() -> Option<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (redis, postgres) = (RedisServer::start_or_skip()?, PostgresServer::start_or_skip()?);
        Some(Self {
            folder: TempDir::new().unwrap(),
            redis,
            database_url: postgres.fresh_database().unwrap(),
            _postgres: postgres,
            client: Client::builder().no_proxy().build().unwrap(),
        })
    }

    fn server(&self) -> Running {
        Running::start(self.folder.path(), &borrowed(&self.settings(&[])))
    }

    /// What all processes are told, and `more`.
    pub fn settings(&self, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let shared = [
            ("REDIS_URL", self.redis.url()),
            ("DATABASE_URL", self.database_url.clone()),
            ("CLEARCUT_ACCESS_KEYS_FILE", self.keys_file()),
            // A full pipe would stop a server whose log nobody reads.
            ("LOG_LEVEL", "error,clearcut_server::cli=info".to_owned()),
        ];
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        shared.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(more.iter().map(own)).collect()
    }

    /// What `clearcut-server jobs` prints.
    pub fn jobs_command(&self, arguments: &[&str]) -> String {
        let mut command: Command = program(self.folder.path());
        let output = command.arg("jobs").args(arguments).envs(self.settings(&[])).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn keys_file(&self) -> String {
        self.folder.path().join("keys.toml").display().to_string()
    }

    /// A key of role admin, by the command that operators use.
    fn admin_key(&self) -> String {
        let mut command: Command = program(self.folder.path());
        let output = command
            .args(["keys", "add", "--name", "operator", "--role", "admin"])
            .env("CLEARCUT_ACCESS_KEYS_FILE", self.keys_file())
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        printed.split_whitespace().find(|word| word.starts_with("cc_")).expect("the key is printed").to_owned()
    }

    pub async fn send(&self, server: &Running, photo: Vec<u8>) -> Response {
        let url = format!("http://{}/v1/cutouts", server.address);
        self.client.post(url).header("content-type", "image/png").body(photo).send().await.unwrap()
    }

    /// Until a picture is in the works.
    async fn wait_until_busy(&self, server: &Running) {
        let metrics = format!("http://{}/metrics", server.address);
        let busy = async {
            loop {
                let text = self.client.get(&metrics).send().await.unwrap().text().await.unwrap();
                if text.lines().any(|line| line.starts_with("clearcut_engine_pictures") && !line.ends_with(" 0")) {
                    return;
                }
            }
        };
        tokio::time::timeout(PATIENCE, busy).await.expect("a picture in the works");
    }
}

/// Names and values as processes take them.
pub fn borrowed(settings: &[(String, String)]) -> Vec<(&str, &str)> {
    settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// A small photo; each `seed` is another one.
pub fn photo(seed: u64) -> Vec<u8> {
    scene::product_photo(120, 90, seed).png()
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).unwrap_or_else(|| panic!("no {name} in {answer:?}")).to_str().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn equal_requests_to_three_servers_are_computed_once() {
    let Some(fleet) = Fleet::assemble() else { return };
    let servers = [fleet.server(), fleet.server(), fleet.server()];
    let answers = join_all((0..90).map(|request| fleet.send(&servers[request % servers.len()], photo(1)))).await;
    assert!(answers.iter().all(|answer| answer.status() == StatusCode::OK));
    let computed = answers.iter().filter(|answer| header(answer, "x-cache") == "miss").count();
    assert_eq!(computed, 1, "of 90 equal requests to three servers");

    let newcomer = fleet.server();
    let answer = fleet.send(&newcomer, photo(1)).await;
    assert_eq!((header(&answer, "x-cache"), header(&answer, "x-cache-tier")), ("hit", "redis"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_server_clears_is_gone_from_the_memory_of_the_others() {
    let Some(fleet) = Fleet::assemble() else { return };
    let key = fleet.admin_key();
    let (here, there) = (fleet.server(), fleet.server());
    fleet.send(&here, photo(1)).await;
    let known = fleet.send(&there, photo(1)).await;
    let url = format!("http://{}/v1/cutouts/{}", there.address, header(&known, "x-cache-key"));
    assert_eq!(fleet.client.get(&url).send().await.unwrap().status(), StatusCode::OK);

    let clear = fleet.client.post(format!("http://{}/api/admin/cache/clear", here.address)).header("x-api-key", key);
    let cleared = clear.json(&serde_json::json!({ "pattern": "*" })).send().await.unwrap();
    assert_eq!(cleared.status(), StatusCode::OK, "{}", cleared.text().await.unwrap());
    let gone = async { while fleet.client.get(&url).send().await.unwrap().status() != StatusCode::NOT_FOUND {} };
    tokio::time::timeout(PATIENCE, gone).await.expect("the other server forgets it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_killed_under_load_fails_no_request() {
    let Some(fleet) = Fleet::assemble() else { return };
    let server = fleet.server();
    let statuses = stream::iter(0..120)
        .map(|request| {
            let fleet = &fleet;
            let server = &server;
            async move {
                match request {
                    30 => tokio::task::block_in_place(|| fleet.redis.kill()).unwrap(),
                    80 => tokio::task::block_in_place(|| fleet.redis.restart()).unwrap(),
                    _ => {}
                }
                fleet.send(server, photo(request % 12)).await.status()
            }
        })
        .buffer_unordered(8);
    let failed: Vec<StatusCode> = statuses.filter(|status| futures::future::ready(*status != 200)).collect().await;
    assert!(failed.is_empty(), "{failed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_while_it_computes_does_not_keep_the_others_from_it() {
    let Some(fleet) = Fleet::assemble() else { return };
    let (mut leader, other) = (fleet.server(), fleet.server());
    let large = scene::product_photo(2400, 1800, 1).png();
    let url = format!("http://{}/v1/cutouts", leader.address);
    let request = fleet.client.post(url).header("content-type", "image/png").body(large.clone()).send();
    let abandoned = tokio::spawn(request);
    fleet.wait_until_busy(&leader).await;
    leader.kill();
    assert!(abandoned.await.unwrap().is_err(), "the leader died before it answered");

    let answer = tokio::time::timeout(PATIENCE, fleet.send(&other, large)).await.expect("the lease runs out");
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_told_to_stop_answers_what_it_has_taken_on() {
    let Some(fleet) = Fleet::assemble() else { return };
    let server = fleet.server();
    let large = scene::product_photo(1600, 1200, 2).png();
    let url = format!("http://{}/v1/cutouts", server.address);
    let request = tokio::spawn(fleet.client.post(url).header("content-type", "image/png").body(large).send());
    fleet.wait_until_busy(&server).await;
    server.tell_to_stop();
    let answer = request.await.unwrap().expect("the answer comes");
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(!answer.bytes().await.unwrap().is_empty());
    let (code, log) = server.stop();
    assert_eq!(code, 0, "{log}");
}
