//! Hostile and broken requests of every kind, against the real program: always refused, in the words of the wire, in
//! bounded memory, and the next good request is answered.

mod corpus;
mod picture;
mod request;
mod wires;

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, TcpStream},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use self::{
    corpus::corpus,
    request::{BadRequest, End, Words},
};
use crate::support::photo;

/// How long an answer may take at most: far more than any does.
const PATIENCE: Duration = Duration::from_secs(30);

/// The whole corpus may not cost more memory than a few pictures.
#[cfg(target_os = "linux")]
const MOST_MEMORY_KB: u64 = 300 << 10;

/// The real program, ended with this value.
struct Program {
    child: Child,
    address: String,
    _folder: TempDir,
}

impl Program {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = [
            ("cache.folder", folder.path().join("cache").display().to_string()),
            ("access.keys_file", folder.path().join("keys.toml").display().to_string()),
            ("listen.request_timeout", "2s".to_owned()),
            ("limits.remove_background_per_hour", "0".to_owned()),
            ("limits.preview_per_hour", "0".to_owned()),
            ("limits.base64_per_hour", "0".to_owned()),
            ("limits.read_file_per_hour", "0".to_owned()),
            ("limits.admin_per_minute", "0".to_owned()),
            ("seeing.log_level", "error,clearcut_server::cli=info".to_owned()),
        ];
        let mut command = Command::new(env!("CARGO_BIN_EXE_clearcut-server"));
        command.args(["--port", "0"]).env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        for (name, value) in settings {
            command.args(["--set", &format!("{name}={value}")]);
        }
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = Vec::new();
        let address = loop {
            let Some(Ok(line)) = lines.next() else { panic!("the program did not start: {said:#?}") };
            match line.split_once("http://") {
                Some((_, rest)) => break rest.split([' ', ';']).next().unwrap().to_owned(),
                None => said.push(line),
            }
        };
        // What it says later is shown with a failed test; a full pipe must not stop it.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| eprintln!("{line}")));
        Self { child, address, _folder: folder }
    }

    /// The answer's status, head and body.
    fn answer(&self, request: &[u8], end: End) -> Result<(u16, String, Vec<u8>), String> {
        let failed = |error: std::io::Error| error.to_string();
        let mut connection = TcpStream::connect(&self.address).map_err(failed)?;
        connection.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
        connection.set_write_timeout(Some(PATIENCE)).map_err(failed)?;
        // A server that has seen enough answers and closes while the rest is still being sent.
        let _ = connection.write_all(request);
        if end == End::HalfClosed {
            let _ = connection.shutdown(Shutdown::Write);
        }
        let mut answer = Vec::new();
        let ended = connection.read_to_end(&mut answer);
        let at =
            answer.windows(4).position(|four| four == b"\r\n\r\n").ok_or_else(|| format!("no answer: {ended:?}"))?;
        let head = String::from_utf8_lossy(&answer[..at]).into_owned();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or("no status")?;
        Ok((status, head, answer[at + 4..].to_vec()))
    }

    /// The most memory that the program ever held.
    #[cfg(target_os = "linux")]
    fn peak_memory_kb(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn every_bad_request_is_refused_in_bounded_memory_and_the_next_good_one_is_answered() {
    let program = Program::start();
    let good = request::post("/v1/cutouts", "image/png", &photo(1));
    assert_eq!(program.answer(&good, End::Whole).unwrap().0, 200);
    #[cfg(target_os = "linux")]
    let before_kb = program.peak_memory_kb();

    let corpus = corpus();
    let next = AtomicUsize::new(0);
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut wrong = Vec::new();
                    while let Some(bad) = corpus.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if let Err(reason) = check(&program, bad) {
                            wrong.push(format!("{}: {reason}", bad.name));
                        }
                    }
                    wrong
                })
            })
            .collect();
        senders.into_iter().flat_map(|sender| sender.join().unwrap()).collect()
    });
    println!("{} bad requests sent", corpus.len());
    assert!(corpus.len() >= 300);
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), corpus.len(), wrong.join("\n"));

    assert_eq!(program.answer(&good, End::Whole).unwrap().0, 200, "a good request is answered as before");
    #[cfg(target_os = "linux")]
    {
        let growth_kb = program.peak_memory_kb() - before_kb;
        println!("peak memory grew by {} MB from {} MB", growth_kb >> 10, before_kb >> 10);
        assert!(growth_kb < MOST_MEMORY_KB, "peak memory grew by {growth_kb} kB");
    }
}

/// A 4xx, with the words in which the wire refuses.
fn check(program: &Program, bad: &BadRequest) -> Result<(), String> {
    let (status, head, body) = program.answer(&bad.bytes, bad.end)?;
    let shown = || String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned();
    if !(400..500).contains(&status) {
        return Err(format!("status {status}: {}", shown()));
    }
    let Words::At(place) = bad.words else { return Ok(()) };
    let json: Value = serde_json::from_slice(&body).map_err(|error| format!("{status} {error}: {}", shown()))?;
    if !json.pointer(place).is_some_and(Value::is_string) {
        return Err(format!("{status} without {place}: {}", shown()));
    }
    if status == 405 && !head.to_lowercase().contains("\r\nallow: ") {
        return Err(format!("405 without Allow: {head}"));
    }
    Ok(())
}
