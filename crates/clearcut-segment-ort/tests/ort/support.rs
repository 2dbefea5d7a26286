//! What the tests share: the library of this machine, and the networks that `clearcut-segment` is tested with.

use std::path::{Path, PathBuf};

use clearcut_segment::{Catalogue, InputSize, ModelSpec};
use clearcut_segment_ort::OrtLibrary;

/// The library, or nothing where the test is skipped.
#[track_caller]
pub fn library() -> Option<OrtLibrary> {
    let path = clearcut_testkit::ort::library_or_skip()?;
    Some(OrtLibrary::load(&path).expect("CLEARCUT_ORT_LIBRARY names ONNX Runtime"))
}

/// A file of `clearcut-segment/tests/golden`.
pub fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../clearcut-segment/tests/golden").join(name)
}

/// How the odd networks are fed.
pub fn odd() -> ModelSpec {
    let mut spec = Catalogue::builtin().family("inspyrenet", "odd").expect("a family");
    spec.processing.input.size = InputSize::Square { side_px: 20 };
    spec
}
