//! Files that are no usable model: each is an error with its reason, none is a panic.

use std::path::PathBuf;

use clearcut_image::Picture;
use clearcut_segment::{Catalogue, InputSize, ModelSpec, SegmentError, Segmenter, TractSegmenter};

/// The side of the networks that `golden/generate.py` makes.
const SIDE_PX: u32 = 20;

fn spec() -> ModelSpec {
    let mut spec = Catalogue::builtin().family("inspyrenet", "odd").expect("a family");
    spec.processing.input.size = InputSize::Square { side_px: SIDE_PX };
    spec
}

fn file(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "golden", name].iter().collect()
}

fn good_onnx() -> Vec<u8> {
    std::fs::read(file("inspyrenet.onnx")).expect("committed")
}

fn load_error(onnx: &[u8], spec: &ModelSpec) -> String {
    match TractSegmenter::from_bytes(onnx, spec) {
        Err(error @ SegmentError::Load { .. }) => error.to_string(),
        other => panic!("an unusable model gave {other:?}"),
    }
}

#[test]
fn files_that_are_no_onnx_are_refused() {
    let good = good_onnx();
    TractSegmenter::from_bytes(&good, &spec()).expect("the network itself is good");
    let cases: [(&[u8], &str); 5] = [
        (b"", "it holds no network"),
        (b"# a readme\n\nnot a network\n", "not an ONNX file"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not an ONNX file"),
        (&good[..good.len() / 2], "cut off"),
        (&good[..good.len() - 1], "cut off"),
    ];
    for (onnx, reason) in cases {
        let message = load_error(onnx, &spec());
        assert!(message.starts_with("cannot load the model odd: ") && message.contains(reason), "{message}");
    }
}

#[test]
fn networks_of_another_signature_are_refused_with_a_way_out() {
    let cases = [
        ("odd-rank-3.onnx", "its input has 3 dimensions"),
        ("odd-gray.onnx", "its input is 1 x 1 x 20 x 20, and the family inspyrenet feeds 1 x 3 x 20 x 20"),
        ("odd-two-inputs.onnx", "it has 2 inputs"),
        ("odd-integer.onnx", "its input is of type I64"),
        ("odd-no-output.onnx", "output"),
        ("odd-unknown-operator.onnx", "does not know (Levitate)"),
        ("odd-external-weights.onnx", "lie in a second file"),
        ("odd-mismatch.onnx", "does not work at 20x20 px"),
        ("odd-huge.onnx", "failed to allocate"),
    ];
    for (name, reason) in cases {
        let error = TractSegmenter::from_file(&file(name), &spec()).expect_err(name);
        let message = error.to_string();
        assert!(message.contains(name) && message.contains(reason), "{message}");
    }
}

#[test]
fn a_description_that_does_not_fit_is_refused() {
    let mut another_size = spec();
    another_size.processing.input.size = InputSize::Square { side_px: 32 };
    assert!(load_error(&good_onnx(), &another_size).contains("feeds 1 x 3 x 32 x 32"));

    let mut another_output = spec();
    another_output.processing.output.index = 3;
    assert!(load_error(&good_onnx(), &another_output).contains("the matte was expected in number 3"));

    let mut no_deviation = spec();
    no_deviation.processing.input.std = [0.0; 3];
    assert!(load_error(&good_onnx(), &no_deviation).contains("std not zero"));
}

#[test]
fn open_dimensions_are_fixed_to_the_description() {
    let segmenter = TractSegmenter::from_file(&file("odd-dynamic.onnx"), &spec()).expect("usable");
    let matte = segmenter.segment(&Picture::filled(30, 10, [90, 90, 90, 255])).expect("a matte");
    assert_eq!((matte.width_px(), matte.height_px()), (SIDE_PX, SIDE_PX));
}

#[test]
fn half_precision_inside_a_network_is_computed() {
    let mut spec = spec();
    spec.processing.input.mean = [0.0; 3];
    spec.processing.input.std = [1.0; 3];
    let segmenter = TractSegmenter::from_file(&file("odd-half-precision.onnx"), &spec).expect("usable");
    let matte = segmenter.segment(&Picture::filled(4, 4, [255, 102, 51, 255])).expect("a matte");
    // A quarter of the sum of all channels.
    assert!(matte.alpha().iter().all(|alpha| alpha.abs_diff(102) <= 1), "{matte:?}");
}

#[test]
fn outputs_that_are_no_matte_fail_the_picture_and_not_the_process() {
    let cases = [
        ("odd-not-a-number.onnx", "not finite numbers"),
        ("odd-infinite.onnx", "not finite numbers"),
        ("odd-scalar.onnx", "no matte"),
    ];
    for (name, reason) in cases {
        let segmenter = TractSegmenter::from_file(&file(name), &spec()).expect("loadable");
        let error = segmenter.segment(&Picture::filled(4, 4, [1, 2, 3, 4])).expect_err(name);
        assert!(matches!(error, SegmentError::Run { .. }) && error.to_string().contains(reason), "{error}");
    }
}

#[test]
fn files_that_cannot_be_read_name_themselves() {
    let folder = tempfile::tempdir().expect("a folder");
    let huge = folder.path().join("huge.onnx");
    // Sparse: takes no room.
    std::fs::File::create(&huge).and_then(|file| file.set_len(TractSegmenter::MAX_MODEL_BYTES + 1)).expect("writable");
    let cases = [
        (folder.path().join("absent.onnx"), "absent.onnx: "),
        (folder.path().to_owned(), "directory"),
        (huge, "and the limit is 2147483647"),
    ];
    for (path, reason) in cases {
        let message = TractSegmenter::from_file(&path, &spec()).expect_err(reason).to_string();
        assert!(message.contains(reason), "{message}");
    }
}

#[test]
fn damaged_networks_never_panic() {
    let good = good_onnx();
    let picture = Picture::filled(5, 5, [10, 200, 30, 255]);
    for at in 0..good.len() {
        for damage in [0x01, 0x80, 0xff] {
            let mut onnx = good.clone();
            onnx[at] ^= damage;
            // Most are refused; some weights are merely other weights.
            if let Ok(segmenter) = TractSegmenter::from_bytes(&onnx, &spec()) {
                let _ = segmenter.segment(&picture);
            }
        }
    }
}

#[test]
fn identities_differ_by_weights_and_by_processing() {
    let good = good_onnx();
    let identity =
        |onnx: &[u8], spec: &ModelSpec| TractSegmenter::from_bytes(onnx, spec).expect("usable").model().clone();
    let first = identity(&good, &spec());
    assert_eq!(first, identity(&good, &spec()));
    assert_eq!(first.weights, *blake3::hash(&good).as_bytes());

    let mut stretched = spec();
    stretched.processing.output.stretch = true;
    assert_ne!(first, identity(&good, &stretched));

    let other = std::fs::read(file("ben.onnx")).expect("committed");
    assert_ne!(first.weights, identity(&other, &spec()).weights);
}
