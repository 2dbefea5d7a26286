//! Every family against tensors and mattes that were computed without Clearcut; see `golden/generate.py`.

use std::path::PathBuf;

use clearcut_image::{Matte, Picture};
use clearcut_segment::{Catalogue, InputSize, ModelSpec, Segmenter, TractSegmenter};
use serde::Deserialize;

/// Resampling rounds to bytes once per direction, which the reference does not.
const INPUT_TOLERANCE_LEVELS: f32 = 2.0;
/// A stretched matte makes more of it.
const MATTE_TOLERANCE_LEVELS: u8 = 5;

#[derive(Deserialize)]
struct Case {
    model: String,
    compat: String,
    network: String,
    size: InputSize,
    picture_name: String,
    picture: Place,
    input: Place,
    matte: Place,
    restored: Place,
}

#[derive(Deserialize)]
struct Place {
    offset: usize,
    bytes: usize,
    width: u32,
    height: u32,
}

struct Golden {
    cases: Vec<Case>,
    blob: Vec<u8>,
}

impl Golden {
    fn read() -> Self {
        let cases = std::fs::read_to_string(file("cases.json")).expect("committed");
        Self {
            cases: serde_json::from_str(&cases).expect("written by generate.py"),
            blob: std::fs::read(file("golden.bin")).expect("committed"),
        }
    }

    fn bytes(&self, place: &Place) -> Vec<u8> {
        self.blob[place.offset..place.offset + place.bytes].to_vec()
    }

    fn picture(&self, case: &Case) -> Picture {
        Picture::from_rgba(case.picture.width, case.picture.height, self.bytes(&case.picture))
    }

    fn matte(&self, place: &Place) -> Matte {
        Matte::from_alpha(place.width, place.height, self.bytes(place))
    }

    /// Calls `check` with every case, its name and its description.
    fn each(&self, check: impl Fn(&Case, &str, &ModelSpec)) {
        assert!(!self.cases.is_empty());
        for case in &self.cases {
            let known = Catalogue::builtin().model(&case.model).expect("the cases name models of the catalogue");
            let mut spec =
                if case.compat == "rembg" { known.as_rembg().expect("rembg runs it") } else { known.clone() };
            // The same rule for a smaller input.
            assert_eq!(std::mem::discriminant(&spec.processing.input.size), std::mem::discriminant(&case.size));
            spec.processing.input.size = case.size;
            check(case, &format!("{} as {} on {}", case.model, case.compat, case.picture_name), &spec);
        }
    }
}

fn file(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "golden", name].iter().collect()
}

fn assert_close(actual: &Matte, expected: &Matte, name: &str) {
    assert_eq!((actual.width_px(), actual.height_px()), (expected.width_px(), expected.height_px()), "{name}");
    let mut differences: Vec<u8> = actual.alpha().iter().zip(expected.alpha()).map(|(a, b)| a.abs_diff(*b)).collect();
    differences.sort_unstable();
    // Where two classes are about equal, a rounding error decides.
    let outliers = differences.len() / 100;
    let (most, worst) = (differences[differences.len() - 1 - outliers], differences[differences.len() - 1]);
    assert!(most <= MATTE_TOLERANCE_LEVELS, "{name}: 99 % within {most} levels, the worst {worst}");
}

#[test]
fn every_family_prepares_its_input_as_its_authors_and_rembg_do() {
    let golden = Golden::read();
    golden.each(|case, name, spec| {
        let input = spec.prepare(&golden.picture(case));
        assert_eq!((input.width_px, input.height_px), (case.input.width, case.input.height), "{name}");
        let expected = golden.bytes(&case.input);
        let expected = expected.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
        let plane = input.values.len() / 3;
        let brightest = golden.picture(case).rgba().chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).max();
        for (at, (actual, expected)) in input.values.iter().zip(expected).enumerate() {
            // One level of a byte in the input's own scale; a dark picture divided by its maximum has longer steps.
            let level = 1.0 / f32::from(brightest.unwrap_or(1)) / spec.processing.input.std[at / plane];
            let difference = (actual - expected).abs() / level;
            assert!(difference <= INPUT_TOLERANCE_LEVELS, "{name}: value {at} is off by {difference} levels");
        }
    });
}

#[test]
fn every_family_finds_the_matte_that_numpy_computes() {
    let golden = Golden::read();
    golden.each(|case, name, spec| {
        let network = file(&format!("{}.onnx", case.network));
        let segmenter = TractSegmenter::from_file(&network, spec).expect("a network of the family's signature");
        let matte = segmenter.segment(&golden.picture(case)).expect("a matte");
        assert_close(&matte, &golden.matte(&case.matte), name);
    });
}

#[test]
fn every_family_restores_mattes_with_its_filter() {
    let golden = Golden::read();
    golden.each(|case, name, spec| {
        let restored = spec.restore(&golden.matte(&case.matte), case.picture.width, case.picture.height);
        assert_close(&restored, &golden.matte(&case.restored), name);
    });
}

#[test]
fn rembg_differs_from_the_authors() {
    let golden = Golden::read();
    golden.each(|case, name, spec| {
        if case.compat == "rembg" {
            let authors = Catalogue::builtin().model(&case.model).expect("listed");
            assert_ne!(authors.processing, spec.processing, "{name}");
            assert_ne!(authors.processing.output.restore, spec.processing.output.restore, "{name}");
        }
    });
}
