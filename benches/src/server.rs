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
use crate::python::{self, Python};
use crate::table::{Bar, Row, Table, Unit};
use crate::wrk;

/// Seconds of each load.
const SECONDS: u32 = 8;
/// Photos that no server has seen.
const COLD_PHOTOS: u64 = 40;
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
    let server = clearcut(folder)?;
    let at = |path: &str| format!("http://127.0.0.1:{}{path}", server.port);
    // 300 KB as an upload, 100 KB as a rendition.
    let upload = setting.workplace.photo(1600, 1067)?;
    let rendition = folder.join("rendition.png");
    let (key, bytes) = first_answer(&at("/v1/cutouts?max_width=560"), &upload)?;
    fs::write(&rendition, bytes)?;
    println!("upload {} KB, rendition {} KB", kilobytes(&upload)?, kilobytes(&rendition)?);
    first_answer(&at("/v1/cutouts"), &upload)?;

    let ours = wrk::ask(&at(&format!("/v1/cutouts/{}", key.replace('#', "%23"))), SECONDS, None)?;
    let theirs = match nginx(folder) {
        Ok(nginx) => {
            Some(wrk::ask(&format!("http://127.0.0.1:{}/rendition.png", nginx.port), SECONDS, None)?.per_second)
        }
        Err(error) => {
            println!("no nginx: {error:#}; install it (apt-get install nginx-light)");
            None
        }
    };
    let cached = Row::figure("cached rendition by GET (nginx: static file)", Unit::PerSecond, ours.per_second);
    rows.push(cached.beside(theirs).under(Bar::AtLeastTimesPeer(0.7)));

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

fn cold(setting: &Setting, folder: &Path, rows: &mut Vec<Row>) -> Result<()> {
    let Some(python) = &setting.python else { return Ok(()) };
    let photos = setting.workplace.photos(WIDTH_PX, HEIGHT_PX, COLD_PHOTOS)?;
    let load = |server: &Daemon, fields: &[&str]| -> Result<f64> {
        let url = format!("http://127.0.0.1:{}/api/remove", server.port);
        let mut script = python.script("load.py");
        let seconds: f64 = python::answer(script.arg(url).arg(&photos).arg(CLIENTS).args(fields))?;
        Ok(COLD_PHOTOS as f64 / seconds)
    };
    let (ours, our_memory) = {
        let server = clearcut(&folder.join("cold"))?;
        (load(&server, &[])?, server.peak_megabytes()?)
    };
    let server = rembg(setting, python)?;
    let extras = format!("extras={{\"model_path\": \"{}\"}}", setting.workplace.model()?.display());
    let theirs = load(&server, &["model=u2net_custom", &extras])?;
    let their_memory = server.peak_megabytes()?;
    let row = Row::figure("photos of 1000×667 it has not seen, 4 clients (rembg s)", Unit::PerSecond, ours);
    rows.push(row.beside(Some(theirs)).under(Bar::AtLeastTimesPeer(2.5)));
    let row = Row::figure("  peak memory", Unit::Megabytes, our_memory);
    rows.push(row.beside(Some(their_memory)).under(Bar::TimesPeer(0.25)));
    Ok(())
}

/// Our server with an empty cache of its own, as it comes but for its log.
fn clearcut(folder: &Path) -> Result<Daemon> {
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
    command.args(["--port", &port.to_string()]).env("CLEARCUT_CACHE_FOLDER", cache).env("LOG_LEVEL", "error");
    Daemon::start(&mut command, port)
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
