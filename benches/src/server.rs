//! The server under load, beside nginx with the same bytes and `rembg s` with the same network.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use crate::Setting;
use crate::cold::{HEIGHT_PX, WIDTH_PX};
use crate::daemon::{Daemon, free_port};
use crate::median::median;
use crate::python::{self, Python};
use crate::table::{Bar, Row, Table, Unit};
use crate::usage;
use crate::wrk;

/// Seconds of each load.
const SECONDS: u32 = 8;
/// Seconds of each load that takes turns with others.
const TURN_SECONDS: u32 = 2;
/// How often servers meet photos that they have not seen.
const COLD_TURNS: usize = 3;
/// Photos that no server has seen: enough that the first and the last of them do not count.
pub const COLD_PHOTOS: u64 = 160;
/// Clients that send them.
const CLIENTS: &str = "4";
/// Requests after which the server's memory should have come to rest, and after which it is looked at again.
const SETTLED_AFTER: u64 = 10_000;
const MIXED_REQUESTS: u64 = 100_000;

/// Each row has the peer that does the same work: nginx, `rembg s`, or the server itself at an earlier time.
pub fn compare(setting: &Setting) -> Result<Table> {
    let folder = setting.workplace.path("server");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut rows = Vec::new();
    hot(setting, &folder, &mut rows)?;
    cold(setting, &folder, &mut rows)?;
    Ok(Table { title: "Server: 64 connections, load from the same cores".to_owned(), peer: "peer", rows })
}

fn hot(setting: &Setting, folder: &Path, rows: &mut Vec<Row>) -> Result<()> {
    let server = start(folder, &[], &[])?;
    let at = |path: &str| format!("http://127.0.0.1:{}{path}", server.port);
    // 300 KB as an upload, 100 KB as a rendition.
    let upload = setting.workplace.photo(1600, 1067)?;
    let rendition = folder.join("rendition.png");
    let (key, bytes) = first_answer(&at("/v1/cutouts?max_width=560"), &upload)?;
    fs::write(&rendition, bytes)?;
    println!("upload {} KB, rendition {} KB", kilobytes(&upload)?, kilobytes(&rendition)?);
    first_answer(&at("/v1/cutouts"), &upload)?;

    renditions(setting, folder, &server, &at(&format!("/v1/cutouts/{}", key.replace('#', "%23"))), rows)?;

    let post = folder.join("post.lua");
    let body = format!("wrk.body = assert(io.open({:?}, 'rb')):read('*a')", upload.display());
    fs::write(&post, format!("wrk.method = 'POST'\nwrk.headers['Content-Type'] = 'image/jpeg'\n{body}\n"))?;
    let again = wrk::ask(&at("/v1/cutouts"), SECONDS, Some(&post))?;
    let row = Row::figure("repeated POST of a known photo", Unit::PerSecond, again.per_second);
    rows.push(row.under(Bar::AtLeast(1500.0)));
    rows.push(Row::figure("  99 % within", Unit::Milliseconds, again.p99_ms).under(Bar::AtMost(80.0)));

    let mixed = folder.join("mixed.lua");
    fs::write(&mixed, mixed_script(&upload, &key))?;
    let mut sent = 0;
    let mut settled = None;
    while sent < MIXED_REQUESTS {
        sent += wrk::ask(&at("/"), SECONDS, Some(&mixed))?.requests;
        if settled.is_none() && sent >= SETTLED_AFTER {
            settled = Some(server.resident_megabytes()?);
        }
    }
    let after = server.resident_megabytes()?;
    let row = Row::figure("memory after 100,000 mixed requests (itself after the first)", Unit::Megabytes, after);
    rows.push(row.beside(settled).under(Bar::TimesPeer(1.05)));
    Ok(())
}

