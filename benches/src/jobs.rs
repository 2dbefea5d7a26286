//! Jobs beside direct calls, a long line of them, and more workers beside one.

use std::{fs, num::NonZeroUsize, path::Path, thread};

use anyhow::{Context, Result};
use clearcut_testkit::server::RedisServer;
use serde::Deserialize;

use crate::Setting;
use crate::cold::{HEIGHT_PX, WIDTH_PX};
use crate::daemon::Daemon;
use crate::median::median;
use crate::python::{self, Python};
use crate::server::{self, COLD_PHOTOS};
use crate::table::{Bar, Row, Table, Unit};

/// Jobs that wait in line.
const QUEUED: usize = 10_000;
/// Calls of each kind for one figure.
const CALLS: usize = 101;

/// What the script says of calls that took turns.
#[derive(Debug, Deserialize)]
struct Latency {
    direct_ms: Vec<f64>,
    job_ms: Vec<f64>,
}

/// The peer is a direct call, the server before there was a line, and one worker.
pub fn compare(setting: &Setting) -> Result<Table> {
    let python = setting.python.as_ref().context("the script that gives jobs needs Python")?;
    let folder = setting.workplace.path("jobs");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let redis = RedisServer::start().context("jobs wait in Redis")?;
    let redis = format!("cache.redis_url={}", redis.url());
    let mut rows = Vec::new();
    latency(setting, python, &folder, &redis, &mut rows)?;
    line(setting, python, &folder, &redis, &mut rows)?;
    workers(setting, python, &folder, &mut rows)?;
    Ok(Table { title: "Jobs".to_owned(), peer: "peer", rows })
}

/// A photo whose cut-out is known: what is left is the job itself.
fn latency(setting: &Setting, python: &Python, folder: &Path, redis: &str, rows: &mut Vec<Row>) -> Result<()> {
    let photo = setting.workplace.photo(WIDTH_PX, HEIGHT_PX)?;
    for (queue, settings) in
        [("in Redis", &[redis, "jobs.queue=redis"][..]), ("in the process", &["jobs.queue=memory"])]
    {
        let server = server::start(folder, &[], settings)?;
        let mut script = python.script("jobs.py");
        let script = script.arg("latency").arg(address(&server)).arg(&photo).arg(CALLS.to_string());
        let Latency { direct_ms, job_ms } = python::answer(script)?;
        let overhead_ms = job_ms.iter().zip(&direct_ms).map(|(job, direct)| job - direct).collect();
        let row = Row::figure(
            format!("known photo as a job, queue {queue} (direct call)"),
            Unit::Milliseconds,
            median(job_ms),
        );
        rows.push(row.beside(Some(median(direct_ms))));
        rows.push(Row::figure("  longer by", Unit::Milliseconds, median(overhead_ms)).under(Bar::AtMost(10.0)));
    }
    Ok(())
}

/// Jobs that nobody works on, and what they cost the server.
fn line(setting: &Setting, python: &Python, folder: &Path, redis: &str, rows: &mut Vec<Row>) -> Result<()> {
    let photo = setting.workplace.photo(64, 64)?;
    let server = server::start(folder, &["serve", "--no-worker"], &[redis, "jobs.max_queued=20000"])?;
    let before = server.resident_megabytes()?;
    let mut script = python.script("jobs.py");
    let script = script.arg("fill").arg(address(&server)).arg(&photo).arg(QUEUED.to_string());
    let seconds: f64 = python::answer(script)?;
    let grown = server.resident_megabytes()? - before;
    let title = format!("{QUEUED} jobs in line: memory of the server");
    rows.push(Row::figure(title, Unit::Megabytes, grown).under(Bar::AtMost(100.0)));
    rows.push(Row::figure("  accepted", Unit::PerSecond, QUEUED as f64 / seconds));
    Ok(())
}

/// Photos that nobody has seen, by an engine of as many threads as there are cores and by one of one thread.
fn workers(setting: &Setting, python: &Python, folder: &Path, rows: &mut Vec<Row>) -> Result<()> {
    let photos = setting.workplace.photos(WIDTH_PX, HEIGHT_PX, COLD_PHOTOS)?;
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let rate = |threads: usize| -> Result<f64> {
        let server = server::start(folder, &[], &["jobs.queue=memory", &format!("engine.threads={threads}")])?;
        let mut script = python.script("jobs.py");
        let seconds: f64 = python::answer(script.arg("drain").arg(address(&server)).arg(&photos))?;
        Ok(COLD_PHOTOS as f64 / seconds)
    };
    let (mut one, mut all) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        one.push(rate(1)?);
        all.push(rate(cores)?);
    }
    let row =
        Row::figure(format!("photos as jobs on {cores} threads of the engine (on one)"), Unit::PerSecond, median(all));
    rows.push(row.beside(Some(median(one))).under(Bar::AtLeastTimesPeer(0.85 * cores as f64)));
    Ok(())
}

fn address(server: &Daemon) -> String {
    format!("http://127.0.0.1:{}", server.port)
}
