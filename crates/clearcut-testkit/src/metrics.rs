//! How far a matte is from the truth.
//!
//! Alphas are one byte a pixel, row by row; both slices of a comparison belong to pictures of one size.
//! `mae`, `sad` and `gradient_error` follow Rhemann et al., "A Perceptually Motivated Online Benchmark for Image
//! Matting" (CVPR 2009), in the scale in which papers print them.
//!
//! Every function panics if the slices differ in length.

/// Intersection over union of the two pictures cut at alpha 0.5; 1 if both are empty.
pub fn iou(alpha: &[u8], truth: &[u8]) -> f64 {
    let (mut both, mut either) = (0_u64, 0_u64);
    for (value, true_value) in pairs(alpha, truth) {
        both += u64::from(value >= 128 && true_value >= 128);
        either += u64::from(value >= 128 || true_value >= 128);
    }
    if either == 0 { 1.0 } else { both as f64 / either as f64 }
}

/// Mean of foreground's and background's [`iou`]: a small object weighs as much as what surrounds it.
pub fn mean_iou(alpha: &[u8], truth: &[u8]) -> f64 {
    let invert = |alpha: &[u8]| alpha.iter().map(|value| 255 - value).collect::<Vec<_>>();
    f64::midpoint(iou(alpha, truth), iou(&invert(alpha), &invert(truth)))
}

/// Sum of absolute differences, alpha in `[0, 1]`, in thousands of pixels.
pub fn sad(alpha: &[u8], truth: &[u8]) -> f64 {
    let sum: u64 = pairs(alpha, truth).map(|(value, true_value)| u64::from(value.abs_diff(true_value))).sum();
    sum as f64 / 255.0 / 1000.0
}

/// Mean absolute difference, alpha in `[0, 1]`; 0 for a picture without pixels.
pub fn mae(alpha: &[u8], truth: &[u8]) -> f64 {
    sad(alpha, truth) * 1000.0 / truth.len().max(1) as f64
}

/// Sum of squared differences of the two gradients' lengths, in thousands: an edge that is soft where the truth is
/// sharp, or the other way around, costs here even if its area is right.
///
/// Gradients are taken with derivatives of a Gaussian, σ = 1.4 pixels, the border repeated.
///
/// # Panics
///
/// If the slices differ in length or are no whole rows of `width_px`.
pub fn gradient_error(alpha: &[u8], truth: &[u8], width_px: u32) -> f64 {
    let width = width_px as usize;
    assert!(width > 0 && truth.len().is_multiple_of(width), "alphas are whole rows of {width} pixels");
    let sum: f64 = pairs(&gradient(alpha, width), &gradient(truth, width)).map(|(a, b)| f64::from(a - b).powi(2)).sum();
    sum / 1000.0
}

/// How strongly old background glows at the edge: the mean difference between the colors that a cut-out shows over
/// black and over white and those that the true cut-out shows there, over the pixels that are truly mixed
/// (0 < alpha < 255), in code values. 0 if there are none.
///
/// Ours; both arguments are straight RGBA, four bytes a pixel. A blend is made channel by channel, so black and white
/// stand for every saturated color too: its channels are 0 or 255.
///
/// # Panics
///
/// If the slices differ in length.
pub fn halo_error(cutout_rgba: &[u8], true_rgba: &[u8]) -> f64 {
    assert_eq!(cutout_rgba.len(), true_rgba.len(), "both cut-outs have one size");
    let (mut sum, mut count) = (0.0, 0_u64);
    for (pixel, true_pixel) in cutout_rgba.chunks_exact(4).zip(true_rgba.chunks_exact(4)) {
        if !(1..=254).contains(&true_pixel[3]) {
            continue;
        }
        for channel in 0..3 {
            for behind in [0.0, 255.0] {
                sum += (over(pixel, channel, behind) - over(true_pixel, channel, behind)).abs();
                count += 1;
            }
        }
    }
    if count == 0 { 0.0 } else { sum / count as f64 }
}

/// Mean absolute difference of a cut-out's colors from the true ones over the pixels that are truly mixed
/// (0 < alpha < 255), in code values. 0 if there are none.
///
/// The cut-out has four bytes a pixel, the true colors three.
///
/// # Panics
///
/// If the slices are not of one picture.
pub fn color_error(cutout_rgba: &[u8], true_rgb: &[u8], true_alpha: &[u8]) -> f64 {
    let pixels = true_alpha.len();
    assert_eq!((cutout_rgba.len(), true_rgb.len()), (pixels * 4, pixels * 3), "all belong to one picture");
    let colors = cutout_rgba.chunks_exact(4).zip(true_rgb.chunks_exact(3)).zip(true_alpha);
    let (mut sum, mut count) = (0_u64, 0_u64);
    for ((color, exact), _) in colors.filter(|&(_, alpha)| (1..=254).contains(alpha)) {
        sum += color.iter().zip(exact).map(|(&value, &true_value)| u64::from(value.abs_diff(true_value))).sum::<u64>();
        count += 3;
    }
    if count == 0 { 0.0 } else { sum as f64 / count as f64 }
}

fn over(pixel: &[u8], channel: usize, behind: f64) -> f64 {
    let alpha = f64::from(pixel[3]) / 255.0;
    alpha * f64::from(pixel[channel]) + (1.0 - alpha) * behind
}

