//! Every segmenter of this crate runs the same behaviors.

use std::sync::LazyLock;

use clearcut_image::Picture;
use clearcut_segment::testing::CountingSegmenter;
use clearcut_segment::{Catalogue, Segmenter, TractSegmenter, segmenter_conformance_tests};

mod counting {
    use super::*;
    segmenter_conformance_tests!(CountingSegmenter::luminance());
}

mod embedded {
    use super::*;
    segmenter_conformance_tests!(TractSegmenter::embedded());
}

mod embedded_on_two_threads {
    use super::*;
    static SEGMENTER: LazyLock<TractSegmenter> = LazyLock::new(|| {
        let alone = TractSegmenter::embedded();
        alone.with_threads(2.try_into().expect("not zero")).expect("two threads")
    });
    segmenter_conformance_tests!(*SEGMENTER);
}

/// An input size that follows the picture.
mod modnet {
    use super::*;
    static SEGMENTER: LazyLock<TractSegmenter> = LazyLock::new(|| {
        let spec = Catalogue::builtin().family("modnet", "tiny-modnet").expect("a family");
        TractSegmenter::from_bytes(include_bytes!("golden/modnet.onnx"), &spec).expect("a network of that signature")
    });
    segmenter_conformance_tests!(*SEGMENTER);
}

#[test]
fn a_matte_is_the_same_on_any_number_of_threads() {
    let waves = |at: u32| ((at * at / 37) % 251) as u8;
    let rgba = (0..300 * 200).flat_map(|at| [waves(at), waves(at / 3), waves(at / 7), 255]).collect();
    let picture = Picture::from_rgba(300, 200, rgba);
    let alone = TractSegmenter::embedded();
    let spread = alone.with_threads(3.try_into().expect("not zero")).expect("three threads");
    assert_eq!(alone.segment(&picture).expect("a matte"), spread.segment_lone(&picture).expect("a matte"));
}
