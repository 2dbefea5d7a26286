//! One plane of a convolution: nine streams, multiplied and added. Compiled for the processors that do both at once.

use super::padded::Layout;

/// Rows that are shorter than this are computed as one, margins included, which costs two results more a row and saves
/// the begin and the end of a loop.
const SHORT_ROW: usize = 48;

/// The weights of one channel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weights<'a> {
    pub(crate) kernel: &'a [f32; 9],
    pub(crate) bias: f32,
    /// Whether negative results become 0.
    pub(crate) rectified: bool,
}

/// Writes `bias + Σ kernel · window` for every window of the padded `samples` into rows of `width` results. `spare` is
/// room for the work, of any content.
pub(crate) fn convolve(
    samples: &[f32],
    layout: &Layout,
    weights: Weights<'_>,
    spare: &mut Vec<f32>,
    width: usize,
    rows: &mut [f32],
) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
        #[expect(unsafe_code, reason = "a function for some processors is called on one of them")]
        // SAFETY: the processor has both features.
        return unsafe { fused(samples, layout, weights, spare, width, rows) };
    }
    if cfg!(target_arch = "aarch64") {
        return by_row(samples, layout, weights, spare, width, rows, |sum, sample, weight| sample.mul_add(weight, sum));
    }
    by_row(samples, layout, weights, spare, width, rows, |sum, sample, weight| sum + sample * weight);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn fused(samples: &[f32], layout: &Layout, weights: Weights<'_>, spare: &mut Vec<f32>, width: usize, rows: &mut [f32]) {
    by_row(samples, layout, weights, spare, width, rows, |sum, sample, weight| sample.mul_add(weight, sum));
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn by_row(
    samples: &[f32],
    layout: &Layout,
    weights: Weights<'_>,
    spare: &mut Vec<f32>,
    width: usize,
    rows: &mut [f32],
    add: impl Fn(f32, f32, f32) -> f32 + Copy,
) {
    let row_len = layout.row_len;
    let columns = layout.columns();
    let stride = if columns[1] == 1 { 1 } else { 2 };
    let streams = |y: usize, len: usize| {
        std::array::from_fn(|tap| &samples[(y * stride + tap / 3) * row_len + columns[tap % 3]..][..len])
    };
    if stride == 1 && width < SHORT_ROW {
        // From the first window to the last, over the ends of rows.
        let len = (rows.len() / width - 1) * row_len + width;
        spare.resize(len, 0.0);
        accumulate(spare, streams(0, len), weights, add);
        for (target, sums) in rows.chunks_exact_mut(width).zip(spare.chunks(row_len)) {
            for (target, sum) in target.iter_mut().zip(sums) {
                *target = *sum;
            }
        }
    } else {
        for (y, row) in rows.chunks_exact_mut(width).enumerate() {
            accumulate(row, streams(y, width), weights, add);
        }
    }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn accumulate(row: &mut [f32], streams: [&[f32]; 9], weights: Weights<'_>, add: impl Fn(f32, f32, f32) -> f32) {
    let len = row.len();
    let [a, b, c, d, e, f, g, h, i] = streams.map(|stream| &stream[..len]);
    let least = if weights.rectified { 0.0 } else { f32::NEG_INFINITY };
    for x in 0..len {
        let mut sum = weights.bias;
        for (weight, sample) in weights.kernel.iter().zip([a[x], b[x], c[x], d[x], e[x], f[x], g[x], h[x], i[x]]) {
            sum = add(sum, sample, *weight);
        }
        // Not `max`: what is not a number stays so, and is found in the matte.
        row[x] = if sum < least { least } else { sum };
    }
}
