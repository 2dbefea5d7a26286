//! Planes shared among the threads that a lone picture is spread over.

use rayon::iter::{IndexedParallelIterator as _, ParallelIterator as _};
use rayon::slice::ParallelSliceMut as _;
use tract_linalg::multithread::{Executor, current_tract_executor};
use tract_onnx::tract_core::internal::{Tensor, TractResult};

/// Fewer results than this are computed on the calling thread: handing them out would take longer.
const LEAST_SHARED: usize = 16_384;

/// Calls `work` with the planes of whole blocks and the number of the first of them, in equal shares on the threads of
/// tract's executor, or once on the calling thread where it has none. The last block may be shorter.
pub(crate) fn blocks(
    planes: &mut [f32],
    block_len: usize,
    work: impl Fn(usize, &mut [f32]) -> TractResult<()> + Send + Sync,
) -> TractResult<()> {
    match current_tract_executor() {
        Executor::MultiThread(pool) if planes.len() >= LEAST_SHARED.max(block_len + 1) => {
            let share = planes.len().div_ceil(block_len).div_ceil(pool.current_num_threads());
            pool.install(|| {
                let shares = planes.par_chunks_mut(share * block_len).enumerate();
                shares.try_for_each(|(index, planes)| work(index * share, planes))
            })
        }
        _ => work(0, planes),
    }
}

/// Planes whose samples are still to be written, every one of them.
#[expect(unsafe_code, reason = "writing zeros first would take a fifth of the time")]
pub(crate) fn unwritten(shape: &[usize; 4]) -> TractResult<Tensor> {
    // SAFETY: the operations of this crate, which alone call it, write every sample and read none.
    unsafe { Tensor::uninitialized::<f32>(shape) }
}
