//! Why no matte came out.

/// Why a model could not be loaded or run. Every message names the model, the cause and, where there is one, the way
/// out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// The model could not be loaded: no such file, not an ONNX file, truncated, too large, an unknown operator, a
    /// wrong signature.
    #[error("cannot load the model {name}: {reason}")]
    Load {
        /// The model's name or file.
        name: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The network failed on this picture, or its output is unusable (not a number, wrong shape).
    #[error("the model {name} failed: {reason}")]
    Run {
        /// The model's name or file.
        name: String,
        /// What is wrong.
        reason: String,
    },
}

impl SegmentError {
    pub(crate) fn load(name: &str, reason: impl std::fmt::Display) -> Self {
        Self::Load { name: name.to_owned(), reason: reason.to_string() }
    }

    pub(crate) fn run(name: &str, reason: impl std::fmt::Display) -> Self {
        Self::Run { name: name.to_owned(), reason: reason.to_string() }
    }
}
