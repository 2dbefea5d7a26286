//! What runs a network, and on what.

use std::fmt;
use std::str::FromStr;

/// What runs a network, on which processor, and how much of it really does.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Runtime {
    /// `tract` or `onnxruntime`.
    pub name: &'static str,
    /// Of a runtime that is not part of the program.
    pub version: Option<String>,
    /// Where the network runs.
    pub provider: Provider,
    /// How the network's operations were shared between the provider and the processor's own code; `None` where there
    /// is only one place.
    pub operations: Option<Operations>,
}

/// The operations of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operations {
    /// Those that the provider ran. It may have made one of many.
    pub on_provider: usize,
    /// All of them; what the provider did not take ran on the CPU.
    pub all: usize,
}

/// Where a network runs: an execution provider, in the words of ONNX Runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Provider {
    /// The processor, with the runtime's own code.
    #[default]
    Cpu,
    /// Nvidia's GPUs, through CUDA.
    Cuda,
    /// Nvidia's GPUs, through `TensorRT`.
    TensorRt,
    /// Apple's GPUs and neural engines.
    CoreMl,
    /// Intel's processors, GPUs and NPUs.
    OpenVino,
    /// AMD's GPUs.
    Rocm,
    /// GPUs on Windows.
    DirectMl,
}

impl Runtime {
    /// A runtime whose networks run wholly on `provider`.
    pub fn new(name: &'static str, version: Option<String>, provider: Provider) -> Self {
        Self { name, version, provider, operations: None }
    }

    /// The pure Rust runtime of this crate, which has no provider but the CPU.
    pub fn tract() -> Self {
        Self::new("tract", None, Provider::Cpu)
    }

    /// The same, with what a run of the network showed.
    #[must_use]
    pub fn with_operations(self, operations: Operations) -> Self {
        Self { operations: Some(operations), ..self }
    }
}

impl Operations {
    /// `on_provider` of `all`.
    pub fn new(on_provider: usize, all: usize) -> Self {
        Self { on_provider, all }
    }
}

/// `tract on cpu`, or `onnxruntime 1.32 on cuda (118 of 120 operations, the others on cpu)`.
impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        if let Some(version) = &self.version {
            write!(f, " {version}")?;
        }
        write!(f, " on {}", self.provider)?;
        match self.operations {
            Some(Operations { on_provider, all }) if on_provider < all => {
                write!(f, " ({on_provider} of {all} operations, the others on {})", Provider::Cpu)
            }
            _ => Ok(()),
        }
    }
}

impl Provider {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Cpu, Self::Cuda, Self::TensorRt, Self::CoreMl, Self::OpenVino, Self::Rocm, Self::DirectMl];

    /// Its name in options and settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::TensorRt => "tensorrt",
            Self::CoreMl => "coreml",
            Self::OpenVino => "openvino",
            Self::Rocm => "rocm",
            Self::DirectMl => "directml",
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// There is no provider of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no execution provider `{name}`; choose one of {}", Provider::ALL.map(Provider::as_str).join(", "))]
pub struct UnknownProvider {
    /// The name as given.
    pub name: String,
}

impl FromStr for Provider {
    type Err = UnknownProvider;

    fn from_str(name: &str) -> Result<Self, UnknownProvider> {
        let known = Self::ALL.into_iter().find(|provider| provider.as_str() == name);
        known.ok_or_else(|| UnknownProvider { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_says_what_really_runs_where() {
        let cuda = || Runtime::new("onnxruntime", Some("1.32".to_owned()), Provider::Cuda);
        let shown = |runtime: Runtime| runtime.to_string();
        assert_eq!(shown(Runtime::tract()), "tract on cpu");
        assert_eq!(shown(cuda().with_operations(Operations::new(120, 120))), "onnxruntime 1.32 on cuda");
        assert_eq!(
            shown(cuda().with_operations(Operations::new(118, 120))),
            "onnxruntime 1.32 on cuda (118 of 120 operations, the others on cpu)"
        );
    }

    #[test]
    fn providers_are_read_as_they_are_written() {
        for provider in Provider::ALL {
            assert_eq!(provider.to_string().parse(), Ok(provider));
        }
        let error = "gpu".parse::<Provider>().expect_err("no such name");
        assert_eq!(
            error.to_string(),
            "there is no execution provider `gpu`; choose one of cpu, cuda, tensorrt, coreml, openvino, rocm, directml"
        );
    }
}
