//! One row of a convolution: nine streams, multiplied and added. Compiled for the processors that do both at once.

/// Writes `bias + Σ kernel[tap] · streams[tap]`, at least 0 if `rectified`. All streams are as long as the row.
pub(super) fn convolve(row: &mut [f32], streams: [&[f32]; 9], kernel: &[f32; 9], bias: f32, rectified: bool) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
        #[expect(unsafe_code, reason = "a function for some processors is called on one of them")]
        // SAFETY: the processor has both features.
        return unsafe { fused(row, streams, kernel, bias, rectified) };
    }
    accumulate(row, streams, kernel, bias, rectified, |sum, sample, weight| sum + sample * weight);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn fused(row: &mut [f32], streams: [&[f32]; 9], kernel: &[f32; 9], bias: f32, rectified: bool) {
    accumulate(row, streams, kernel, bias, rectified, |sum, sample, weight| sample.mul_add(weight, sum));
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn accumulate(
    row: &mut [f32],
    streams: [&[f32]; 9],
    kernel: &[f32; 9],
    bias: f32,
    rectified: bool,
    add: impl Fn(f32, f32, f32) -> f32,
) {
    let len = row.len();
    let [a, b, c, d, e, f, g, h, i] = streams.map(|stream| &stream[..len]);
    let least = if rectified { 0.0 } else { f32::NEG_INFINITY };
    for x in 0..len {
        let mut sum = bias;
        for (weight, sample) in kernel.iter().zip([a[x], b[x], c[x], d[x], e[x], f[x], g[x], h[x], i[x]]) {
            sum = add(sum, sample, *weight);
        }
        row[x] = sum.max(least);
    }
}
