//! One plane of a convolution: nine streams, multiplied and added. Compiled for the processors that do both at once.
//!
//! What it costs is reading, so two rows are computed at once, which share rows of samples.

use super::padded::Layout;

/// Rows that are shorter than this are computed as one, margins included, which costs two results more a row and saves
/// the begin and the end of a loop.
const SHORT_ROW: usize = 48;

/// Results that are computed together.
const LANES: usize = 16;

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
    let (row_len, columns) = (layout.row_len, layout.columns());
    let stride = if columns[1] == 1 { 1 } else { 2 };
    if stride == 1 && width < SHORT_ROW {
        // From the first window to the last, over the ends of rows.
        let len = (rows.len() / width - 1) * row_len + width;
        spare.resize(len, 0.0);
        along(spare, samples, row_len, columns, weights, add);
        for (target, sums) in rows.chunks_exact_mut(width).zip(spare.chunks(row_len)) {
            for (target, sum) in target.iter_mut().zip(sums) {
                *target = *sum;
            }
        }
        return;
    }
    let mut pairs = rows.chunks_exact_mut(2 * width);
    let mut samples = samples;
    for pair in pairs.by_ref() {
        let (upper, lower) = pair.split_at_mut(width);
        if width < LANES {
            along(upper, samples, row_len, columns, weights, add);
            along(lower, &samples[stride * row_len..], row_len, columns, weights, add);
        } else if stride == 1 {
            together::<2, 4>([upper, lower], samples, row_len, columns, weights, add);
        } else {
            together::<2, 5>([upper, lower], samples, row_len, columns, weights, add);
        }
        samples = &samples[2 * stride * row_len..];
    }
    for row in pairs.into_remainder().chunks_exact_mut(width) {
        along(row, samples, row_len, columns, weights, add);
    }
}

/// Computes neighboring rows of at least [`LANES`] results from the `LINES` first rows of samples, which are all that
/// they read.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
#[expect(clippy::needless_pass_by_value, reason = "rows that are its own are known not to be each other")]
fn together<const ROWS: usize, const LINES: usize>(
    rows: [&mut [f32]; ROWS],
    samples: &[f32],
    row_len: usize,
    columns: [usize; 3],
    weights: Weights<'_>,
    add: impl Fn(f32, f32, f32) -> f32 + Copy,
) {
    let stride = (LINES - 3) / (ROWS - 1);
    let len = rows[0].len();
    // What each column of the kernel meets of each row. A loop: closures would not be inlined all the way.
    let mut streams = [[&[][..]; 3]; LINES];
    for line in 0..LINES {
        for column in 0..3 {
            streams[line][column] = &samples[line * row_len + columns[column]..][..len];
        }
    }
    // Copies: what lies behind a reference would be read again for each of the sums.
    let Weights { kernel: &kernel, bias, rectified } = weights;
    let least = if rectified { 0.0 } else { f32::NEG_INFINITY };
    let last = len - LANES;
    let mut at = 0;
    loop {
        let mut sums = [[bias; LANES]; ROWS];
        for line in 0..LINES {
            for column in 0..3 {
                let samples = &streams[line][column][at..at + LANES];
                for row in 0..ROWS {
                    // In the order of the kernel for every row, as if it were computed alone.
                    if line >= row * stride && line < row * stride + 3 {
                        let weight = kernel[(line - row * stride) * 3 + column];
                        for lane in 0..LANES {
                            sums[row][lane] = add(sums[row][lane], samples[lane], weight);
                        }
                    }
                }
            }
        }
        for row in 0..ROWS {
            let mut results = [0.0; LANES];
            for lane in 0..LANES {
                let sum = sums[row][lane];
                // Not `max`: what is not a number stays so, and is found in the matte.
                results[lane] = if sum < least { least } else { sum };
            }
            rows[row][at..at + LANES].copy_from_slice(&results);
        }
        if at == last {
            return;
        }
        // The last ones overlap those before, which gives them the same values again.
        at = (at + LANES).min(last);
    }
}

/// Computes one row, however long.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn along(
    row: &mut [f32],
    samples: &[f32],
    row_len: usize,
    [left, middle, right]: [usize; 3],
    weights: Weights<'_>,
    add: impl Fn(f32, f32, f32) -> f32,
) {
    let len = row.len();
    let (second, third) = (&samples[row_len..], &samples[2 * row_len..]);
    let (a, b, c) = (&samples[left..][..len], &samples[middle..][..len], &samples[right..][..len]);
    let (d, e, f) = (&second[left..][..len], &second[middle..][..len], &second[right..][..len]);
    let (g, h, i) = (&third[left..][..len], &third[middle..][..len], &third[right..][..len]);
    let Weights { kernel: &kernel, bias, rectified } = weights;
    let least = if rectified { 0.0 } else { f32::NEG_INFINITY };
    for x in 0..len {
        let mut sum = bias;
        for (weight, sample) in kernel.iter().zip([a[x], b[x], c[x], d[x], e[x], f[x], g[x], h[x], i[x]]) {
            sum = add(sum, sample, *weight);
        }
        // Not `max`: what is not a number stays so, and is found in the matte.
        row[x] = if sum < least { least } else { sum };
    }
}

#[cfg(test)]
mod tests;
