//! Models as users fetch and use them: the real binary against a server on this machine that interrupts, lies and
//! redirects.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use clearcut_segment::Sha256Digest;
use clearcut_testkit::{
    http::{Answer, ScriptedServer},
    scene,
};
use tempfile::TempDir;

/// A folder with a photo and a catalogue of one model, which a server on this machine has.
struct Desk {
    folder: TempDir,
    server: ScriptedServer,
}

/// What a command left.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Desk {
    /// The catalogue describes `weights`, whatever the server answers.
    fn new(weights: &[u8], answers: impl IntoIterator<Item = Answer>) -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap(), server: ScriptedServer::start(answers) };
        fs::write(desk.path("photo.jpg"), scene::product_photo(240, 160, 4).jpeg(90)).unwrap();
        let catalogue = format!(
            "[[models]]\nname = 'tiny'\nfamily = 'ben'\nfile = 'tiny.onnx'\nlicense = 'CC0-1.0'\ncommercial_use = true\n\
             input = {{ size = {{ square = {{ side_px = 20 }} }} }}\n\
             source = '{}'\nbytes = {}\nsha256 = '{}'\n",
            desk.server.url("/tiny.onnx"),
            weights.len(),
            Sha256Digest::of(weights),
        );
        fs::write(desk.path("catalogue.toml"), catalogue).unwrap();
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_clearcut"));
        command.args(args).args(["--catalogue", "catalogue.toml", "--models-dir", "models"]);
        self.settled(command)
    }

    fn settled(&self, mut command: Command) -> Command {
        command.current_dir(self.folder.path());
        for name in ["REDIS_URL", "DATABASE_URL", "CLEARCUT_MODEL", "CLEARCUT_CACHE_DIR", "CLEARCUT_LOG"] {
            command.env_remove(name);
        }
        command
    }

    fn run(&self, args: &[&str]) -> Ran {
        Ran::of(&mut self.command(args))
    }

    fn pull(&self) -> Ran {
        self.run(&["models", "pull", "tiny"])
    }

    /// What lies in the folder of the models, and how long it is.
    fn models(&self) -> Vec<(String, u64)> {
        let Ok(entries) = fs::read_dir(self.path("models")) else { return Vec::new() };
        let file = |entry: fs::DirEntry| (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().len());
        let mut files: Vec<_> = entries.map(|entry| file(entry.unwrap())).collect();
        files.sort();
        files
    }

    /// What was asked of the server: path and range of each request.
    fn asked(&self) -> Vec<(String, Option<String>)> {
        let requests = self.server.requests();
        requests.iter().map(|request| (request.path.clone(), request.header("range").map(str::to_owned))).collect()
    }
}

impl Ran {
    fn of(command: &mut Command) -> Self {
        let Output { status, stdout, stderr } = command.output().unwrap();
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
        assert!(self.out.contains(words) || self.err.contains(words), "{}{}", self.out, self.err);
        self
    }
}

/// A network that finds something in every picture.
fn network() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/clearcut-segment/tests/golden/ben.onnx");
    fs::read(path).unwrap()
}

