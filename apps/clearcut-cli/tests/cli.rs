//! The command as its users run it: the real binary, its embedded model and its embedded cache.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use clearcut_image::{Limits, Picture, decode};
use clearcut_testkit::{metrics, scene};
use tempfile::TempDir;

/// A folder with a photo in it.
struct Desk {
    folder: TempDir,
}

/// What a command left.
struct Ran {
    code: i32,
    out: Vec<u8>,
    err: String,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap() };
        desk.write("photo.jpg", &photo());
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

    /// Runs in the folder, without a cache unless the arguments name one.
    fn run(&self, args: &[&str]) -> Ran {
        self.run_with(args, b"")
    }

    fn run_with(&self, args: &[&str], input: &[u8]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_clearcut"));
        command.args(args).current_dir(self.folder.path());
        for name in ["REDIS_URL", "DATABASE_URL", "CLEARCUT_MODEL", "CLEARCUT_CACHE_DIR", "CLEARCUT_LOG"] {
            command.env_remove(name);
        }
        let takes_engine = ["remove", "i", "p", "b"].contains(&args[0]);
        if takes_engine && !args.contains(&"--cache-dir") {
            command.arg("--no-cache");
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A command that refuses its arguments does not read.
        let _ = child.stdin.take().unwrap().write_all(input);
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        let err = String::from_utf8(stderr).unwrap();
        assert!(!err.contains("panicked"), "{err}");
        Ran { code: status.code().expect("not killed"), out: stdout, err }
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = walkdir::WalkDir::new(self.folder.path())
            .into_iter()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.file_type().is_file())
            .map(|entry| entry.path().strip_prefix(self.folder.path()).unwrap().display().to_string())
            .filter(|name| !name.starts_with("cache"))
            .collect();
        names.sort();
        names
    }

    fn picture(&self, name: &str) -> Picture {
        read(&fs::read(self.path(name)).unwrap())
    }
}

fn photo() -> Vec<u8> {
    small_sample().jpeg(90)
}

fn small_sample() -> scene::Scene {
    scene::product_photo(240, 160, 4)
}

fn read(bytes: &[u8]) -> Picture {
    decode(bytes, &Limits::default()).unwrap().picture
}

fn alpha(picture: &Picture) -> Vec<u8> {
    picture.rgba().chunks_exact(4).map(|pixel| pixel[3]).collect()
}

#[test]
fn a_photo_becomes_a_cut_out_that_is_close_to_the_exact_matte() {
    let desk = Desk::new();
    let ran = desk.run(&["remove", "photo.jpg", "-o", "cut.png"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.starts_with("photo.jpg -> cut.png  240x160, the subject covers"), "{}", ran.err);
    assert!(ran.out.is_empty(), "standard output is for results");
    let cut = desk.picture("cut.png");
    assert_eq!((cut.width_px(), cut.height_px()), (240, 160));
    let iou = metrics::iou(&alpha(&cut), &small_sample().alpha);
    assert!(iou > 0.95, "IoU {iou}");
    assert_eq!(desk.names(), ["cut.png", "photo.jpg"]);
}

#[test]
fn the_second_run_comes_from_the_cache_and_says_so() {
    let desk = Desk::new();
    let first = desk.run(&["remove", "photo.jpg", "-o", "a.png", "--cache-dir", "cache"]);
    let again = desk.run(&["remove", "photo.jpg", "-o", "b.png", "--cache-dir", "cache"]);
    assert_eq!((first.code, again.code), (0, 0), "{}{}", first.err, again.err);
    assert!(again.err.contains("from the sqlite cache"), "{}", again.err);
    assert_eq!(fs::read(desk.path("a.png")).unwrap(), fs::read(desk.path("b.png")).unwrap());

    let stats = desk.run(&["cache", "stats", "--json", "--cache-dir", "cache"]);
    let stats: serde_json::Value = serde_json::from_slice(&stats.out).unwrap();
    assert!(stats["cache_hits"].as_u64().unwrap() >= 1, "{stats}");
    assert!(stats["time_saved_ms"].as_f64().unwrap() > 0.0, "{stats}");
    let table = desk.run(&["cache", "stats", "--cost-per-image", "0.2", "--cache-dir", "cache"]);
    let table = String::from_utf8(table.out).unwrap();
    assert!(table.contains("hit ratio") && table.contains("money saved"), "{table}");

    let clear = desk.run(&["cache", "clear", "remove_bg:*", "--cache-dir", "cache"]);
    assert_eq!(String::from_utf8(clear.out).unwrap(), "1 entries removed\n");
    let anew = desk.run(&["remove", "photo.jpg", "-o", "c.png", "--cache-dir", "cache"]);
    assert!(anew.err.contains("the subject covers"), "{}", anew.err);
}

#[test]
fn pipes_work_and_carry_nothing_else() {
    let desk = Desk::new();
    for args in [&["remove", "-"][..], &["remove", "-", "-o", "-"], &["i"], &["i", "-", "-"]] {
        let ran = desk.run_with(args, &photo());
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.err);
        assert_eq!(read(&ran.out).width_px(), 240, "{args:?}");
    }
    assert_eq!(desk.names(), ["photo.jpg"]);
}

