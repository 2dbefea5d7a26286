//! Servers and workers as processes of their own over one Redis, one Postgres and one folder: jobs that survive the
//! death of those who work on them.

use std::{
    collections::HashMap,
    path::Path,
    time::{Duration, Instant},
};

use futures::{StreamExt as _, future::join_all, stream};
use reqwest::{
    StatusCode,
    multipart::{Form, Part},
};
use serde_json::Value;

use crate::{
    fleet::{Fleet, PATIENCE, borrowed, photo},
    program::Running,
};

/// Photos of a batch that differ.
const DIFFERENT: u64 = 25;

/// Shows the clock of a process five minutes ahead; Debian's package `libfaketime` has it.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

impl Fleet {
    /// A server that accepts jobs and does none.
    fn front(&self, more: &[(&str, &str)]) -> Running {
        Running::start_as(
            self.folder.path(),
            &["serve", "--no-worker"],
            &borrowed(&self.settings(more)),
            "listens on http://",
        )
    }

    fn worker(&self, more: &[(&str, &str)]) -> Running {
        let mut settings =
            vec![("CLEARCUT_JOBS_WORKER_PORT", "0"), ("CLEARCUT_JOBS_LEASE", "2s"), ("CLEARCUT_JOBS_WORKERS", "1")];
        settings.extend_from_slice(more);
        Running::start_as(self.folder.path(), &["worker"], &borrowed(&self.settings(&settings)), "health: http://")
    }

    async fn send_job(&self, server: &Running, photo: Vec<u8>) -> String {
        let url = format!("http://{}/v1/jobs", server.address);
        let answer = self.client.post(url).header("content-type", "image/png").body(photo).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
        answer.json::<Value>().await.unwrap()["job_id"].as_str().unwrap().to_owned()
    }