/// The same bytes by GET from our server, from a bare actix handler and from nginx, by turns.
fn renditions(setting: &Setting, folder: &Path, server: &Daemon, url: &str, rows: &mut Vec<Row>) -> Result<()> {
    let bare = bare(&folder.join("rendition.png"))?;
    let nginx = nginx(folder).inspect_err(|error| {
        println!("no nginx: {error:#}; install it (apt-get install nginx-light)");
    });
    let mut asked = vec![(server, url.to_owned()), (&bare, format!("http://127.0.0.1:{}/", bare.port))];
    if let Ok(nginx) = &nginx {
        asked.push((nginx, format!("http://127.0.0.1:{}/rendition.png", nginx.port)));
    }
    let mut runs = vec![Vec::new(); asked.len()];
    for _ in 0..setting.runs {
        for ((server, url), runs) in asked.iter().zip(&mut runs) {
            let before = server.processor_seconds()?;
            let load = wrk::ask(url, TURN_SECONDS, None)?;
            let server_us = (server.processor_seconds()? - before) * 1e6 / load.requests.max(1) as f64;
            runs.push(Hot { per_second: load.per_second, server_us, all_us: server_us + load.processor_us });
        }
    }
    let peer = runs.get(2);
    let row = |what: &str, unit, runs: &[Hot], figure: fn(&Hot) -> f64| {
        let of = |runs: &[Hot]| median(runs.iter().map(figure).collect());
        Row::figure(what, unit, of(runs)).beside(peer.map(|peer| of(peer)))
    };
    // 70 % of nginx: by the clock, which on a busy machine says little, and by the work that an answer takes.
    let by_clock = Bar::AtLeastTimesPeer(0.7);
    let by_work = Bar::TimesPeer(1.43);
    let title = "cached rendition by GET (nginx: static file)";
    rows.push(row(title, Unit::PerSecond, &runs[0], |run| run.per_second).under(by_clock));
    let all = "  processor time of server and load generator for each";
    rows.push(row(all, Unit::Microseconds, &runs[0], |run| run.all_us).under(by_work));
    rows.push(row("  of the server alone", Unit::Microseconds, &runs[0], |run| run.server_us));
    rows.push(row("  a bare actix handler", Unit::PerSecond, &runs[1], |run| run.per_second));
    rows.push(row("  its processor time, with the load generator's", Unit::Microseconds, &runs[1], |run| run.all_us));
    rows.push(row("  its own alone", Unit::Microseconds, &runs[1], |run| run.server_us));
    Ok(())
}

fn cold(setting: &Setting, folder: &Path, rows: &mut Vec<Row>) -> Result<()> {
    let Some(python) = &setting.python else { return Ok(()) };
    let photos = setting.workplace.photos(WIDTH_PX, HEIGHT_PX, COLD_PHOTOS)?;
    let load = |server: &Daemon, fields: &[&str]| -> Result<Cold> {
        let url = format!("http://127.0.0.1:{}/api/remove", server.port);
        let (before, clients_before) = (server.processor_seconds()?, usage::children_seconds()?);
        let mut script = python.script("load.py");
        let seconds: f64 = python::answer(script.arg(url).arg(&photos).arg(CLIENTS).args(fields))?;
        let each_ms = |seconds: f64| seconds * 1e3 / COLD_PHOTOS as f64;
        Ok(Cold {
            per_second: COLD_PHOTOS as f64 / seconds,
            server_ms: each_ms(server.processor_seconds()? - before),
            clients_ms: each_ms(usage::children_seconds()? - clients_before),
            peak_megabytes: server.peak_megabytes()?,
        })
    };
    let mut script = python.script("u2netp.py");
    python::run(script.arg(setting.workplace.path("u2netp.onnx")))?;
    let extras = format!("extras={{\"model_path\": \"{}\"}}", setting.workplace.model()?.display());
    // By turns: each time new processes, which have seen nothing.
    let (mut ours, mut same, mut u2netp) = (Vec::new(), Vec::new(), Vec::new());
    for turn in 0..COLD_TURNS {
        ours.push(load(&start(&folder.join("cold"), &[], &[])?, &[])?);
        same.push(load(&rembg(setting, python)?, &["model=u2net_custom", &extras])?);
        if turn == 0 {
            u2netp.push(load(&rembg(setting, python)?, &["model=u2netp"])?);
        }
    }
    let row = |what: &str, unit, peer: &[Cold], figure: fn(&Cold) -> f64| {
        let of = |runs: &[Cold]| median(runs.iter().map(figure).collect());
        Row::figure(what, unit, of(&ours)).beside(Some(of(peer)))
    };
    rows.extend([
        row("photos of 1000×667 it has not seen, 4 clients (rembg s)", Unit::PerSecond, &same, |run| run.per_second)
            .under(Bar::AtLeastTimesPeer(2.5)),
        row("  processor time of the server for each", Unit::Milliseconds, &same, |run| run.server_ms)
            .under(Bar::TimesPeer(0.4)),
        row("  of the clients", Unit::Milliseconds, &same, |run| run.clients_ms),
        row("  peak memory", Unit::Megabytes, &same, |run| run.peak_megabytes),
        row("  rembg s with U2NetP (untrained)", Unit::PerSecond, &u2netp, |run| run.per_second)
            .under(Bar::AtLeastTimesPeer(8.0)),
        row("  processor time of the server for each", Unit::Milliseconds, &u2netp, |run| run.server_ms)
            .under(Bar::TimesPeer(0.125)),
        row("  peak memory", Unit::Megabytes, &u2netp, |run| run.peak_megabytes).under(Bar::TimesPeer(0.25)),
    ]);
    Ok(())
}

