//! What runs the network, as settings name it.

use std::{fmt, str::FromStr};

/// What runs the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RuntimeName {
    /// Part of the program, on the CPU.
    #[default]
    Tract,
    /// ONNX Runtime, from a shared library, in a program built with feature `ort`.
    Ort,
}

/// There is no runtime of this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a runtime is tract or ort")]
pub struct UnknownRuntime;

impl fmt::Display for RuntimeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Tract => "tract",
            Self::Ort => "ort",
        })
    }
}

impl FromStr for RuntimeName {
    type Err = UnknownRuntime;

    fn from_str(name: &str) -> Result<Self, UnknownRuntime> {
        [Self::Tract, Self::Ort].into_iter().find(|known| known.to_string() == name).ok_or(UnknownRuntime)
    }
}
