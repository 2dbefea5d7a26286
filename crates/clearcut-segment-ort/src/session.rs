//! One network, opened in ONNX Runtime.

use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::path::Path;

use clearcut_image::Matte;
use clearcut_segment::{InputTensor, ModelSpec, Provider, SegmentError};
use half::f16;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::session::{OutputSelector, RunOptions, Session, SessionInputValue};
use ort::value::{DynValue, Tensor, TensorElementType, TensorRef, ValueType};

use crate::error::brief;
use crate::{OrtError, OrtLibrary, provider};

/// How sessions are opened.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    pub(crate) library: OrtLibrary,
    pub(crate) provider: Provider,
    /// The model's name or file, for messages.
    pub(crate) name: String,
}

impl Recipe {
    /// Opens a network on so many threads. With `profile`, the start of a file's path, what runs is written down until
    /// [`Session::end_profiling`].
    pub(crate) fn open(&self, onnx: &[u8], threads: NonZeroUsize, profile: Option<&Path>) -> Result<Session, OrtError> {
        let model = |error: ort::Error| OrtError::model(&self.name, refusal(error.message()));
        let mut builder = self.builder(threads, profile).map_err(model)?;
        if let Some(registration) = provider::registration(self.provider) {
            builder = builder
                .with_execution_providers([registration])
                .map_err(|error| OrtError::provider(self.provider, unavailable(self.provider, error.message())))?;
        }
        builder.commit_from_memory(onnx).map_err(model)
    }

    fn builder(&self, threads: NonZeroUsize, profile: Option<&Path>) -> ort::Result<SessionBuilder> {
        let builder = Session::builder(self.library.environment())?
            .with_optimization_level(GraphOptimizationLevel::All)?
            .with_intra_threads(threads.get())?
            .with_inter_threads(1)?
            // Threads that turn while they wait take the processor from decoding and composing.
            .with_intra_op_spinning(false)?
            .with_deterministic_compute(true)?;
        match profile {
            Some(path) => Ok(builder.with_profiling(path)?),
            None => Ok(builder),
        }
    }
}

/// The dimensions of each input, as far as the file says them.
pub(crate) fn inputs(session: &Session) -> Vec<Vec<Option<i64>>> {
    let dims = |dtype: &ValueType| {
        let shape = dtype.tensor_shape().map(|shape| shape.iter());
        shape.into_iter().flatten().map(|&dim| (dim >= 0).then_some(dim)).collect()
    };
    session.inputs().iter().map(|input| dims(input.dtype())).collect()
}

/// What keeps an input of this type from being fed.
pub(crate) fn type_fault(session: &Session) -> Option<String> {
    let dtype = session.inputs().first()?.dtype();
    match dtype.tensor_type() {
        Some(TensorElementType::Float32 | TensorElementType::Float16) => None,
        _ => Some(format!("its input is of type {dtype}, where float32 or float16 was expected")),
    }
}

/// The matte of a prepared picture.
///
/// # Contract
///
/// The session's signature fits `spec`.
pub(crate) fn matte(session: &mut Session, spec: &ModelSpec, input: &InputTensor) -> Result<Matte, SegmentError> {
    let failed = |reason: String| SegmentError::Run { name: spec.name.clone(), reason };
    let runtime = |error: ort::Error| failed(brief(error.message()));
    let output = session.outputs()[spec.processing.output.index].name().to_owned();
    let options = RunOptions::new().map_err(runtime)?.with_outputs(OutputSelector::no_default().with(output));
    let shape = [1, 3, input.height_px as usize, input.width_px as usize];
    let tensor: SessionInputValue<'_> = if is_half(session) {
        let values: Vec<f16> = input.values.iter().copied().map(f16::from_f32).collect();
        Tensor::from_array((shape, values)).map_err(runtime)?.into()
    } else {
        TensorRef::from_array_view((shape, &input.values[..])).map_err(runtime)?.into()
    };
    let outputs = session.run_with_options([tensor], &options).map_err(runtime)?;
    let (shape, values) = floats(&outputs[0]).map_err(failed)?;
    spec.matte(&shape, &values, input)
}

fn is_half(session: &Session) -> bool {
    session.inputs().first().and_then(|input| input.dtype().tensor_type()) == Some(TensorElementType::Float16)
}

/// The shape and the values of an output.
fn floats(output: &DynValue) -> Result<(Vec<usize>, Cow<'_, [f32]>), String> {
    let unreadable = |error: ort::Error| brief(error.message());
    let (shape, values) = match output.dtype().tensor_type() {
        Some(TensorElementType::Float32) => {
            let (shape, values) = output.try_extract_tensor::<f32>().map_err(unreadable)?;
            (shape, Cow::Borrowed(values))
        }
        Some(TensorElementType::Float16) => {
            let (shape, values) = output.try_extract_tensor::<f16>().map_err(unreadable)?;
            (shape, values.iter().copied().map(f16::to_f32).collect())
        }
        _ => return Err(format!("its output is of type {}, which is no matte", output.dtype())),
    };
    Ok((shape.iter().map(|&dim| dim as usize).collect(), values))
}

/// Why ONNX Runtime refused a network, with the way out where there is one.
fn refusal(message: &str) -> String {
    let message = brief(message);
    let way_out = if message.contains("is not a registered function/op") || message.contains("No Op registered") {
        "; this library does not know one of its operators: export it with standard operators, or install a newer library"
    } else if message.contains("opset") {
        "; a newer library may read it"
    } else {
        ""
    };
    format!("ONNX Runtime refuses it: {message}{way_out}")
}

/// Why a provider that the library was built with is not to be had.
fn unavailable(provider: Provider, message: &str) -> String {
    format!(
        "ONNX Runtime cannot start it ({}); its driver and its libraries must be installed and found, and `{}` is always \
         there",
        brief(message),
        Provider::Cpu
    ) + if matches!(provider, Provider::Cuda | Provider::TensorRt) {
        "; CUDA's and cuDNN's folders may have to be named in LD_LIBRARY_PATH"
    } else {
        ""
    }
}
