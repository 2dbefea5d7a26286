//! Rows of planes shared among the threads that a lone picture is spread over.
//!
//! Rows, not channels: a thread goes on with the rows that it has just written itself, which are still in its
//! processor's cache, and no two threads prepare the same samples.

use std::ops::Range;

use rayon::iter::{IndexedParallelIterator as _, IntoParallelRefMutIterator as _, ParallelIterator as _};
use tract_linalg::multithread::{Executor, current_tract_executor};
use tract_onnx::tract_core::internal::TractResult;

/// Fewer results than this are computed on the calling thread: handing them out would take longer.
const LEAST_SHARED: usize = 16_384;

/// A share has at least as many rows: convolutions read rows of their neighbors' as well.
const LEAST_ROWS: usize = 4;

/// Calls `work` with a range of rows and with these rows of every plane of `height` rows, in equal shares on the
/// threads of tract's executor, or once on the calling thread where it has none.
pub(crate) fn rows(
    planes: &mut [f32],
    (height, width): (usize, usize),
    work: impl Fn(Range<usize>, &mut [&mut [f32]]) -> TractResult<()> + Send + Sync,
) -> TractResult<()> {
    match current_tract_executor() {
        Executor::MultiThread(pool) if planes.len() >= LEAST_SHARED && height >= 2 * LEAST_ROWS => {
            let share = height.div_ceil(pool.current_num_threads()).max(LEAST_ROWS);
            let mut shares: Vec<Vec<&mut [f32]>> = Vec::new();
            shares.resize_with(height.div_ceil(share), || Vec::with_capacity(planes.len() / (height * width)));
            for plane in planes.chunks_exact_mut(height * width) {
                for (shared, rows) in shares.iter_mut().zip(plane.chunks_mut(share * width)) {
                    shared.push(rows);
                }
            }
            pool.install(|| {
                let shares = shares.par_iter_mut().enumerate();
                shares.try_for_each(|(index, planes)| work(index * share..((index + 1) * share).min(height), planes))
            })
        }
        _ => work(0..height, &mut planes.chunks_exact_mut((height * width).max(1)).collect::<Vec<_>>()),
    }
}
