//! The shared library of ONNX Runtime, which is not part of the project.

use std::path::PathBuf;

use crate::skip::skip;

const LIBRARY: &str = "CLEARCUT_ORT_LIBRARY";

/// The library that `CLEARCUT_ORT_LIBRARY` names, or `None` after saying on standard error that a test is skipped.
/// `cargo xtask test` sets the variable.
///
/// # Panics
///
/// If the variable names no file, or if it is not set and `CLEARCUT_REQUIRE_SERVERS` is `1`.
#[track_caller]
pub fn library_or_skip() -> Option<PathBuf> {
    let Some(path) = std::env::var_os(LIBRARY).filter(|path| !path.is_empty()).map(PathBuf::from) else {
        skip(&format!(
            "{LIBRARY} names no ONNX Runtime; `cargo xtask test` fetches one, or name libonnxruntime.so.* of the PyPI \
             package onnxruntime"
        ));
        return None;
    };
    assert!(path.is_file(), "{LIBRARY} names {}, which is no file", path.display());
    Some(path)
}
