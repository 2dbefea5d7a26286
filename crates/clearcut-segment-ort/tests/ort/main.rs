//! The segmenter on a real ONNX Runtime, which `CLEARCUT_ORT_LIBRARY` names.

mod agreement;
mod conformance;
mod odd_models;
mod support;
