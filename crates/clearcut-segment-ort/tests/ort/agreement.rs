//! The mattes of ONNX Runtime are those of tract, within rounding.

use clearcut_image::{Matte, Picture};
use clearcut_segment::{Catalogue, InputSize, ModelSpec, Segmenter, TractSegmenter};
use clearcut_segment_ort::{OrtOptions, OrtSegmenter};
use clearcut_testkit::scene;
use serde::Deserialize;

use crate::support::{golden, library, odd};

/// Where a value lies on the border of two levels, a rounding error decides.
const TOLERANCE_LEVELS: u8 = 1;

#[derive(Deserialize)]
struct Case {
    model: String,
    compat: String,
    network: String,
    size: InputSize,
    picture: Place,
}

#[derive(Deserialize)]
struct Place {
    offset: usize,
    bytes: usize,
    width: u32,
    height: u32,
}

/// All but one in a hundred pixels are within the tolerance; where two classes are about equal, a rounding error decides.
fn assert_close(ours: &Matte, tract: &Matte, name: &str) {
    assert_eq!((ours.width_px(), ours.height_px()), (tract.width_px(), tract.height_px()), "{name}");
    let differing = ours.alpha().iter().zip(tract.alpha()).filter(|(a, b)| a.abs_diff(**b) > TOLERANCE_LEVELS).count();
    assert!(differing <= ours.alpha().len() / 100, "{name}: {differing} of {} pixels differ", ours.alpha().len());
}

#[test]
fn every_family_gives_the_same_mattes_in_both_runtimes() {
    let Some(library) = library() else { return };
    let cases: Vec<Case> =
        serde_json::from_slice(&std::fs::read(golden("cases.json")).expect("committed")).expect("cases");
    let blob = std::fs::read(golden("golden.bin")).expect("committed");
    assert!(!cases.is_empty());
    for Case { model, compat, network, size, picture: place } in &cases {
        let known = Catalogue::builtin().model(model).expect("the cases name models of the catalogue");
        let mut spec = if compat == "rembg" { known.as_rembg().expect("a model of rembg") } else { known.clone() };
        spec.processing.input.size = *size;
        let rgba = blob[place.offset..place.offset + place.bytes].to_vec();
        let picture = Picture::from_rgba(place.width, place.height, rgba);
        let file = golden(&format!("{network}.onnx"));
        let ort = OrtSegmenter::from_file(&library, &file, &spec, &OrtOptions::default()).expect("loadable");
        let tract = TractSegmenter::from_file(&file, &spec).expect("loadable");
        let [ours, theirs] =
            [&ort as &dyn Segmenter, &tract].map(|runtime| runtime.segment(&picture).expect("a matte"));
        assert_close(&ours, &theirs, &format!("{model} as {compat}"));
        assert!(ours.alpha().iter().any(|alpha| *alpha != ours.alpha()[0]) || ours == theirs, "{model}: a flat matte");
    }
}

#[test]
fn the_embedded_model_gives_the_mattes_of_tract_on_any_number_of_threads() {
    let Some(library) = library() else { return };
    let mut spread = OrtOptions::default();
    spread.threads = 3.try_into().expect("not zero");
    let alone = OrtSegmenter::embedded(&library, ModelSpec::embedded(), &OrtOptions::default()).expect("loadable");
    let spread = OrtSegmenter::embedded(&library, ModelSpec::embedded(), &spread).expect("loadable");
    let tract = TractSegmenter::embedded();
    for scene in [scene::hair(300, 200, 1), scene::glass(200, 300, 2), scene::product_photo(240, 160, 3)] {
        let rgba = scene.rgb.chunks_exact(3).flat_map(|rgb| [rgb[0], rgb[1], rgb[2], 255]).collect();
        let picture = Picture::from_rgba(scene.width_px, scene.height_px, rgba);
        let ours = alone.segment(&picture).expect("a matte");
        assert_eq!(ours, spread.segment(&picture).expect("a matte"));
        assert_close(&ours, &tract.segment(&picture).expect("a matte"), "the embedded model");
    }
}

#[test]
fn open_dimensions_and_half_precision_are_computed() {
    let Some(library) = library() else { return };
    let open = |name: &str, spec: &_| OrtSegmenter::from_file(&library, &golden(name), spec, &OrtOptions::default());
    let dynamic = open("odd-dynamic.onnx", &odd()).expect("usable");
    let matte = dynamic.segment(&Picture::filled(30, 10, [90, 90, 90, 255])).expect("a matte");
    assert_eq!((matte.width_px(), matte.height_px()), (20, 20));

    let mut spec = odd();
    spec.processing.input.mean = [0.0; 3];
    spec.processing.input.std = [1.0; 3];
    let half = open("odd-half-precision.onnx", &spec).expect("usable");
    let matte = half.segment(&Picture::filled(4, 4, [255, 102, 51, 255])).expect("a matte");
    // A quarter of the sum of all channels.
    assert!(matte.alpha().iter().all(|alpha| alpha.abs_diff(102) <= 1), "{matte:?}");
}

#[test]
fn identities_tell_runtimes_weights_and_processing_apart() {
    let Some(library) = library() else { return };
    let onnx = std::fs::read(golden("inspyrenet.onnx")).expect("committed");
    let identity = |onnx: &[u8], spec: &_| {
        let segmenter = OrtSegmenter::from_bytes(&library, onnx.to_vec(), spec, &OrtOptions::default());
        segmenter.expect("usable").model().clone()
    };
    let ours = identity(&onnx, &odd());
    assert_eq!(ours, identity(&onnx, &odd()));
    let tract = TractSegmenter::from_bytes(&onnx, &odd()).expect("usable");
    assert_eq!(ours.weights, tract.model().weights);
    assert_ne!(ours.processing, tract.model().processing);

    let mut stretched = odd();
    stretched.processing.output.stretch = true;
    assert_ne!(ours, identity(&onnx, &stretched));
    assert_ne!(ours.weights, identity(&std::fs::read(golden("ben.onnx")).expect("committed"), &odd()).weights);
}
