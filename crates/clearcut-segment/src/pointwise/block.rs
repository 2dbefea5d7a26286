//! The inner loop of a pointwise convolution: a block of output channels for a strip of pixels.

/// Output channels that are computed together. Six by [`PIXELS`] sums, two vectors of samples and one weight are what
/// the sixteen registers of AVX2 hold.
pub(crate) const CHANNELS: usize = 6;

/// Pixels that are computed together.
pub(crate) const PIXELS: usize = 16;

/// One weight for each channel of the block; a block has one of these for each input channel.
pub(crate) type Weights = [f32; CHANNELS];

/// Samples of neighboring pixels in one input channel; a panel is one of these for each input channel.
pub(crate) type Samples = [f32; PIXELS];

type Sums = [[f32; PIXELS]; CHANNELS];

/// What becomes of a block's sums.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Finish<'a> {
    /// Where sums start, a value a channel.
    pub(crate) bias: &'a Weights,
    /// Added to the sums, a row a channel, as long as the row it is added to.
    pub(crate) addend: Option<[&'a [f32]; CHANNELS]>,
    /// Whether negative results become 0.
    pub(crate) rectified: bool,
}

/// Writes the block's sums over all panels of a strip, [`PIXELS`] a panel, into one row a channel. Rows end where the
/// strip does; the row of a channel that does not exist is empty.
pub(crate) fn multiply(weights: &[Weights], panels: &[Samples], finish: Finish<'_>, rows: &mut [&mut [f32]; CHANNELS]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
        #[expect(unsafe_code, reason = "a function for some processors is called on one of them")]
        // SAFETY: the processor has both features.
        return unsafe { fused(weights, panels, finish, rows) };
    }
    if cfg!(target_arch = "aarch64") {
        return by_panel(weights, panels, finish, rows, |sum, sample, weight| sample.mul_add(weight, sum));
    }
    by_panel(weights, panels, finish, rows, |sum, sample, weight| sum + sample * weight);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn fused(weights: &[Weights], panels: &[Samples], finish: Finish<'_>, rows: &mut [&mut [f32]; CHANNELS]) {
    by_panel(weights, panels, finish, rows, |sum, sample, weight| sample.mul_add(weight, sum));
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn by_panel(
    weights: &[Weights],
    panels: &[Samples],
    finish: Finish<'_>,
    rows: &mut [&mut [f32]; CHANNELS],
    add: impl Fn(f32, f32, f32) -> f32 + Copy,
) {
    for (index, panel) in panels.chunks_exact(weights.len()).enumerate() {
        let mut sums = sums(weights, panel, finish.bias, add);
        let start = index * PIXELS;
        if let Some(addend) = finish.addend {
            for (sums, addend) in sums.iter_mut().zip(addend) {
                for (sum, addend) in sums.iter_mut().zip(addend.get(start..).unwrap_or_default()) {
                    *sum += addend;
                }
            }
        }
        let least = if finish.rectified { 0.0 } else { f32::NEG_INFINITY };
        let mut results = [[0.0; PIXELS]; CHANNELS];
        for channel in 0..CHANNELS {
            for pixel in 0..PIXELS {
                let sum = sums[channel][pixel];
                // Not `max`: what is not a number stays so, and is found in the matte.
                results[channel][pixel] = if sum < least { least } else { sum };
            }
        }
        for (results, row) in results.iter().zip(rows.iter_mut()) {
            let row = row.get_mut(start..).unwrap_or_default();
            if let Some(row) = row.first_chunk_mut() {
                *row = *results;
            } else {
                row.copy_from_slice(&results[..row.len()]);
            }
        }
    }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn sums(weights: &[Weights], panel: &[Samples], bias: &Weights, add: impl Fn(f32, f32, f32) -> f32 + Copy) -> Sums {
    let mut sums = bias.map(|bias| [bias; PIXELS]);
    for (weights, samples) in weights.iter().zip(panel) {
        for channel in 0..CHANNELS {
            for pixel in 0..PIXELS {
                sums[channel][pixel] = add(sums[channel][pixel], samples[pixel], weights[channel]);
            }
        }
    }
    sums
}