/// As long as several pieces of a stream, all different.
fn weights() -> Vec<u8> {
    (0..300_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

#[test]
fn a_model_is_fetched_once_checked_and_used() {
    let desk = Desk::new(&network(), [Answer::redirect("/elsewhere"), Answer::whole(&network())]);
    desk.run(&["remove", "photo.jpg", "-o", "a.png", "--no-cache", "--model", "tiny"])
        .expect(30, "`clearcut models pull tiny` downloads it");
    desk.pull().expect(0, "tiny.onnx");
    desk.pull().expect(0, "tiny.onnx");
    assert_eq!(desk.asked(), [("/tiny.onnx".to_owned(), None), ("/elsewhere".to_owned(), None)], "once");
    desk.run(&["models", "verify"]).expect(0, "valid");
    desk.run(&["models", "list"]).expect(0, "tiny ");
    desk.run(&["remove", "photo.jpg", "-o", "a.png", "--no-cache", "--model", "tiny"]).expect(0, "");
    assert!(desk.path("a.png").exists());
}

#[test]
fn a_file_that_is_not_what_the_catalogue_says_is_never_loaded() {
    let desk = Desk::new(&weights(), []);
    fs::create_dir(desk.path("models")).unwrap();
    fs::write(desk.path("models/tiny.onnx"), network()).unwrap();
    let ran = desk.run(&["remove", "photo.jpg", "-o", "a.png", "--no-cache", "--model", "tiny"]);
    let ran = ran.expect(30, "is not the file that the catalogue describes");
    assert!(ran.err.contains("`clearcut models pull tiny` replaces it"), "{}", ran.err);
    assert!(!desk.path("a.png").exists());
    desk.run(&["models", "verify"]).expect(30, "DIFFERENT");
}

#[test]
fn an_interrupted_fetch_goes_on_where_it_broke_off() {
    let answers =
        [Answer::whole(&weights()).cut_after(100_000), Answer::status(404), Answer::partial(&weights(), 100_000)];
    let desk = Desk::new(&weights(), answers);
    desk.pull().expect(30, "answered 404");
    assert_eq!(desk.models(), [("tiny.onnx.part".to_owned(), 100_000)], "nothing under the final name");
    desk.pull().expect(0, "tiny.onnx");
    assert_eq!(desk.models(), [("tiny.onnx".to_owned(), 300_000)]);
    assert_eq!(fs::read(desk.path("models/tiny.onnx")).unwrap(), weights());
    let range = Some("bytes=100000-".to_owned());
    assert_eq!(desk.asked().into_iter().map(|(_, range)| range).collect::<Vec<_>>(), [None, range.clone(), range]);
}

#[test]
fn another_file_and_a_circle_of_redirects_leave_nothing() {
    let mut wrong = weights();
    wrong[7] ^= 1;
    let desk = Desk::new(&weights(), [Answer::whole(&wrong)]);
    desk.pull().expect(30, "nothing was kept");
    assert!(desk.models().is_empty());

    let desk = Desk::new(&weights(), [Answer::whole(&weights()[..50])]);
    desk.pull().expect(30, "has 50 bytes or more, and the catalogue says 300000");
    assert!(desk.models().is_empty());

    let desk = Desk::new(&weights(), (0..20).map(|_| Answer::redirect("/tiny.onnx")));
    desk.pull().expect(30, "redirects too often");
    assert_eq!(desk.models(), [("tiny.onnx.part".to_owned(), 0)]);
}

/// A limit on the size of files stands for a disk that fills up in the middle of a download.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fills_up_is_told_and_the_fetch_goes_on_later() {
    // 200 blocks of 512 bytes.
    const ROOM: usize = 102_400;
    let desk = Desk::new(&weights(), [Answer::whole(&weights()), Answer::partial(&weights(), ROOM)]);
    let pull = desk.command(&["models", "pull", "tiny"]);
    let mut limited = Command::new("sh");
    // The signal that ends a process at the limit is ignored, so that the write fails as on a full disk.
    limited.args(["-c", "trap '' XFSZ; ulimit -f 200; exec \"$0\" \"$@\""]);
    limited.arg(pull.get_program()).args(pull.get_args());
    let ran = Ran::of(&mut desk.settled(limited)).expect(30, "tiny.onnx.part");
    assert!(ran.err.contains("raise this user's limit on file sizes"), "{}", ran.err);
    assert_eq!(desk.models(), [("tiny.onnx.part".to_owned(), ROOM as u64)]);
    desk.pull().expect(0, "tiny.onnx");
    assert_eq!(fs::read(desk.path("models/tiny.onnx")).unwrap(), weights());
}

#[test]
fn models_that_are_not_listed_say_why() {
    let desk = Desk::new(&weights(), []);
    desk.run(&["models", "pull", "sam"]).expect(2, "it wants points or boxes of a person");
    desk.run(&["remove", "photo.jpg", "-o", "a.png", "--no-cache", "--model", "birefnet_matting"])
        .expect(2, "--family birefnet");
    desk.run(&["models", "pull", "nobody"]).expect(2, "`clearcut models list` shows those there are");
}

#[test]
fn a_catalogue_that_is_not_usable_is_named_with_its_fault() {
    let desk = Desk::new(&weights(), []);
    fs::write(desk.path("catalogue.toml"), "[[models]]\nname = 'tiny'\nfamily = 'nobody'\n").unwrap();
    let ran = desk.run(&["models", "list"]).expect(2, "catalogue.toml: the model catalogue is not usable");
    assert!(ran.err.contains("model tiny: there is no family nobody"), "{}", ran.err);
    fs::remove_file(desk.path("catalogue.toml")).unwrap();
    desk.run(&["models", "list"]).expect(2, "catalogue.toml: cannot read the catalogue");
}

#[test]
fn rembgs_processing_is_another_matte_under_another_key() {
    let desk = Desk::new(&weights(), []);
    let cut = |name: &str, more: &[&str]| {
        let args = ["remove", "photo.jpg", "--mask", "--cache-dir", "cache", "-o", name];
        desk.run(&[&args[..], more].concat())
    };
    cut("authors.png", &[]).expect(0, "");
    let first = cut("rembg.png", &["--compat", "rembg"]).expect(0, "");
    assert!(!first.err.contains("from the"), "a matte of the authors' processing was taken: {}", first.err);
    cut("again.png", &["--compat", "rembg"]).expect(0, "from the sqlite cache");
    let read = |name: &str| fs::read(desk.path(name)).unwrap();
    assert_eq!(read("rembg.png"), read("again.png"));
    assert_ne!(read("rembg.png"), read("authors.png"));

    fs::write(desk.path("modnet.onnx"), network()).unwrap();
    cut("none.png", &["--model-file", "modnet.onnx", "--family", "modnet", "--compat", "rembg"])
        .expect(2, "rembg does not run models of the family modnet; leave --compat out");
}
