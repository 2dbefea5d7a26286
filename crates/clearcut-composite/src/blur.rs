//! Blur of large radius at a cost that does not depend on it.
//!
//! Three box blurs in a row are a Gaussian to within 3 % (Wells, "Efficient Synthesis of Gaussian Filters by Cascaded
//! Uniform Filters", IEEE PAMI 1986). The boxes have soft ends, so that every standard deviation is met exactly
//! (Gwosdek et al., "Theoretical Foundations of Gaussian Convolution by Extended Box Filtering", 2011). Outside of a
//! plane its edge repeats.

/// How many box blurs follow one another.
const PASSES: f64 = 3.0;

/// Blurs `values`, row-major with `channels` interleaved values a pixel, so that the standard deviation is half of
/// `radius` pixels and almost nothing goes farther than `radius`.
pub(crate) fn blur(values: &mut [f32], width: usize, height: usize, channels: usize, radius: usize) {
    if radius == 0 {
        return;
    }
    let kernel = SoftBox::new(f64::from(radius as u32) / 2.0);
    let mut line = Vec::new();
    for _ in 0..PASSES as u32 {
        for row in values.chunks_exact_mut(width * channels) {
            for channel in 0..channels {
                kernel.blur_row(&mut row[channel..], channels, &mut line);
            }
        }
        // Column by column, several at once, so that each cache line is read once.
        for first in (0..width * channels).step_by(COLUMNS) {
            let columns = first..(first + COLUMNS).min(width * channels);
            kernel.blur_columns(values, columns, width * channels, height, &mut line);
        }
    }
}

const COLUMNS: usize = 16;

/// A box of `2 * half + 1` samples, and one more on either side that counts `end` times, 0 to 1.
#[derive(Debug, Clone, Copy)]
struct SoftBox {
    half: usize,
    end: f64,
    scale: f64,
}

impl SoftBox {
    /// The box that has this standard deviation after all passes: equations 8 and 9 of Gwosdek et al.
    fn new(sigma: f64) -> Self {
        let variance = sigma * sigma / PASSES;
        let half = (0.5 * (12.0 * variance + 1.0).sqrt() - 0.5).floor();
        let side = 2.0 * half + 1.0;
        let end = side * (half * (half + 1.0) - 3.0 * variance) / (6.0 * (variance - (half + 1.0) * (half + 1.0)));
        Self { half: half as usize, end, scale: 1.0 / (side + 2.0 * end) }
    }

    /// Blurs every `step`-th value of `row`, from the first on.
    fn blur_row(self, row: &mut [f32], step: usize, line: &mut Vec<f32>) {
        line.clear();
        line.extend(row.iter().step_by(step).copied());
        let at = |x: isize| f64::from(line[x.clamp(0, line.len() as isize - 1) as usize]);
        let half = self.half as isize;
        // In f64: a running sum must come back to where it was.
        let mut sum: f64 = (-half..=half).map(at).sum();
        for (x, value) in row.iter_mut().step_by(step).enumerate() {
            let x = x as isize;
            let (before, after) = (at(x - half - 1), at(x + half + 1));
            *value = ((sum + self.end * (before + after)) * self.scale) as f32;
            sum += after - at(x - half);
        }
    }

    /// Blurs some columns of rows of `width` values.
    fn blur_columns(
        self,
        values: &mut [f32],
        columns: std::ops::Range<usize>,
        width: usize,
        height: usize,
        copy: &mut Vec<f32>,
    ) {
        copy.clear();
        for row in values.chunks_exact(width) {
            copy.extend_from_slice(&row[columns.clone()]);
        }
        let row = |y: isize| &copy[y.clamp(0, height as isize - 1) as usize * columns.len()..][..columns.len()];
        let half = self.half as isize;
        let mut sums = [0.0_f64; COLUMNS];
        for y in -half..=half {
            for (sum, &value) in sums.iter_mut().zip(row(y)) {
                *sum += f64::from(value);
            }
        }
        for (y, target) in values.chunks_exact_mut(width).enumerate() {
            let y = y as isize;
            let (before, leaves, after) = (row(y - half - 1), row(y - half), row(y + half + 1));
            for (x, (value, sum)) in target[columns.clone()].iter_mut().zip(&mut sums).enumerate() {
                *value = ((*sum + self.end * f64::from(before[x] + after[x])) * self.scale) as f32;
                *sum += f64::from(after[x]) - f64::from(leaves[x]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_becomes_a_gaussian_of_half_the_radius_and_keeps_its_sum() {
        for radius in [1, 4, 10, 20] {
            let side = 101;
            let mut values = vec![0.0; side * side];
            values[50 * side + 50] = 1.0;
            blur(&mut values, side, side, 1, radius);
            let sum: f32 = values.iter().sum();
            assert!((sum - 1.0).abs() < 1e-3, "radius {radius}: sum {sum}");
            let variance: f32 = (0..side)
                .map(|x| (x as f32 - 50.0).powi(2) * (0..side).map(|y| values[y * side + x]).sum::<f32>())
                .sum();
            let sigma = radius as f32 / 2.0;
            assert!((variance.sqrt() - sigma).abs() < 0.01 * sigma, "radius {radius}: {}", variance.sqrt());
        }
    }

    #[test]
    fn a_constant_stays_what_it_is_in_any_shape() {
        for (width, height) in [(1, 1), (1, 9), (40, 3)] {
            let mut values = vec![0.25; width * height * 3];
            blur(&mut values, width, height, 3, 17);
            assert!(values.iter().all(|value| (value - 0.25).abs() < 1e-6));
        }
    }
}
