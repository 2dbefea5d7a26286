//! The model inside the library.

use std::sync::OnceLock;

use crate::{Catalogue, ModelSpec, TractSegmenter};

/// The weights of the embedded model.
static WEIGHTS: &[u8] = include_bytes!("../../../models/clearcut-s.onnx");

impl TractSegmenter {
    /// The embedded model, `clearcut-s`: shared by all, and optimized at the first picture.
    pub fn embedded() -> Self {
        static EMBEDDED: OnceLock<TractSegmenter> = OnceLock::new();
        EMBEDDED.get_or_init(|| Self::from_program(WEIGHTS, ModelSpec::embedded())).clone()
    }

    /// The embedded weights fed and read as `spec` says, [`ModelSpec::as_rembg`] of the embedded model for instance.
    /// Its identity is another than that of [`TractSegmenter::embedded`] where its mattes are.
    pub fn embedded_as(spec: &ModelSpec) -> Self {
        Self::from_program(WEIGHTS, spec)
    }
}

impl ModelSpec {
    /// The ONNX file of the embedded model, for other runtimes.
    pub fn embedded_onnx() -> &'static [u8] {
        WEIGHTS
    }

    /// The catalogue's entry of the embedded model.
    #[expect(clippy::missing_panics_doc, reason = "the catalogue is part of this crate, and a test finds the entry")]
    pub fn embedded() -> &'static Self {
        Catalogue::builtin().model("clearcut-s").expect("the catalogue lists the embedded model")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Segmenter, Sha256Digest};

    #[test]
    fn the_catalogue_describes_the_embedded_weights() {
        let spec = ModelSpec::embedded();
        assert_eq!(spec.bytes, Some(WEIGHTS.len() as u64));
        assert_eq!(spec.sha256, Some(Sha256Digest::of(WEIGHTS)));
    }

    #[test]
    fn another_processing_of_the_embedded_weights_is_another_model() {
        let spec = ModelSpec::embedded();
        let rembg = TractSegmenter::embedded_as(&spec.as_rembg().expect("as u2net_custom"));
        let authors = TractSegmenter::embedded();
        assert_eq!(rembg.model().weights, authors.model().weights);
        assert_ne!(rembg.model().processing, authors.model().processing);
        assert_eq!(TractSegmenter::embedded_as(spec).model(), authors.model());
    }
}
