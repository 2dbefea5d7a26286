//! Blur of large radius at a cost that does not depend on it.
//!
//! Three box blurs in a row are a Gaussian to within 3 % (Wells, "Efficient Synthesis of Gaussian Filters by Cascaded
//! Uniform Filters", IEEE PAMI 1986). Outside of a plane its edge repeats.

/// Blurs `values`, row-major with `channels` interleaved values a pixel, so that the standard deviation is half of
/// `radius` pixels and almost nothing goes farther than `radius`.
pub(crate) fn blur(values: &mut [f32], width: usize, height: usize, channels: usize, radius: usize) {
    if radius == 0 {
        return;
    }
    let mut line = Vec::new();
    for half in halves(radius as f32 / 2.0) {
        for row in values.chunks_exact_mut(width * channels) {
            for channel in 0..channels {
                box_blur(row, channel, channels, width, half, &mut line);
            }
        }
        // Column by column, several at once, so that each cache line is read once.
        for first in (0..width * channels).step_by(COLUMNS) {
            let columns = COLUMNS.min(width * channels - first);
            box_blur_columns(values, first, columns, width * channels, height, half, &mut line);
        }
    }
}

const COLUMNS: usize = 16;

/// Half sides of three boxes whose variances add up to that of a Gaussian.
fn halves(sigma: f32) -> [usize; 3] {
    let ideal = (12.0 * sigma * sigma / 3.0 + 1.0).sqrt();
    let mut lower = (ideal.floor() as usize).max(1);
    if lower.is_multiple_of(2) {
        lower -= 1;
    }
    let side = lower as f32;
    let smaller = (12.0 * sigma * sigma - 3.0 * side * side - 12.0 * side - 9.0) / (-4.0 * side - 4.0);
    let smaller = smaller.round().clamp(0.0, 3.0) as usize;
    std::array::from_fn(|i| if i < smaller { lower / 2 } else { lower / 2 + 1 })
}

fn box_blur(row: &mut [f32], channel: usize, channels: usize, width: usize, half: usize, line: &mut Vec<f32>) {
    line.clear();
    line.extend(row[channel..].iter().step_by(channels).copied());
    let at = |i: isize, line: &[f32]| line[i.clamp(0, width as isize - 1) as usize];
    // In f64: a running sum must come back to where it was.
    let mut sum: f64 = (-(half as isize)..=half as isize).map(|i| f64::from(at(i, line))).sum();
    let scale = 1.0 / (2 * half + 1) as f64;
    for x in 0..width {
        row[channel + x * channels] = (sum * scale) as f32;
        sum += f64::from(at((x + half + 1) as isize, line)) - f64::from(at(x as isize - half as isize, line));
    }
}

fn box_blur_columns(
    values: &mut [f32],
    first: usize,
    columns: usize,
    row: usize,
    height: usize,
    half: usize,
    copy: &mut Vec<f32>,
) {
    copy.clear();
    for y in 0..height {
        copy.extend_from_slice(&values[y * row + first..][..columns]);
    }
    let at = |y: isize| y.clamp(0, height as isize - 1) as usize * columns;
    let mut sums = [0.0_f64; COLUMNS];
    for y in -(half as isize)..=half as isize {
        for (sum, &value) in sums.iter_mut().zip(&copy[at(y)..][..columns]) {
            *sum += f64::from(value);
        }
    }
    let scale = 1.0 / (2 * half + 1) as f64;
    for y in 0..height {
        let (enters, leaves) = (at((y + half + 1) as isize), at(y as isize - half as isize));
        for (x, sum) in sums.iter_mut().enumerate().take(columns) {
            values[y * row + first + x] = (*sum * scale) as f32;
            *sum += f64::from(copy[enters + x]) - f64::from(copy[leaves + x]);
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
            assert!((variance.sqrt() - sigma).abs() < 0.15 * sigma + 0.2, "radius {radius}: {}", variance.sqrt());
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