#[test]
fn bad_inputs_have_a_sentence_and_an_exit_code_of_their_own_and_leave_nothing_behind() {
    let desk = Desk::new();
    let whole = photo();
    desk.write("empty.jpg", b"");
    desk.write("text.jpg", b"This is a letter, not a photo.\n");
    desk.write("torn.jpg", &whole[..whole.len() / 2]);
    desk.write("bomb.png", &png_header(30_000, 30_000));
    desk.write("wide.png", &png_header(65_535, 1));
    desk.write("wall.png", &clearcut_image::encode(&Picture::filled(64, 64, [90, 90, 90, 255]), &png()).unwrap());
    let before = desk.names();
    for (args, code, words) in [
        (&["remove", "empty.jpg", "-o", "x.png"][..], 10, "the file is empty"),
        (&["remove", "text.jpg", "-o", "x.png"], 11, "not a picture"),
        (&["remove", "torn.jpg", "-o", "x.png"], 14, "ends in the middle"),
        (&["remove", "bomb.png", "-o", "x.png"], 13, "30000x30000"),
        (&["remove", "wide.png", "-o", "x.png"], 13, "65535x1"),
        (&["remove", "wall.png", "-o", "x.png"], 15, "no foreground found"),
        (&["remove", "nowhere.jpg", "-o", "x.png"], 20, "no such file"),
        (&["remove", "photo.jpg", "-o", "photo.jpg/x.png"], 22, "cannot write"),
        (&["remove", "photo.jpg", "-o", "photo.jpg"], 2, "would be replaced"),
        (&["remove", "photo.jpg", "--format", "gif"], 2, "expected one of auto, png"),
        (&["remove", "photo.jpg", "--border", "many"], 2, "expected a whole number from 0 to 500"),
        (&["remove", "photo.jpg", "-o", "x.webp", "--format", "png"], 2, "--format says png"),
        (&["remove", "photo.jpg", "--mask", "--background", "red"], 2, "exclude each other"),
        (&["remove", "photo.jpg", "--model", "u3net"], 2, "there is no model `u3net`"),
        (&["remove", "photo.jpg", "--model-file", "text.jpg", "--family", "u2net"], 30, "cannot load"),
    ] {
        let ran = desk.run(args);
        assert_eq!(ran.code, code, "{args:?}: {}", ran.err);
        assert!(ran.err.contains(words), "{args:?}: {}", ran.err);
        assert_eq!(desk.names(), before, "{args:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_told_as_such() {
    let ran = Desk::new().run(&["remove", "photo.jpg", "-o", "/dev/full"]);
    assert_eq!(ran.code, 23, "{}", ran.err);
    assert!(ran.err.contains("no room left"), "{}", ran.err);
}

#[test]
fn two_inputs_never_write_one_output() {
    let desk = Desk::new();
    desk.write("in/photo.jpg", &photo());
    desk.write("in/photo.png", &small_sample().png());
    let ran = desk.run(&["remove", "in", "-o", "out"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("would both be written to"), "{}", ran.err);
    assert!(!desk.path("out").exists(), "nothing was done");
}

#[test]
fn folders_keep_their_tree_and_a_failure_does_not_stop_the_others() {
    let desk = Desk::new();
    desk.write("in/a.jpg", &photo());
    desk.write("in/deep/er/b.jpg", &photo());
    desk.write("in/deep/broken.jpg", b"no photo");
    desk.write("in/notes.txt", b"left alone");
    let ran = desk.run(&["remove", "in", "-o", "out", "--recursive", "--json"]);
    assert_eq!(ran.code, 11, "{}", ran.err);
    let out: Vec<String> = desk.names().into_iter().filter(|name| name.starts_with("out")).collect();
    assert_eq!(out, ["out/a.png", "out/deep/er/b.png"]);
    let lines: Vec<serde_json::Value> =
        String::from_utf8(ran.out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);
    let failed = lines.iter().find(|line| line["status"] == "failed").unwrap();
    assert_eq!(failed["error"]["code"], "not_a_picture");
    let done = lines.iter().find(|line| line["status"] == "done").unwrap();
    assert_eq!((done["width_px"].as_u64(), done["media_type"].as_str()), (Some(240), Some("image/png")));

    let again = desk.run(&["remove", "in/a.jpg", "in/deep", "-o", "out"]);
    assert_eq!(again.code, 1, "a.png exists, broken.jpg is broken: {}", again.err);
    assert!(again.err.contains("is there already; say --overwrite or --skip-existing"), "{}", again.err);
    let skipped = desk.run(&["remove", "in/a.jpg", "-o", "out/", "--skip-existing"]);
    assert_eq!(skipped.code, 0);
    assert!(skipped.err.contains("skipped"), "{}", skipped.err);
}

#[test]
fn plan_fields_are_options_and_show_in_the_picture() {
    let desk = Desk::new();
    let size = |picture: &Picture| (picture.width_px(), picture.height_px());
    desk.run(&["remove", "photo.jpg", "-o", "small.webp", "--max-width", "60"]);
    assert_eq!(size(&desk.picture("small.webp")), (60, 40));
    desk.run(&["remove", "photo.jpg", "-o", "white.jpg", "--background", "white"]);
    let corner = desk.picture("white.jpg").pixel(1, 1);
    assert!(corner[..3].iter().all(|&channel| channel > 250), "{corner:?}");
    desk.run(&["remove", "photo.jpg", "-o", "mask.png", "--mask"]);
    let mask = desk.picture("mask.png");
    assert_eq!((mask.pixel(1, 1), mask.pixel(100, 80)), ([0, 0, 0, 255], [255; 4]));
    desk.run(&["remove", "photo.jpg", "-o", "crop.png", "--crop", "--border", "5", "--border-color", "red"]);
    let crop = desk.picture("crop.png");
    assert!(crop.width_px() < 200, "{:?}", size(&crop));
    let reds = crop.rgba().chunks_exact(4).filter(|pixel| pixel == &[255, 0, 0, 255]).count();
    assert!(reds > 300, "a red line along the outline: {reds} pixels");
}

#[test]
fn raw_frames_become_numbered_pictures() {
    let desk = Desk::new();
    let mut frames = small_sample().rgb;
    frames.extend(small_sample().rgb);
    let ran = desk.run_with(&["b", "240", "160", "-o", "out-%03u.png"], &frames);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(desk.names(), ["out-001.png", "out-002.png", "photo.jpg"]);
    let torn = desk.run_with(&["b", "240", "160", "-o", "torn-%u.png"], &frames[..100]);
    assert_eq!(torn.code, 14, "{}", torn.err);
}

#[test]
fn the_other_commands_answer() {
    let desk = Desk::new();
    let text = |args: &[&str]| {
        let ran = desk.run(args);
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.err);
        String::from_utf8(ran.out).unwrap()
    };
    assert!(text(&["doctor", "--cache-dir", "cache"]).contains("answers in"));
    assert!(text(&["models", "list"]).contains("in the binary"));
    assert!(!text(&["models", "list", "--commercial-only"]).contains("CC-BY-NC"));
    assert!(text(&["models", "show", "u2net"]).contains("8d10d2f3bb75ae3b6d527c77944fc5e7"));
    assert!(text(&["completions", "bash"]).contains("clearcut"));
    assert!(text(&["models", "path", "--models-dir", "models"]).contains("models"));
    let gated = desk.run(&["models", "pull", "bria-rmbg", "--commercial-only", "--models-dir", "models"]);
    assert_eq!(gated.code, 30);
    assert!(gated.err.contains("forbids commercial use"), "{}", gated.err);
    assert!(!Path::new(&desk.path("models")).exists(), "nothing was fetched");
}

fn png() -> clearcut_image::EncodeOptions {
    clearcut_image::EncodeOptions::new(clearcut_image::OutputFormat::Png)
}

/// A PNG that promises a size and holds nothing.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut ihdr = b"IHDR".to_vec();
    ihdr.extend(width.to_be_bytes());
    ihdr.extend(height.to_be_bytes());
    ihdr.extend([8, 2, 0, 0, 0]);
    for chunk in [&ihdr[..], b"IDAT", b"IEND"] {
        bytes.extend((chunk.len() as u32 - 4).to_be_bytes());
        bytes.extend(chunk);
        bytes.extend(crc(chunk).to_be_bytes());
    }
    bytes
}

/// The CRC of the PNG specification, annex D.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 })
    })
}

#[test]
fn a_watched_folder_is_worked_on_as_pictures_arrive() {
    let desk = Desk::new();
    fs::create_dir(desk.path("in")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_clearcut"));
    // A relative folder, as people type it.
    command.args(["remove", "in", "-o", "out", "--watch", "--no-cache"]).current_dir(desk.folder.path());
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let started = Instant::now();
    let mut photos = 0;
    // Written again and again, because nothing says when the watch has begun.
    while !desk.path("out/photo.png").is_file() {
        assert!(started.elapsed() < Duration::from_mins(1), "nothing was done with {photos} photos");
        desk.write("in/photo.jpg", &photo());
        photos += 1;
        std::thread::sleep(Duration::from_secs(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}
