//! The seam between a picture and whatever finds its foreground.

use clearcut_image::{Matte, Picture};

use crate::tract_segmenter::PROCESSING_REVISION;
use crate::{ModelSpec, SegmentError};

/// Finds the foreground of a picture.
///
/// Implementations are shared by threads and hold no state between calls: equal pictures give equal mattes, which
/// is what lets a matte be cached under the digest of its pixels and of [`Segmenter::model`].
pub trait Segmenter: std::fmt::Debug + Send + Sync {
    /// Which model answers. Two segmenters whose mattes may differ have different identities.
    fn model(&self) -> &ModelIdentity;

    /// The matte of `picture`, at the model's own size; refining it to the picture's size is composition's work.
    /// The picture's own alpha is ignored here.
    fn segment(&self, picture: &Picture) -> Result<Matte, SegmentError>;

    /// The same matte as [`Segmenter::segment`] gives, for a picture that is the only one in the works: what other
    /// threads the segmenter has may help, since nobody else needs the processor.
    fn segment_lone(&self, picture: &Picture) -> Result<Matte, SegmentError> {
        self.segment(picture)
    }
}

/// What makes one model's mattes different from another's.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelIdentity {
    /// Name for people, as in the catalogue: `clearcut-s`, `u2net`.
    pub name: String,
    /// BLAKE3 of the weights file.
    pub weights: [u8; 32],
    /// Everything else that changes a matte: the pre- and post-processing description and its revision, as text.
    /// Hashed into matte keys, never parsed.
    pub processing: String,
}

impl ModelIdentity {
    /// All three parts.
    pub fn new(name: impl Into<String>, weights: [u8; 32], processing: impl Into<String>) -> Self {
        Self { name: name.into(), weights, processing: processing.into() }
    }

    /// Of weights that another runtime runs as `spec` says.
    ///
    /// # Contract
    ///
    /// `runtime` names the runtime and all of it that changes a matte, such as its build and where it runs. This
    /// crate's own part, from the picture to the network's input and from its output to the matte, is added.
    pub fn of_network(spec: &ModelSpec, weights: [u8; 32], runtime: &str) -> Self {
        Self::new(&spec.name, weights, format!("{runtime} {PROCESSING_REVISION} {:?}", spec.processing))
    }
}