/// One run of a server that answers the same bytes over and over.
#[derive(Debug, Clone, Copy)]
struct Hot {
    per_second: f64,
    server_us: f64,
    /// With the load generator's.
    all_us: f64,
}

/// One run of a server with photos that it has not seen.
struct Cold {
    per_second: f64,
    server_ms: f64,
    clients_ms: f64,
    peak_megabytes: f64,
}

/// Our server with an empty cache of its own, as it comes but for its log.
/// Starts our server with an empty cache in `folder`, with `words` for its command line and `settings` of the form
/// `KEY=VALUE`.
pub fn start(folder: &Path, words: &[&str], settings: &[&str]) -> Result<Daemon> {
    let port = free_port()?;
    let cache = folder.join("cache");
    if cache.exists() {
        fs::remove_dir_all(&cache).with_context(|| format!("cannot empty {}", cache.display()))?;
    }
    let program = std::env::current_exe()?.with_file_name("clearcut-server");
    let mut command = Command::new(program);
    // Settings of the one who runs this are no part of the comparison.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CLEARCUT_")) {
        command.env_remove(name);
    }
    command.args(["--port", &port.to_string()]).args(words);
    command.args(settings.iter().flat_map(|setting| ["--set", *setting]));
    command.env("CLEARCUT_CACHE_FOLDER", cache).env("LOG_LEVEL", "error");
    Daemon::start(&mut command, port)
}

fn bare(file: &Path) -> Result<Daemon> {
    let port = free_port()?;
    Daemon::start(Command::new(std::env::current_exe()?).arg("bare").arg(file).arg(port.to_string()), port)
}

fn nginx(folder: &Path) -> Result<Daemon> {
    let port = free_port()?;
    let place = folder.display();
    let config = format!(
        "daemon off; worker_processes 2; pid {place}/nginx.pid; error_log {place}/nginx.log;\n\
         events {{ worker_connections 1024; }}\n\
         http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; open_file_cache max=100;\n\
         types {{ image/png png; }} server {{ listen 127.0.0.1:{port}; root {place}; }} }}\n"
    );
    let file = folder.join("nginx.conf");
    fs::write(&file, config)?;
    Daemon::start(Command::new("nginx").arg("-p").arg(folder).arg("-c").arg(&file), port)
}

fn rembg(setting: &Setting, python: &Python) -> Result<Daemon> {
    let port = free_port()?;
    let mut command = python.program("rembg");
    command.args(["s", "--host", "127.0.0.1", "--port", &port.to_string()]);
    setting.workplace.lend_model(&mut command);
    Daemon::start(&mut command, port)
}

/// The key and the bytes of an answer, by curl.
fn first_answer(url: &str, photo: &Path) -> Result<(String, Vec<u8>)> {
    let data = format!("@{}", photo.display());
    let mut command = Command::new("curl");
    command.args(["-sS", "--fail-with-body", "-D", "/dev/stderr", "-H", "Content-Type: image/jpeg"]);
    let output = command.args(["--data-binary", &data, url]).output().context("cannot start curl")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let headers = String::from_utf8_lossy(&output.stderr).to_lowercase();
    let key = headers.lines().find_map(|line| line.strip_prefix("x-cache-key:")).context("an answer without a key")?;
    Ok((key.trim().to_owned(), output.stdout))
}

/// Half renditions, three tenths known uploads, and a tenth each of health and of paths that do not exist.
fn mixed_script(upload: &Path, key: &str) -> String {
    format!(
        "local photo = assert(io.open({:?}, 'rb')):read('*a')\n\
         local image = {{ ['Content-Type'] = 'image/jpeg' }}\n\
         request = function()\n\
         \x20 local n = math.random(10)\n\
         \x20 if n <= 5 then return wrk.format('GET', '/v1/cutouts/{key}') end\n\
         \x20 if n <= 8 then return wrk.format('POST', '/v1/cutouts', image, photo) end\n\
         \x20 if n == 9 then return wrk.format('GET', '/health') end\n\
         \x20 return wrk.format('GET', '/nowhere')\n\
         end\n",
        upload.display()
    )
}

fn kilobytes(path: &PathBuf) -> Result<u64> {
    Ok(fs::metadata(path)?.len() / 1000)
}
