//! ONNX Runtime behaves as every segmenter does.

use std::num::NonZeroUsize;

use clearcut_segment::{Catalogue, ModelSpec, segmenter_conformance_tests};
use clearcut_segment_ort::{OrtOptions, OrtSegmenter};

use crate::support::{golden, library};

fn embedded(threads: usize) -> Option<OrtSegmenter> {
    let mut options = OrtOptions::default();
    options.threads = NonZeroUsize::new(threads).expect("not zero");
    Some(OrtSegmenter::embedded(&library()?, ModelSpec::embedded(), &options).expect("loadable"))
}

mod on_one_thread {
    use super::*;
    segmenter_conformance_tests!(match embedded(1) {
        Some(segmenter) => segmenter,
        None => return,
    });
}

mod on_two_threads {
    use super::*;
    segmenter_conformance_tests!(match embedded(2) {
        Some(segmenter) => segmenter,
        None => return,
    });
}

/// An input size that follows the picture.
mod modnet {
    use super::*;

    fn modnet() -> Option<OrtSegmenter> {
        let spec = Catalogue::builtin().family("modnet", "tiny-modnet").expect("a family");
        let file = golden("modnet.onnx");
        Some(OrtSegmenter::from_file(&library()?, &file, &spec, &OrtOptions::default()).expect("loadable"))
    }

    segmenter_conformance_tests!(match modnet() {
        Some(segmenter) => segmenter,
        None => return,
    });
}
