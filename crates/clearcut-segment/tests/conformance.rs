//! Every segmenter of this crate runs the same behaviors.

use std::sync::LazyLock;

use clearcut_segment::testing::CountingSegmenter;
use clearcut_segment::{Catalogue, TractSegmenter, segmenter_conformance_tests};

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