    async fn job(&self, server: &Running, id: &str) -> (StatusCode, Value) {
        let answer = self.client.get(format!("http://{}/v1/jobs/{id}", server.address)).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    async fn ended(&self, server: &Running, id: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (status, job) = self.job(server, id).await;
            assert_eq!(status, StatusCode::OK, "{job}");
            if ["done", "failed", "cancelled"].iter().any(|end| job["status"] == *end) {
                return job;
            }
            assert!(Instant::now() < deadline, "{job}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// A counter or gauge of a process.
    async fn metric(&self, process: &Running, line: &str) -> f64 {
        let text = self.client.get(format!("http://{}/metrics", process.address)).send().await.unwrap();
        let text = text.text().await.unwrap();
        let value = text.lines().find_map(|known| known.strip_prefix(line));
        value.map_or(0.0, |value| value.trim().parse().unwrap())
    }

    async fn batch(&self, server: &Running, photos: usize) -> String {
        let form = (0..photos).fold(Form::new(), |form, number| {
            // Few enough of them to be computed, and many jobs of each.
            let photo = photo(number as u64 % DIFFERENT);
            form.part("image", Part::bytes(photo).file_name(format!("{number}.png")))
        });
        let answer =
            self.client.post(format!("http://{}/v1/batch", server.address)).multipart(form).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
        answer.json::<Value>().await.unwrap()["batch_id"].as_str().unwrap().to_owned()
    }

    async fn batch_status(&self, server: &Running, id: &str) -> Value {
        let url = format!("http://{}/v1/batch/{id}?limit=1000", server.address);
        self.client.get(url).send().await.unwrap().json().await.unwrap()
    }

    /// Asks until `enough` says so.
    async fn batch_until(&self, server: &Running, id: &str, enough: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE * 3;
        loop {
            let status = self.batch_status(server, id).await;
            if enough(&status) {
                return status;
            }
            assert!(Instant::now() < deadline, "{} of {}", status["done"], status["total"]);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn equal_jobs_on_three_servers_and_two_workers_are_computed_once() {
    let Some(fleet) = Fleet::assemble() else { return };
    let servers = [fleet.front(&[]), fleet.front(&[]), fleet.front(&[])];
    let workers = [fleet.worker(&[]), fleet.worker(&[])];
    let ids = join_all((0..30).map(|job| fleet.send_job(&servers[job % servers.len()], photo(1)))).await;
    let mut results = HashMap::new();
    for (at, id) in ids.iter().enumerate() {
        // Any server knows of it.
        let job = fleet.ended(&servers[(at + 1) % servers.len()], id).await;
        assert_eq!(job["status"], "done", "{job}");
        *results.entry(job["result"]["object"].to_string()).or_insert(0) += 1;
    }
    assert_eq!(results.len(), 1, "{results:?}");
    let mut computed = 0.0;
    for worker in &workers {
        computed += fleet.metric(worker, "processing_time_ms_count{status=\"miss\"}").await;
    }
    assert_eq!(computed as u32, 1, "of 30 equal jobs");
    for worker in workers {
        let (code, log) = worker.stop();
        assert_eq!(code, 0, "{log}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_killed_amid_200_jobs_loses_none_and_none_that_was_done_is_done_again() {
    const JOBS: usize = 200;
    let Some(fleet) = Fleet::assemble() else { return };
    let server = fleet.front(&[]);
    let mut victim = fleet.worker(&[]);
    let survivor = fleet.worker(&[]);
    let id = fleet.batch(&server, JOBS).await;
    fleet.batch_until(&server, &id, |batch| batch["done"].as_u64() >= Some(40)).await;
    victim.kill();
    // Whose end was written by then, the dead one's included.
    let before = fleet.batch_status(&server, &id).await;
    let after = fleet.batch_until(&server, &id, |batch| batch["status"] == "done").await;
    assert_eq!((&after["total"], &after["done"], &after["failed"]), (&JOBS.into(), &JOBS.into(), &0.into()));
    let times = |batch: &Value| -> HashMap<String, (Value, Value)> {
        let jobs = batch["jobs"].as_array().unwrap().iter().filter(|job| job["status"] == "done");
        jobs.map(|job| (job["job_id"].to_string(), (job["updated_at"].clone(), job["attempts"].clone()))).collect()
    };
    let (before, after) = (times(&before), times(&after));
    assert!(before.len() >= 40 && after.len() == JOBS);
    for (job, seen) in &before {
        assert_eq!(seen, &after[job], "{job} was done before");
    }
    let again: Vec<_> = after.values().filter(|(_, attempts)| attempts.as_u64() > Some(1)).collect();
    assert!(again.len() <= 1, "only what the dead one had in its one hand: {again:?}");
    assert!(fleet.metric(&survivor, "clearcut_jobs_ended_total{outcome=\"done\"}").await > 0.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_loses_its_memory_fails_no_request_and_its_jobs_are_said_to_be_lost() {
    let Some(fleet) = Fleet::assemble() else { return };
    let (server, worker) = (fleet.front(&[]), fleet.worker(&[]));
    let done = fleet.send_job(&server, photo(1)).await;
    fleet.ended(&server, &done).await;
    let announced = fleet.client.post(format!("http://{}/v1/jobs", server.address)).send().await.unwrap();
    let announced: Value = announced.json().await.unwrap();

    let statuses = stream::iter(0..60)
        .map(|request| {
            let (fleet, server) = (&fleet, &server);
            async move {
                match request {
                    15 => tokio::task::block_in_place(|| fleet.redis.kill()).unwrap(),
                    40 => tokio::task::block_in_place(|| fleet.redis.restart()).unwrap(),
                    _ => {}
                }
                fleet.send(server, photo(request % 6)).await.status()
            }
        })
        .buffer_unordered(4);
    let failed: Vec<StatusCode> = statuses.filter(|status| futures::future::ready(*status != 200)).collect().await;
    assert!(failed.is_empty(), "{failed:?}");

    let deadline = Instant::now() + PATIENCE;
    for id in [&done, announced["job_id"].as_str().unwrap()] {
        loop {
            let (status, job) = fleet.job(&server, id).await;
            // Until the connection is there again.
            if status == StatusCode::SERVICE_UNAVAILABLE {
                assert!(Instant::now() < deadline, "{job}");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
            assert_eq!((status, &job["code"]), (StatusCode::GONE, &"job_lost".into()), "{job}");
            break;
        }
    }
    let upload = fleet.client.put(announced["upload_url"].as_str().unwrap()).body(photo(1)).send().await.unwrap();
    assert_eq!(upload.status(), StatusCode::GONE);
    // And the worker finds its way back.
    let next = fleet.send_job(&server, photo(2)).await;
    assert_eq!(fleet.ended(&server, &next).await["status"], "done");
    let (code, log) = worker.stop();
    assert_eq!(code, 0, "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_and_workers_that_are_replaced_one_by_one_fail_no_request() {
    let Some(fleet) = Fleet::assemble() else { return };
    let (mut servers, mut workers) =
        (vec![fleet.front(&[]), fleet.front(&[])], vec![fleet.worker(&[]), fleet.worker(&[])]);
    let mut ids = Vec::new();
    for round in 0..4_u64 {
        let (old, kept) = (servers.remove(0), &servers[0]);
        // A balancer that has been told of the change sends everything to the other one.
        let jobs = join_all((0..8).map(|job| fleet.send_job(&old, photo(round * 8 + job)))).await;
        let pictures = async {
            for request in 0..8 {
                assert_eq!(fleet.send(kept, photo(request)).await.status(), StatusCode::OK);
            }
        };
        let worker = workers.remove(0);
        let replaced = tokio::task::spawn_blocking(move || (old.stop(), worker.stop()));
        let (ended, ()) = tokio::join!(replaced, pictures);
        let ((server_code, server_log), (worker_code, worker_log)) = ended.unwrap();
        assert_eq!((server_code, worker_code), (0, 0), "{server_log}\n{worker_log}");
        servers.push(fleet.front(&[]));
        workers.push(fleet.worker(&[]));
        ids.extend(jobs);
    }
    for id in &ids {
        let job = fleet.ended(&servers[0], id).await;
        assert_eq!((&job["status"], &job["attempts"]), (&"done".into(), &1.into()), "{job}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clocks_that_are_five_minutes_apart_harm_nothing() {
    if !Path::new(FAKETIME).exists() {
        eprintln!("SKIPPED: there is no {FAKETIME}; apt-get install libfaketime");
        return;
    }
    let Some(fleet) = Fleet::assemble() else { return };
    for (here, there) in [("+5m", "-0s"), ("-0s", "+5m")] {
        let (server, worker) = (fleet.front(&clock(here)), fleet.worker(&clock(there)));
        let other = fleet.front(&[]);
        let ids = join_all((0..6).map(|job| fleet.send_job(&server, photo(job)))).await;
        for id in &ids {
            let job = fleet.ended(&other, id).await;
            assert_eq!((&job["status"], &job["attempts"]), (&"done".into(), &1.into()), "{job}");
            let result = job["result_url"].as_str().unwrap();
            assert_eq!(fleet.client.get(result).send().await.unwrap().status(), StatusCode::OK);
        }
        let announced = fleet.client.post(format!("http://{}/v1/jobs", server.address)).send().await.unwrap();
        let announced: Value = announced.json().await.unwrap();
        let elsewhere = announced["upload_url"].as_str().unwrap().replace(&server.address, &other.address);
        let uploaded = fleet.client.put(elsewhere).body(photo(9)).send().await.unwrap();
        assert_eq!(uploaded.status(), StatusCode::ACCEPTED);
        assert_eq!(fleet.ended(&other, announced["job_id"].as_str().unwrap()).await["status"], "done");
        drop(worker);
    }
}

/// The wall clock alone: what is measured in between runs on.
fn clock(offset: &str) -> Vec<(&str, &str)> {
    vec![("LD_PRELOAD", FAKETIME), ("FAKETIME", offset), ("FAKETIME_DONT_FAKE_MONOTONIC", "1")]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_see_where_jobs_are_and_put_dead_ones_in_line_again() {
    let Some(fleet) = Fleet::assemble() else { return };
    let server = fleet.front(&[]);
    let id = fleet.send_job(&server, photo(1)).await;
    assert!(fleet.jobs_command(&["depth"]).contains("interactive 1\n"));
    let json: Value = serde_json::from_str(&fleet.jobs_command(&["depth", "--json"])).unwrap();
    assert_eq!((&json["interactive"], &json["dead"]), (&1.into(), &0.into()));
    // A store that fails for a while: its folder is not one.
    let store = fleet.folder.path().join("cache").join("store");
    let aside = fleet.folder.path().join("aside");
    let tries = [
        ("CLEARCUT_JOBS_MAX_ATTEMPTS", "2"),
        ("CLEARCUT_JOBS_WEBHOOK_ATTEMPTS", "1"),
        ("CLEARCUT_JOBS_BACKOFF", "10ms"),
    ];
    let worker = fleet.worker(&tries);
    fleet.ended(&server, &id).await;
    std::fs::rename(store.join("results"), &aside).unwrap();
    std::fs::write(store.join("results"), "").unwrap();
    let id = fleet.send_job(&server, photo(2)).await;
    let failed = fleet.ended(&server, &id).await;
    assert_eq!((&failed["status"], &failed["attempts"]), (&"failed".into(), &2.into()), "{failed}");
    let dead = fleet.jobs_command(&["dead"]);
    assert!(dead.contains(&id) && dead.contains("cutout"), "{dead}");

    std::fs::remove_file(store.join("results")).unwrap();
    std::fs::rename(&aside, store.join("results")).unwrap();
    assert_eq!(fleet.jobs_command(&["redrive", &id]), "1 jobs are in line again\n");
    assert_eq!(fleet.ended(&server, &id).await["status"], "done");
    assert!(!fleet.jobs_command(&["dead"]).contains(&id));
    drop(worker);
}
