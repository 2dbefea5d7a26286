//! `--runtime`: ONNX Runtime beside tract, with a real library where `CLEARCUT_ORT_LIBRARY` names one.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use clearcut_image::{Limits, decode};
use clearcut_testkit::{metrics, ort::library_or_skip, scene};
use tempfile::TempDir;

struct Ran {
    code: i32,
    out: String,
    err: String,
}

/// A folder with a photo in it.
fn desk() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("photo.jpg"), scene::product_photo(240, 160, 4).jpeg(90)).unwrap();
    folder
}

fn run(folder: &Path, args: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clearcut"));
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CLEARCUT_") || name.ends_with("_URL")) {
            command.env_remove(name);
        }
    }
    let output = command.args(args).current_dir(folder).output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(!err.contains("panicked"), "{err}");
    Ran { code: output.status.code().expect("not killed"), out, err }
}

fn alpha(path: PathBuf) -> Vec<u8> {
    let picture = decode(&fs::read(path).unwrap(), &Limits::default()).unwrap().picture;
    picture.rgba().chunks_exact(4).map(|pixel| pixel[3]).collect()
}

#[test]
fn onnx_runtime_cuts_out_what_tract_does_and_shares_no_matte_with_it() {
    let Some(library) = library_or_skip() else { return };
    let library = library.to_str().unwrap();
    let desk = desk();
    let remove = |args: &[&str]| {
        let ran = run(desk.path(), &[&["remove", "photo.jpg", "--cache-dir", "cache"], args].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.err
    };
    remove(&["-o", "tract.png"]);
    let ort = ["--runtime", "ort", "--ort-library", library];
    let first = remove(&[&["-o", "ort.png"], &ort[..]].concat());
    assert!(first.contains("the subject covers"), "computed, not tract's from the cache: {first}");
    let again = remove(&[&["-o", "again.png"], &ort[..]].concat());
    assert!(again.contains("from the sqlite cache"), "{again}");
    let [ort, tract] = ["ort.png", "tract.png"].map(|name| alpha(desk.path().join(name)));
    let iou = metrics::iou(&ort, &tract);
    assert!(iou > 0.995, "IoU {iou}");
}

#[test]
fn doctor_says_what_really_runs() {
    let desk = desk();
    let tract = run(desk.path(), &["doctor", "--no-cache"]);
    assert!(tract.out.contains("runtime    tract on cpu, ") && !tract.out.contains("library"), "{}", tract.out);
    let Some(library) = library_or_skip() else { return };
    let ort =
        run(desk.path(), &["doctor", "--no-cache", "--runtime", "ort", "--ort-library", library.to_str().unwrap()]);
    assert_eq!(ort.code, 0, "{}{}", ort.out, ort.err);
    assert!(ort.out.contains("runtime    onnxruntime 1.") && ort.out.contains(" on cpu, "), "{}", ort.out);
    let library = fs::canonicalize(library).unwrap();
    assert!(ort.out.contains(&format!("library    {}, built for cpu", library.display())), "{}", ort.out);
}

#[test]
fn a_runtime_that_cannot_run_is_told_about_and_nothing_else_runs() {
    let desk = desk();
    let refused = |args: &[&str], code: i32, reason: &str| {
        let ran = run(desk.path(), &[&["remove", "photo.jpg", "-o", "cut.png", "--no-cache"], args].concat());
        assert_eq!(ran.code, code, "{args:?}: {}", ran.err);
        assert!(ran.err.contains(reason) && ran.err.lines().count() == 1, "{args:?}: {}", ran.err);
        assert!(!desk.path().join("cut.png").exists(), "{args:?}");
    };
    refused(&["--provider", "cuda"], 2, "tract runs on the CPU alone; add --runtime ort");
    refused(&["--runtime", "ort"], 2, "name it with --ort-library");
    refused(&["--runtime", "ort", "--ort-library", "absent.so"], 30, "cannot use absent.so as ONNX Runtime: ");
    refused(&["--runtime", "ort", "--ort-library", "photo.jpg"], 30, "the system cannot load it");
    let Some(library) = library_or_skip() else { return };
    let ort = ["--runtime", "ort", "--ort-library", library.to_str().unwrap()];
    // The library of the tests is built for the CPU.
    refused(&[&ort[..], &["--provider", "rocm"]].concat(), 30, "cannot run on rocm: ");
    refused(&[&ort[..], &["--model-file", "photo.jpg", "--family", "isnet"]].concat(), 30, "not an ONNX file");
}
