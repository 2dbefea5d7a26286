//! Files that are no usable library. A process that has loaded one keeps it, so all of this is one test.
#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::process::Command;

use clearcut_segment_ort::OrtLibrary;
use clearcut_testkit::ort::library_or_skip;

/// Compiles C into a shared library.
fn compiled(folder: &Path, name: &str, code: &str) -> PathBuf {
    let (source, library) = (folder.join(format!("{name}.c")), folder.join(format!("lib{name}.so")));
    std::fs::write(&source, code).expect("writable");
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let status = Command::new(compiler).args(["-shared", "-fPIC", "-o"]).args([&library, &source]).status();
    assert!(status.expect("a C compiler, as the build needs one").success());
    library
}

/// ONNX Runtime as far as its version: `OrtApiBase` of `onnxruntime_c_api.h`.
const OLD: &str = r#"
struct OrtApiBase { const void *(*GetApi)(unsigned version); const char *(*GetVersionString)(void); };
static const void *get_api(unsigned version) { (void)version; return 0; }
static const char *get_version(void) { return "1.10.0"; }
static const struct OrtApiBase base = { get_api, get_version };
const struct OrtApiBase *OrtGetApiBase(void) { return &base; }
"#;

#[test]
fn only_a_sufficient_onnx_runtime_is_loaded_and_only_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = folder.path().join("readme.so");
    std::fs::write(&text, "not a library\n").expect("writable");
    let refusals = [
        (folder.path().join("absent.so"), "the PyPI package onnxruntime carries it"),
        (PathBuf::from("libonnxruntime.so"), "the PyPI package onnxruntime carries it"),
        (folder.path().to_owned(), "it is a folder"),
        (text, "the system cannot load it"),
        (compiled(folder.path(), "other", "int other(void) { return 1; }"), "not ONNX Runtime's"),
        (compiled(folder.path(), "old", OLD), "its version is 1.10.0, and 1.17 is the oldest that works"),
    ];
    let refused = |path: &Path, reason: &str| {
        let message = OrtLibrary::load(path).expect_err(reason).to_string();
        assert!(message.starts_with(&format!("cannot use {} as ONNX Runtime: ", path.display())), "{message}");
        assert!(message.contains(reason) && !message.contains('\n'), "{message}");
    };
    for (path, reason) in &refusals {
        refused(path, reason);
    }

    let Some(path) = library_or_skip() else { return };
    let library = OrtLibrary::load(&path).expect("refusals before it do no harm");
    assert!(library.version().starts_with("1.") && library.path().is_absolute());
    let link = folder.path().join("link.so");
    std::os::unix::fs::symlink(&path, &link).expect("writable");
    assert_eq!(OrtLibrary::load(&link).expect("the same one").path(), library.path());
    refused(&refusals[5].0, "this process runs on");
}
