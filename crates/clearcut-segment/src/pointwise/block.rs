//! The inner loop of a pointwise convolution: a block of output channels for a strip of pixels.

/// Output channels that are computed together. Six by [`PIXELS`] sums, two vectors of samples and one weight are what
/// the sixteen registers of AVX2 hold. AVX-512 has twice as many, twice as wide: there two panels are multiplied at once.
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
    if std::arch::is_x86_feature_detected!("avx512f") {
        #[expect(unsafe_code, reason = "a function for some processors is called on one of them")]
        // SAFETY: the processor has the feature.
        return unsafe { fused_pairs(weights, panels, finish, rows) };
    } else if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
        #[expect(unsafe_code, reason = "a function for some processors is called on one of them")]
        // SAFETY: the processor has both features.
        return unsafe { fused(weights, panels, finish, rows) };
    }
    if cfg!(target_arch = "aarch64") {
        return by_panel::<1>(weights, panels, finish, rows, |sum, sample, weight| sample.mul_add(weight, sum));
    }
    by_panel::<1>(weights, panels, finish, rows, |sum, sample, weight| sum + sample * weight);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn fused_pairs(weights: &[Weights], panels: &[Samples], finish: Finish<'_>, rows: &mut [&mut [f32]; CHANNELS]) {
    by_panel::<2>(weights, panels, finish, rows, |sum, sample, weight| sample.mul_add(weight, sum));
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn fused(weights: &[Weights], panels: &[Samples], finish: Finish<'_>, rows: &mut [&mut [f32]; CHANNELS]) {
    by_panel::<1>(weights, panels, finish, rows, |sum, sample, weight| sample.mul_add(weight, sum));
}

/// Multiplies `TOGETHER` panels at once, one or two.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn by_panel<const TOGETHER: usize>(
    weights: &[Weights],
    panels: &[Samples],
    finish: Finish<'_>,
    rows: &mut [&mut [f32]; CHANNELS],
    add: impl Fn(f32, f32, f32) -> f32 + Copy,
) {
    let mut start = 0;
    let mut groups = panels.chunks_exact(weights.len() * TOGETHER);
    for group in groups.by_ref() {
        for sums in &sums::<TOGETHER>(weights, group, finish.bias, add) {
            write(sums, start, finish, rows);
            start += PIXELS;
        }
    }
    for panel in groups.remainder().chunks_exact(weights.len()) {
        let [sums] = sums::<1>(weights, panel, finish.bias, add);
        write(&sums, start, finish, rows);
        start += PIXELS;
    }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn sums<const TOGETHER: usize>(
    weights: &[Weights],
    panels: &[Samples],
    bias: &Weights,
    add: impl Fn(f32, f32, f32) -> f32 + Copy,
) -> [Sums; TOGETHER] {
    // A loop: copies of arrays would be written to memory in other pieces than they are read in, which stalls.
    let mut sums = [[[0.0; PIXELS]; CHANNELS]; TOGETHER];
    for sums in &mut sums {
        for channel in 0..CHANNELS {
            sums[channel] = [bias[channel]; PIXELS];
        }
    }
    let (first, second) = panels.split_at(weights.len());
    // Two loops: indices into `panels` would be checked at every step, and the sums would not stay in registers.
    if TOGETHER == 1 {
        for (weights, first) in weights.iter().zip(first) {
            accumulate(&mut sums[0], first, weights, add);
        }
    } else {
        for ((weights, first), second) in weights.iter().zip(first).zip(second) {
            accumulate(&mut sums[0], first, weights, add);
            accumulate(&mut sums[1], second, weights, add);
        }
    }
    sums
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn accumulate(sums: &mut Sums, samples: &Samples, weights: &Weights, add: impl Fn(f32, f32, f32) -> f32 + Copy) {
    for channel in 0..CHANNELS {
        for pixel in 0..PIXELS {
            sums[channel][pixel] = add(sums[channel][pixel], samples[pixel], weights[channel]);
        }
    }
}

/// Finishes the sums of one panel and writes them to the rows, from `start` on.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn write(sums: &Sums, start: usize, finish: Finish<'_>, rows: &mut [&mut [f32]; CHANNELS]) {
    let least = if finish.rectified { 0.0 } else { f32::NEG_INFINITY };
    for channel in 0..CHANNELS {
        let sums = match &finish.addend {
            None => sums[channel],
            Some(addend) => {
                let addend = addend[channel].get(start..).unwrap_or_default();
                plus(&sums[channel], &addend.first_chunk().copied().unwrap_or_else(|| filled_up(addend)))
            }
        };
        let results = rectified(&sums, least);
        let row = rows[channel].get_mut(start..).unwrap_or_default();
        if let Some(row) = row.first_chunk_mut() {
            *row = results;
        } else {
            write_part(row, results);
        }
    }
}

// New arrays, not changes in place: those go through memory.

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn plus(one: &Samples, other: &Samples) -> Samples {
    let mut sums = [0.0; PIXELS];
    for pixel in 0..PIXELS {
        sums[pixel] = one[pixel] + other[pixel];
    }
    sums
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn rectified(samples: &Samples, least: f32) -> Samples {
    let mut results = [0.0; PIXELS];
    for pixel in 0..PIXELS {
        // Not `max`: what is not a number stays so, and is found in the matte.
        results[pixel] = if samples[pixel] < least { least } else { samples[pixel] };
    }
    results
}

/// A row's last samples, fewer than [`PIXELS`], and zeros.
#[cold]
#[inline(never)]
fn filled_up(row: &[f32]) -> Samples {
    let mut samples = [0.0; PIXELS];
    samples[..row.len()].copy_from_slice(row);
    samples
}

/// Writes a row's last samples, fewer than [`PIXELS`].
#[cold]
#[inline(never)]
fn write_part(row: &mut [f32], results: Samples) {
    row.copy_from_slice(&results[..row.len()]);
}

#[cfg(test)]
mod tests;
