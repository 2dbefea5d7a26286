//! Clearcut's names of execution providers, in ONNX Runtime's words.

use clearcut_segment::Provider;
use ort::ep::{self, ExecutionProvider, ExecutionProviderDispatch};

/// Whether the loaded library was built with it.
///
/// # Contract
///
/// A library is loaded.
pub(crate) fn is_built_in(provider: Provider) -> bool {
    let known = match provider {
        Provider::Cpu => return true,
        Provider::Cuda => ep::CUDA::is_available(),
        Provider::TensorRt => ep::TensorRT::is_available(),
        Provider::CoreMl => ep::CoreML::is_available(),
        Provider::OpenVino => ep::OpenVINO::is_available(),
        Provider::Rocm => ep::ROCm::is_available(),
        Provider::DirectMl => ep::DirectML::is_available(),
        _ => return false,
    };
    known.unwrap_or(false)
}

/// ONNX Runtime's own name.
pub(crate) fn name(provider: Provider) -> &'static str {
    match provider {
        Provider::Cuda => ep::CUDA::NAME,
        Provider::TensorRt => ep::TensorRT::NAME,
        Provider::CoreMl => ep::CoreML::NAME,
        Provider::OpenVino => ep::OpenVINO::NAME,
        Provider::Rocm => ep::ROCm::NAME,
        Provider::DirectMl => ep::DirectML::NAME,
        _ => ep::CPU::NAME,
    }
}

/// What registers it at a session, failing where it cannot; nothing for the CPU, which is always there.
pub(crate) fn registration(provider: Provider) -> Option<ExecutionProviderDispatch> {
    let dispatch = match provider {
        // The search for the fastest algorithm takes seconds for each new size, and may choose another one next time.
        Provider::Cuda => {
            ep::CUDA::default().with_conv_algorithm_search(ep::cuda::ConvAlgorithmSearch::Heuristic).build()
        }
        Provider::TensorRt => ep::TensorRT::default().build(),
        Provider::CoreMl => ep::CoreML::default().build(),
        Provider::OpenVino => ep::OpenVINO::default().build(),
        Provider::Rocm => ep::ROCm::default().build(),
        Provider::DirectMl => ep::DirectML::default().build(),
        _ => return None,
    };
    Some(dispatch.error_on_failure())
}

/// Where to get a library that was built with it.
pub(crate) fn way_out(provider: Provider) -> &'static str {
    match provider {
        Provider::Cuda | Provider::TensorRt => "the PyPI package onnxruntime-gpu carries a library with it",
        Provider::CoreMl => "the PyPI package onnxruntime for macOS carries a library with it",
        Provider::OpenVino => "the PyPI package onnxruntime-openvino carries a library with it",
        Provider::DirectMl => "the PyPI package onnxruntime-directml for Windows carries a library with it",
        _ => "a library of one's own build can have it",
    }
}
