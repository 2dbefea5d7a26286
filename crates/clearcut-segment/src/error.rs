//! Why no matte came out.

/// Why a model could not be loaded or run. Every message names the cause and, where there is one, the way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// The model could not be loaded: not an ONNX file, truncated, an unknown operator, a wrong signature.
    #[error("cannot load the model {name}: {reason}")]
    Load {
        /// The model's name or file.
        name: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The network failed on this picture, or its output is unusable (NaN, wrong shape).
    #[error("the model {name} failed: {reason}")]
    Run {
        /// The model's name or file.
        name: String,
        /// What is wrong.
        reason: String,
    },
}
