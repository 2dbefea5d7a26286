//! Why ONNX Runtime cannot be used.

use std::path::{Path, PathBuf};

use clearcut_segment::{Provider, SegmentError};

/// Why ONNX Runtime cannot be used. Every message names the cause and the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OrtError {
    /// The shared library cannot be used: no such file, not a library, not ONNX Runtime, too old, a second one.
    #[error("cannot use {} as ONNX Runtime: {reason}", path.display())]
    Library {
        /// The library's file.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The network would not run where it was asked to. It is never run elsewhere instead.
    #[error("cannot run on {provider}: {reason}")]
    Provider {
        /// Where it was asked to run.
        provider: Provider,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The model could not be loaded.
    #[error(transparent)]
    Model(#[from] SegmentError),
}

impl OrtError {
    pub(crate) fn library(path: &Path, reason: impl Into<String>) -> Self {
        Self::Library { path: path.to_owned(), reason: reason.into() }
    }

    pub(crate) fn provider(provider: Provider, reason: impl Into<String>) -> Self {
        Self::Provider { provider, reason: reason.into() }
    }

    pub(crate) fn model(name: &str, reason: impl Into<String>) -> Self {
        Self::Model(SegmentError::Load { name: name.to_owned(), reason: reason.into() })
    }
}

/// A message of ONNX Runtime on one line and of bounded length; some of its messages bring a list of everything.
pub(crate) fn brief(message: &str) -> String {
    const LONGEST: usize = 400;
    let mut line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((cut, _)) = line.char_indices().nth(LONGEST) {
        line.truncate(cut);
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_becomes_one_short_line() {
        assert_eq!(brief("a\n  b \tc\n"), "a b c");
        assert_eq!(brief(&"é".repeat(500)).chars().count(), 401);
    }
}
