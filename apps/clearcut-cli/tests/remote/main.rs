//! `clearcut remove --remote`: the real binary against a server that is away, busy, forgetful or cut off, and a client
//! that is killed.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod stand_in;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use clearcut_testkit::scene;
use serde_json::Value;
use stand_in::{Fault, StandIn};
use tempfile::TempDir;

const JOURNAL: &str = "out/.clearcut-journal.jsonl";

/// A folder of pictures and a server.
struct Desk {
    folder: TempDir,
    server: StandIn,
}

/// What a command left.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Desk {
    fn new(pictures: usize) -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap(), server: StandIn::start() };
        for picture in 0..pictures {
            desk.write(&format!("in/{picture:02}.png"), &scene::product_photo(24, 16, picture as u64).png());
        }
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn command(&self, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_clearcut"));
        command.args(["remove", "in", "-o", "out", "--remote", &self.server.url()]).args(more);
        command.current_dir(self.folder.path());
        for name in ["CLEARCUT_API_KEY", "CLEARCUT_MODEL", "CLEARCUT_LOG"] {
            command.env_remove(name);
        }
        command
    }

    fn run(&self, more: &[&str]) -> Ran {
        Ran::of(self.command(more).output().unwrap())
    }

    fn start(&self, more: &[&str]) -> Child {
        self.command(more).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// The results that are there, each of which must be its picture.
    fn results(&self) -> usize {
        let Ok(entries) = fs::read_dir(self.path("out")) else { return 0 };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
        for name in &names {
            let read = |folder: &str| fs::read(self.path(folder).join(name)).unwrap();
            assert!(read("in") == read("out"), "{name} is the result of another picture");
        }
        names.len()
    }

    fn wait_until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !is_so(self) {
            assert!(began.elapsed() < Duration::from_mins(1), "no {what}; there are {} results", self.results());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn called(&self, call: &str) -> usize {
        self.server.memory().called(call)
    }
}

impl Ran {
    fn of(output: Output) -> Self {
        let Output { status, stdout, stderr } = output;
        let ran = Self {
            code: status.code().expect("not killed"),
            out: String::from_utf8(stdout).unwrap(),
            err: String::from_utf8(stderr).unwrap(),
        };
        assert!(!ran.err.contains("panicked"), "{}", ran.err);
        ran
    }

    fn expect(self, code: i32, words: &str) -> Self {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        assert!(self.err.contains(words), "no `{words}` in {}", self.err);
        self
    }
}

#[test]
fn a_tree_comes_back_whole_and_is_reported_in_json() {
    let desk = Desk::new(2);
    desk.write("in/deep/er/c.png", &scene::product_photo(30, 20, 9).png());
    let ran = desk.run(&["--recursive", "--json", "--crop", "--api-key", "cc_key"]);
    let ran = ran.expect(0, "");
    let lines: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);
    let deep = lines.iter().find(|line| line["output"] == "out/deep/er/c.png").unwrap();
    assert_eq!(deep["status"], "done");
    assert_eq!(deep["width_px"], 30);
    assert_eq!(deep["media_type"], "image/png");
    assert!(deep["job_id"].as_str().unwrap().starts_with("job-") && deep["elapsed_ms"].is_number(), "{deep}");
    assert!(desk.path("out/deep/er/c.png").is_file());
    assert!(!desk.path(JOURNAL).exists(), "there is nothing to go on with");
    let memory = desk.server.memory();
    let expected = [("crop", "true"), ("format", "png"), ("priority", "batch")];
    assert_eq!(memory.handed[0].fields, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert!(memory.keys.iter().all(|(_, key)| key.as_deref() == Some("cc_key")));
    drop(memory);

    desk.run(&[]).expect(24, "is there already; say --overwrite or --skip-existing");
    assert_eq!(desk.called("POST jobs"), 3, "what would be thrown away is not asked for");
    desk.run(&["--skip-existing"]).expect(0, "0 done, 2 skipped, 0 failed");
}

#[test]
fn failures_are_listed_at_the_end_and_only_they_are_tried_again() {
    let desk = Desk::new(3);
    desk.write("in/01.png", b"no photo");
    desk.write("in/empty.png", b"");
    let ran = desk.run(&[]).expect(1, "2 done, 0 skipped, 2 failed");
    let (_, list) = ran.err.split_once("failed:\n").expect("a list");
    assert_eq!(list.lines().count(), 2, "{list}");
    assert!(list.contains("  in/01.png: this is text") && list.contains("  in/empty.png: the file is empty"), "{list}");
    assert_eq!((desk.called("POST jobs"), desk.called("GET results")), (3, 2));

    fs::remove_file(desk.path("in/empty.png")).unwrap();
    desk.run(&[]).expect(11, "0 done, 2 by an earlier run, 0 skipped, 1 failed");
    assert_eq!((desk.called("POST jobs"), desk.called("GET results")), (4, 2));
    desk.write("in/01.png", &scene::product_photo(24, 16, 77).png());
    desk.run(&[]).expect(0, "1 done, 2 by an earlier run");
    assert_eq!(desk.results(), 3);
}

#[test]
fn pauses_that_the_server_asks_for_are_kept() {
    let desk = Desk::new(2);
    let pause = |status, seconds, code| Fault::Problem(status, Some(seconds), code);
    desk.server.will("POST jobs", [pause(429, 2, "queue_full"), pause(429, 1, "queue_full")]);
    desk.server.will("GET jobs", [pause(503, 1, "busy"), pause(429, 1, "rate_limited")]);
    let began = Instant::now();
    desk.run(&["--jobs", "1"]).expect(0, "2 done, 0 skipped, 0 failed");
    assert!(began.elapsed() >= Duration::from_secs(5), "not kept: {:?}", began.elapsed());
    assert_eq!((desk.results(), desk.called("POST jobs")), (2, 4));

    let desk = Desk::new(2);
    desk.server.will("POST jobs", [pause(429, 86_400, "quota_exceeded")]);
    desk.run(&["--jobs", "1"]).expect(32, "asks to come back in 86400 s");
    assert_eq!(desk.called("POST jobs"), 1);
}

#[test]
fn a_job_that_the_server_lost_is_handed_in_again_once_for_each_cause() {
    let desk = Desk::new(1);
    let gone = |code| Fault::Problem(410, None, code);
    desk.server.will("GET jobs", [gone("job_lost"), gone("job_expired"), Fault::Problem(404, None, "job_unknown")]);
    desk.server.will("GET results", [Fault::Problem(404, None, "not_found")]);
    desk.run(&[]).expect(0, "by the server");
    assert_eq!((desk.results(), desk.called("POST jobs")), (1, 5));

    let desk = Desk::new(1);
    desk.server.will("GET jobs", [gone("job_lost"), gone("job_lost")]);
    desk.run(&["--json"]).expect(32, "");
    assert_eq!(desk.called("POST jobs"), 2);
}

#[test]
fn connections_that_break_off_are_made_again() {
    let desk = Desk::new(3);
    for call in ["POST jobs", "GET jobs", "GET results"] {
        desk.server.will(call, [Fault::Cut, Fault::Torn]);
    }
    desk.server.will("POST jobs", [Fault::Problem(500, None, "internal_error"), Fault::Problem(502, None, "")]);
    desk.run(&["--jobs", "1"]).expect(0, "3 done");
    assert_eq!(desk.results(), 3);
}

#[test]
fn a_server_that_dies_and_comes_back_without_memory_is_waited_for() {
    let mut desk = Desk::new(6);
    desk.server.memory().released = 2;
    let mut child = desk.start(&["--jobs", "3"]);
    desk.wait_until("two results", |desk| desk.results() == 2);
    desk.server.leave();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(said.any(|line| line.contains("clearcut: waiting: ")), "nobody was told");
    desk.server.memory().released = usize::MAX;
    desk.server.come_back();
    let rest: Vec<String> = said.collect();
    assert!(rest.iter().any(|line| line.starts_with("6 done")), "{rest:?}");
    assert!(child.wait().unwrap().success());
    assert_eq!((desk.results(), desk.called("GET results")), (6, 6));
}

#[test]
fn a_client_that_is_killed_goes_on_and_repeats_nothing() {
    let desk = Desk::new(9);
    desk.server.memory().released = 4;
    let mut child = desk.start(&["--jobs", "3"]);
    desk.wait_until("four results", |desk| desk.results() == 4);
    desk.wait_until("three pictures under way", |desk| desk.called("POST jobs") == 7);
    child.kill().unwrap();
    child.wait().unwrap();
    let handed = desk.called("POST jobs");
    assert_eq!(handed, 7, "four done and three under way");

    desk.server.memory().released = usize::MAX;
    let ran = desk.run(&["--jobs", "3", "--json"]).expect(0, "");
    let lines: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let with = |status: &str| lines.iter().filter(|line| line["status"] == status).count();
    assert_eq!((lines.len(), with("skipped"), with("done")), (9, 4, 5));
    assert_eq!(desk.results(), 9);
    assert_eq!(desk.called("GET results"), 9, "no result was fetched twice");
    // A line that was being written when the signal came costs one more.
    assert!((9..=10).contains(&desk.called("POST jobs")), "{}", desk.called("POST jobs"));
    assert!(!desk.path(JOURNAL).exists());
}

#[test]
fn what_changed_since_is_not_taken_for_done() {
    let desk = Desk::new(3);
    desk.write("in/02.png", b"no photo");
    desk.run(&[]).expect(11, "2 done");
    desk.write("in/00.png", &scene::product_photo(32, 16, 50).png());
    desk.run(&[]).expect(1, "out/00.png is there already");
    fs::remove_file(desk.path("out/01.png")).unwrap();
    fs::remove_file(desk.path("in/02.png")).unwrap();
    desk.run(&["--overwrite"]).expect(0, "2 done, 0 skipped");
    assert_eq!(desk.results(), 2);

    desk.write("in/02.png", b"no photo");
    desk.run(&["--overwrite"]).expect(11, "2 done, 0 skipped, 1 failed");
    desk.run(&["--overwrite"]).expect(11, "0 done, 2 by an earlier run");
    desk.run(&["--overwrite", "--border", "3"]).expect(11, "2 done, 0 skipped, 1 failed");
}

#[test]
fn a_server_that_cannot_be_used_is_told_with_the_way_out() {
    let first = |status, code| {
        let desk = Desk::new(3);
        desk.server.will("POST jobs", (0..3).map(|_| Fault::Problem(status, None, code)));
        let ran = desk.run(&["--jobs", "1"]);
        assert_eq!((desk.called("POST jobs"), desk.results()), (1, 0), "{}", ran.err);
        assert!(ran.err.contains("3 pictures are not done yet; the same command goes on with them"), "{}", ran.err);
        ran
    };
    first(404, "not_found").expect(32, "takes no jobs (POST /v1/jobs answers 404)");
    first(401, "unauthorized").expect(32, "give a key as --api-key or CLEARCUT_API_KEY");
    first(400, "invalid_field").expect(2, "does not take these options: told to say invalid_field");

    let mut desk = Desk::new(1);
    desk.server.leave();
    desk.run(&["--patience", "2"]).expect(32, "cannot be reached");
    desk.run(&["--model", "u2net"]).expect(2, "the server has a model of its own");
    desk.run(&["--watch"]).expect(2, "cannot be used with");
}

#[test]
fn the_key_is_not_shown_to_others() {
    let desk = Desk::new(1);
    let elsewhere = StandIn::start();
    desk.server.memory().results_at = elsewhere.url();
    let picture = fs::read(desk.path("in/00.png")).unwrap();
    elsewhere.memory().handed.push(stand_in::Handed { picture, fields: Vec::new() });
    let output = desk.command(&[]).env("CLEARCUT_API_KEY", "cc_key").output().unwrap();
    Ran::of(output).expect(0, "by the server");
    assert_eq!(elsewhere.memory().keys, [("GET results", None)]);
    assert!(desk.server.memory().keys.iter().all(|(_, key)| key.as_deref() == Some("cc_key")));
}

#[test]
fn one_picture_and_a_pipe_need_no_journal() {
    let desk = Desk::new(1);
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_clearcut"));
        command.args(args).args(["--remote", &desk.server.url()]).current_dir(desk.folder.path());
        command.stdin(fs::File::open(desk.path("in/00.png")).unwrap()).output().unwrap()
    };
    let photo = fs::read(desk.path("in/00.png")).unwrap();
    let named = run(&["remove", "in/00.png", "-o", "cut.png"]);
    assert!(named.status.success() && fs::read(desk.path("cut.png")).unwrap() == photo);
    let piped = run(&["remove", "-", "-o", "-"]);
    assert!(piped.status.success() && piped.stdout == photo);
    let names = fs::read_dir(desk.folder.path()).unwrap().count();
    assert_eq!(names, 2, "the picture's folder and its result, and {:?} no journal", Path::new(JOURNAL));
}