fn pairs<'a, T: Copy>(alpha: &'a [T], truth: &'a [T]) -> impl Iterator<Item = (T, T)> + 'a {
    assert_eq!(alpha.len(), truth.len(), "both alphas have one size");
    alpha.iter().copied().zip(truth.iter().copied())
}

/// Length of the gradient at each pixel, alpha in `[0, 1]`.
fn gradient(alpha: &[u8], width: usize) -> Vec<f32> {
    const SIGMA: f32 = 1.4;
    const REACH: i32 = 4;
    let bell = |x: i32| (-(x * x) as f32 / (2.0 * SIGMA * SIGMA)).exp();
    let total: f32 = (-REACH..=REACH).map(bell).sum();
    let smooth: Vec<f32> = (-REACH..=REACH).map(|x| bell(x) / total).collect();
    let slope: Vec<f32> = (-REACH..=REACH).map(|x| x as f32 / (SIGMA * SIGMA) * bell(x) / total).collect();

    let samples: Vec<f32> = alpha.iter().map(|&value| f32::from(value) / 255.0).collect();
    let across = columns(&rows(&samples, width, &slope), width, &smooth);
    let down = columns(&rows(&samples, width, &smooth), width, &slope);
    across.into_iter().zip(down).map(|(dx, dy)| dx.hypot(dy)).collect()
}

fn rows(samples: &[f32], width: usize, kernel: &[f32]) -> Vec<f32> {
    let weigh = |row: &[f32], x: usize| {
        let near = kernel.iter().enumerate().map(|(at, weight)| weight * row[offset(x, at, kernel.len(), width)]);
        near.sum()
    };
    samples.chunks_exact(width).flat_map(|row| (0..width).map(move |x| weigh(row, x))).collect()
}

fn columns(samples: &[f32], width: usize, kernel: &[f32]) -> Vec<f32> {
    let height = samples.len() / width;
    let mut target = vec![0.0; samples.len()];
    for (y, row) in target.chunks_exact_mut(width).enumerate() {
        for (at, weight) in kernel.iter().enumerate() {
            let from = offset(y, at, kernel.len(), height) * width;
            for (sum, sample) in row.iter_mut().zip(&samples[from..from + width]) {
                *sum += weight * sample;
            }
        }
    }
    target
}

/// The position that the kernel's part `at` looks at, held inside the picture.
fn offset(center: usize, at: usize, kernel_len: usize, end: usize) -> usize {
    (center + at).saturating_sub(kernel_len / 2).min(end - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(value: f64, expected: f64) {
        assert!((value - expected).abs() < 1e-3 * expected.abs().max(1e-3), "{value}, not {expected}");
    }

    #[test]
    fn a_matte_has_no_distance_to_itself() {
        let alpha: Vec<u8> = (0..600_u32).map(|index| (index * 7 % 256) as u8).collect();
        near(iou(&alpha, &alpha), 1.0);
        near(mean_iou(&alpha, &alpha), 1.0);
        near(sad(&alpha, &alpha) + mae(&alpha, &alpha) + gradient_error(&alpha, &alpha, 30), 0.0);
        near(halo_error(&alpha, &alpha), 0.0);
    }

    #[test]
    fn overlap_is_measured_at_half_alpha() {
        near(iou(&[255, 128, 127, 0], &[255, 255, 255, 0]), 2.0 / 3.0);
        near(iou(&[0, 0], &[0, 0]), 1.0);
        near(iou(&[255, 0], &[0, 255]), 0.0);
        near(mean_iou(&[255, 128, 127, 0], &[255, 255, 255, 0]), f64::midpoint(2.0 / 3.0, 0.5));
    }

    #[test]
    fn differences_are_counted_in_whole_alphas() {
        near(sad(&[255; 2000], &[0; 2000]), 2.0);
        near(mae(&[255, 0, 51], &[255, 0, 0]), 0.2 / 3.0);
        near(mae(&[], &[]), 0.0);
    }

    #[test]
    fn a_step_has_the_gradient_of_its_gaussian() {
        let step: Vec<u8> = (0..32 * 32).map(|index| if index % 32 < 16 { 0 } else { 255 }).collect();
        // A Gaussian with σ = 1.4 seen half a pixel away from its peak, summed over whole pixels.
        let peak = gradient(&step, 32).into_iter().fold(0.0, f32::max);
        assert!((peak - 0.2673).abs() < 0.005, "{peak}");
        // The square of that Gaussian has the area 1 / (2 σ √π) in each of the 32 rows.
        let area = 32.0 / (2.0 * 1.4 * std::f64::consts::PI.sqrt()) / 1000.0;
        let error = gradient_error(&[0; 32 * 32], &step, 32);
        assert!((error - area).abs() < 0.03 * area, "{error}, not {area}");
    }

    #[test]
    fn colors_are_compared_where_the_truth_is_mixed() {
        let truth = [10, 20, 30, 0, 0, 0, 9, 9, 9];
        near(color_error(&[16, 20, 27, 0, 99, 99, 99, 0, 99, 99, 99, 0], &truth, &[128, 0, 255]), 3.0);
        near(color_error(&[1, 2, 3, 4], &[9, 9, 9], &[255]), 0.0);
    }

    #[test]
    fn a_glow_of_old_background_costs_and_solid_pixels_do_not_count() {
        let truth = [10, 10, 10, 128, 10, 10, 10, 255];
        near(halo_error(&[210, 10, 10, 128, 99, 99, 99, 255], &truth), 200.0 * 128.0 / 255.0 / 3.0);
    }
}
