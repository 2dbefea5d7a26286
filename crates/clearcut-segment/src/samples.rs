//! Tensors of single precision as plain samples.

use tract_onnx::tract_core::internal::{Tensor, TractErrorContext, TractResult};

/// All of a tensor's samples. Looked up once, not for each plane: it takes longer than a small one's arithmetic.
pub(crate) fn of(tensor: &Tensor) -> TractResult<&[f32]> {
    tensor.to_plain_array_view::<f32>()?.to_slice().context("samples lie in one piece")
}

/// Planes whose samples are still to be written, every one of them.
#[expect(unsafe_code, reason = "writing zeros first would take a fifth of the time")]
pub(crate) fn unwritten(shape: &[usize; 4]) -> TractResult<Tensor> {
    // SAFETY: the operations of this crate, which alone call it, write every sample and read none.
    unsafe { Tensor::uninitialized::<f32>(shape) }
}
