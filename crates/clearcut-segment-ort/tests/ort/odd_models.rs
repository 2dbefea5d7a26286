//! Files that are no usable model, and places where none can run: each is an error with its reason and the way out.

use clearcut_image::Picture;
use clearcut_segment::{InputSize, ModelSpec, Provider, SegmentError, Segmenter, TractSegmenter};
use clearcut_segment_ort::{OrtError, OrtLibrary, OrtOptions, OrtSegmenter};

use crate::support::{golden, library, odd};

fn load(library: &OrtLibrary, onnx: &[u8], spec: &ModelSpec) -> Result<OrtSegmenter, OrtError> {
    OrtSegmenter::from_bytes(library, onnx.to_vec(), spec, &OrtOptions::default())
}

fn load_error(library: &OrtLibrary, onnx: &[u8], spec: &ModelSpec) -> String {
    match load(library, onnx, spec) {
        Err(error @ OrtError::Model(SegmentError::Load { .. })) => error.to_string(),
        other => panic!("an unusable model gave {other:?}"),
    }
}

#[test]
fn files_that_are_no_onnx_are_refused() {
    let Some(library) = library() else { return };
    let good = std::fs::read(golden("inspyrenet.onnx")).expect("committed");
    load(&library, &good, &odd()).expect("the network itself is good");
    let cases: [(&[u8], &str); 5] = [
        (b"", "it holds no network"),
        (b"# a readme\n\nnot a network\n", "not an ONNX file"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not an ONNX file"),
        (&good[..good.len() / 2], "cut off"),
        (&good[..good.len() - 1], "cut off"),
    ];
    for (onnx, reason) in cases {
        let message = load_error(&library, onnx, &odd());
        assert!(message.starts_with("cannot load the model odd: ") && message.contains(reason), "{message}");
    }
}

#[test]
fn networks_of_another_signature_are_refused_with_a_way_out() {
    let Some(library) = library() else { return };
    let cases = [
        ("odd-rank-3.onnx", "its input has 3 dimensions"),
        ("odd-gray.onnx", "its input is 1 x 1 x 20 x 20, and the family inspyrenet feeds 1 x 3 x 20 x 20"),
        ("odd-two-inputs.onnx", "it has 2 inputs"),
        ("odd-unknown-operator.onnx", "export it with standard operators"),
        ("odd-external-weights.onnx", "lie in a second file"),
        ("odd-huge.onnx", "ONNX Runtime refuses it"),
    ];
    for (name, reason) in cases {
        let error = OrtSegmenter::from_file(&library, &golden(name), &odd(), &OrtOptions::default());
        let message = error.expect_err(name).to_string();
        assert!(message.contains(name) && message.contains(reason), "{message}");
        assert!(!message.contains('\n') && message.len() < 700, "{message}");
    }
}

#[test]
fn a_description_that_does_not_fit_is_refused() {
    let Some(library) = library() else { return };
    let good = std::fs::read(golden("inspyrenet.onnx")).expect("committed");
    let mut another_size = odd();
    another_size.processing.input.size = InputSize::Square { side_px: 32 };
    assert!(load_error(&library, &good, &another_size).contains("feeds 1 x 3 x 32 x 32"));

    let mut another_output = odd();
    another_output.processing.output.index = 3;
    assert!(load_error(&library, &good, &another_output).contains("the matte was expected in number 3"));

    let mut no_deviation = odd();
    no_deviation.processing.input.std = [0.0; 3];
    assert!(load_error(&library, &good, &no_deviation).contains("std not zero"));
}

#[test]
fn outputs_that_are_no_matte_fail_the_picture_and_not_the_process() {
    let Some(library) = library() else { return };
    let cases = [
        ("odd-not-a-number.onnx", "not finite numbers"),
        ("odd-scalar.onnx", "no matte"),
        // ONNX Runtime looks at the shapes of weights when it runs them.
        ("odd-mismatch.onnx", "channels"),
    ];
    for (name, reason) in cases {
        let segmenter = OrtSegmenter::from_file(&library, &golden(name), &odd(), &OrtOptions::default()).expect(name);
        // The session is as good as before.
        for _ in 0..2 {
            let error = segmenter.segment(&Picture::filled(4, 4, [1, 2, 3, 4])).expect_err(name);
            assert!(matches!(error, SegmentError::Run { .. }) && error.to_string().contains(reason), "{error}");
        }
    }
}

#[test]
fn files_that_cannot_be_read_name_themselves() {
    let Some(library) = library() else { return };
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
        let error = OrtSegmenter::from_file(&library, &path, &odd(), &OrtOptions::default()).expect_err(reason);
        assert!(error.to_string().contains(reason), "{error}");
    }
}

/// The library of the tests is built for the CPU: whoever asks for more gets an error, never the CPU.
#[test]
fn a_provider_that_cannot_run_is_an_error_and_never_the_cpu() {
    let Some(library) = library() else { return };
    for provider in Provider::ALL.into_iter().filter(|provider| *provider != Provider::Cpu) {
        let mut options = OrtOptions::default();
        options.provider = provider;
        let error = match OrtSegmenter::embedded(&library, ModelSpec::embedded(), &options) {
            Err(error @ OrtError::Provider { .. }) => error.to_string(),
            Err(error) => panic!("{provider}: {error}"),
            // A library of one's own may have it, and then it must say so.
            Ok(segmenter) => {
                assert!(library.providers().contains(&provider), "{provider} ran in a library without it");
                assert_eq!(segmenter.runtime().provider, provider);
                assert!(segmenter.runtime().operations.is_some_and(|ran| ran.on_provider > 0));
                continue;
            }
        };
        assert!(error.starts_with(&format!("cannot run on {provider}: ")), "{error}");
        if !library.providers().contains(&provider) {
            assert!(error.contains("was built without it and knows cpu"), "{error}");
        }
    }
    let cpu = OrtSegmenter::embedded(&library, ModelSpec::embedded(), &OrtOptions::default()).expect("always there");
    assert_eq!((cpu.runtime().provider, cpu.runtime().operations), (Provider::Cpu, None));
    assert_eq!(cpu.runtime().to_string(), format!("onnxruntime {} on cpu", library.version()));
}

#[test]
fn damaged_networks_never_panic() {
    let Some(library) = library() else { return };
    let good = std::fs::read(golden("inspyrenet.onnx")).expect("committed");
    let picture = Picture::filled(5, 5, [10, 200, 30, 255]);
    for at in 0..good.len() {
        for damage in [0x01, 0x80, 0xff] {
            let mut onnx = good.clone();
            onnx[at] ^= damage;
            // Most are refused; some weights are merely other weights.
            if let Ok(segmenter) = load(&library, &onnx, &odd()) {
                let _ = segmenter.segment(&picture);
            }
        }
    }
}
