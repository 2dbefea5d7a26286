//! Servers start, answer, hang, die and come back, and nothing of them is left.
#![cfg(unix)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clearcut_testkit::server::{PostgresServer, RedisOptions, RedisServer};

/// Sends inline commands on a new connection and returns what comes back within half a second.
fn redis(port: u16, commands: &str) -> std::io::Result<String> {
    let mut connection = TcpStream::connect(("127.0.0.1", port))?;
    connection.set_read_timeout(Some(Duration::from_millis(500)))?;
    connection.write_all(format!("{commands}\r\nQUIT\r\n").as_bytes())?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).map(|_| answer)
}

/// Asks Postgres whether it would talk TLS: the shortest question that a backend has to answer.
fn postgres(port: u16) -> std::io::Result<u8> {
    let mut connection = TcpStream::connect(("127.0.0.1", port))?;
    connection.set_read_timeout(Some(Duration::from_millis(500)))?;
    connection.write_all(&[0, 0, 0, 8, 4, 210, 22, 47])?;
    let mut answer = [0];
    connection.read_exact(&mut answer).map(|()| answer[0])
}

/// Whether a process runs; one that has ended and that nobody has asked about yet does not.
fn runs(process_id: u32) -> bool {
    let output = Command::new("ps").args(["-o", "stat=", "-p", &process_id.to_string()]).output().expect("ps runs");
    let state = String::from_utf8_lossy(&output.stdout);
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}

fn wait_until(what: &str, mut is_true: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_true() {
        assert!(started.elapsed() < Duration::from_secs(20), "{what} did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The folder in which a server works, from where the system keeps it.
fn folder_of(process_id: u32) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/{process_id}/cwd")).ok()
}

fn assert_gone(process_id: u32, folder: Option<&Path>) {
    wait_until("the server's end", || !runs(process_id));
    wait_until("the folder's removal", || !folder.is_some_and(Path::exists));
}

#[test]
fn redis_is_killed_and_comes_back_on_the_same_port_without_its_keys() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    assert!(redis(server.port(), "SET a 1\r\nGET a").expect("an answer").contains("$1\r\n1"));
    assert_eq!(server.url(), format!("redis://127.0.0.1:{}", server.port()));
    let first = server.process_id().expect("it runs");
    server.kill().expect("killed");
    server.kill().expect("nothing to kill is fine");
    assert!(redis(server.port(), "PING").is_err() && !runs(first));
    server.restart().expect("restarted");
    assert!(redis(server.port(), "GET a").expect("an answer").starts_with("$-1"));
    assert_ne!(server.process_id().expect("it runs"), first);
}

#[test]
fn redis_hangs_while_paused_and_answers_afterwards() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    server.pause().expect("paused");
    assert!(redis(server.port(), "PING").is_err());
    server.resume().expect("resumed");
    assert!(redis(server.port(), "PING").expect("an answer").starts_with("+PONG"));
}

#[test]
fn redis_asks_for_its_password_and_keeps_to_its_memory() {
    let options = RedisOptions::default().password("geheim7").max_memory_bytes(4 << 20);
    let Some(server) = RedisServer::start_with_or_skip(options) else { return };
    assert!(redis(server.port(), "PING").expect("an answer").starts_with("-NOAUTH"));
    let answer = redis(server.port(), "AUTH geheim7\r\nCONFIG GET maxmemory*").expect("an answer");
    assert!(answer.contains("4194304") && answer.contains("allkeys-lru"), "{answer}");
    assert_eq!(server.url(), format!("redis://:geheim7@127.0.0.1:{}", server.port()));
}

#[test]
fn dropped_servers_leave_nothing() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let id = server.process_id().expect("it runs");
    let folder = folder_of(id);
    server.pause().expect("a paused server has to go as well");
    drop(server);
    assert_gone(id, folder.as_deref());

    let Some(server) = PostgresServer::start_or_skip() else { return };
    let id = server.process_id().expect("it runs");
    let folder = folder_of(id);
    server.pause().expect("a paused server has to go as well");
    drop(server);
    assert_gone(id, folder.as_deref());
}

#[test]
fn postgres_gives_every_test_a_database() {
    let Some(server) = PostgresServer::shared_or_skip() else { return };
    let again = PostgresServer::shared().expect("it runs already");
    assert_eq!(server.port(), again.port());
    let (one, two) = (server.fresh_database().expect("one"), server.fresh_database().expect("another"));
    assert_ne!(one, two);
    let url = server.create_database("odd \"name\"").expect("a name is quoted");
    assert_eq!(url, server.url("odd \"name\""));
    let error = server.create_database("odd \"name\"").expect_err("it is there already").to_string();
    assert!(error.contains("already exists"), "{error}");
}

#[test]
fn postgres_keeps_its_files_through_a_kill_and_a_stop_and_hangs_while_paused() {
    let Some(server) = PostgresServer::start_or_skip() else { return };
    server.create_database("kept").expect("created");
    for end in [PostgresServer::kill, PostgresServer::stop] {
        end(&server).expect("ended");
        assert!(postgres(server.port()).is_err());
        server.restart().expect("restarted");
        let error = server.create_database("kept").expect_err("it is there already").to_string();
        assert!(error.contains("already exists"), "{error}");
    }
    server.pause().expect("paused");
    assert!(postgres(server.port()).is_err());
    server.resume().expect("resumed");
    assert_eq!(postgres(server.port()).expect("an answer"), b'N');
}

/// Not a test of its own: the next one runs it in a process that is then killed.
#[test]
fn servers_for_a_process_that_is_killed() {
    if std::env::var_os("CLEARCUT_TESTKIT_WAIT").is_none() {
        return;
    }
    let redis = RedisServer::start().expect("redis");
    let postgres = PostgresServer::shared().expect("postgres");
    println!("\nservers {} {}", redis.process_id().expect("it runs"), postgres.process_id().expect("it runs"));
    loop {
        std::thread::park();
    }
}

#[test]
fn servers_end_with_a_test_process_that_is_killed() {
    if RedisServer::start_or_skip().is_none() || PostgresServer::shared_or_skip().is_none() {
        return;
    }
    let mut tests = Command::new(std::env::current_exe().expect("this very program"))
        .args(["--exact", "servers_for_a_process_that_is_killed", "--nocapture"])
        .env("CLEARCUT_TESTKIT_WAIT", "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the tests run once more");
    let output = std::io::BufReader::new(tests.stdout.take().expect("a pipe"));
    let line = std::io::BufRead::lines(output).map_while(Result::ok).find(|line| line.starts_with("servers "));
    let line = line.expect("both servers started");
    let ids: Vec<u32> = line.split(' ').skip(1).map(|id| id.parse().expect("a number")).collect();
    let folders: Vec<_> = ids.iter().map(|id| folder_of(*id)).collect();
    assert!(ids.iter().all(|id| runs(*id)));
    tests.kill().expect("killed");
    tests.wait().expect("waited");
    for (id, folder) in ids.iter().zip(&folders) {
        assert_gone(*id, folder.as_deref());
    }
}
