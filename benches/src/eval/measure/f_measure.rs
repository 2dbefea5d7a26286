//! The F-measure over all thresholds.
//!
//! Achanta, Hemami, Estrada, Süsstrunk, "Frequency-tuned Salient Region Detection" (CVPR 2009): `F = (1 + β²) · P · R /
//! (β² · P + R)` with β² = 0.3, of precision P and recall R. The maximum of several pictures is that of their mean F at
//! one threshold for all of them: a threshold that suits one picture alone does not count.

use super::HALF;

const BETA_SQUARED: f64 = 0.3;

/// F of one matte when it is cut at each of 256 thresholds: foreground from that value on.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve([f64; 256]);

impl Curve {
    /// Of a matte and its reference. Where nothing is found, or nothing is to be found, F is 0.
    ///
    /// # Panics
    ///
    /// If the slices differ in length.
    pub fn of(alpha: &[u8], truth: &[u8]) -> Self {
        assert_eq!(alpha.len(), truth.len(), "both alphas have one size");
        let (mut right, mut found) = ([0_u64; 256], [0_u64; 256]);
        for (&value, &true_value) in alpha.iter().zip(truth) {
            found[usize::from(value)] += 1;
            right[usize::from(value)] += u64::from(true_value >= HALF);
        }
        let wanted: u64 = right.iter().sum();
        let mut curve = [0.0; 256];
        let (mut right_so_far, mut found_so_far) = (0, 0);
        for threshold in (0..256).rev() {
            right_so_far += right[threshold];
            found_so_far += found[threshold];
            if right_so_far > 0 {
                let precision = right_so_far as f64 / found_so_far as f64;
                let recall = right_so_far as f64 / wanted as f64;
                curve[threshold] = (1.0 + BETA_SQUARED) * precision * recall / (BETA_SQUARED * precision + recall);
            }
        }
        Self(curve)
    }
}

/// The greatest mean F, 0 to 1; 0 without a picture.
pub fn max_f_measure(curves: &[&Curve]) -> f64 {
    let mean =
        |threshold: usize| curves.iter().map(|curve| curve.0[threshold]).sum::<f64>() / curves.len().max(1) as f64;
    (0..256).map(mean).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(value: f64, expected: f64) {
        assert!((value - expected).abs() < 1e-12, "{value}, not {expected}");
    }

    #[test]
    fn a_right_matte_has_f_1_whatever_its_values_are() {
        near(max_f_measure(&[&Curve::of(&[9, 3, 3, 9], &[255, 0, 0, 200])]), 1.0);
        near(max_f_measure(&[&Curve::of(&[0, 0], &[0, 0])]), 0.0);
        near(max_f_measure(&[]), 0.0);
    }

    #[test]
    fn the_best_threshold_is_taken() {
        // From 200 on: P = 1, R = 1/2, F = 1.3 · 0.5 / 0.8 = 0.8125. From 100 on: P = 2/3, R = 1, F = 0.8667 / 1.2 =
        // 0.7222.
        near(max_f_measure(&[&Curve::of(&[200, 100, 100, 0], &[255, 255, 0, 0])]), 0.8125);
    }

    #[test]
    fn one_threshold_serves_all_pictures() {
        let bright = Curve::of(&[200, 50], &[255, 0]);
        let dark = Curve::of(&[50, 0], &[255, 0]);
        near(max_f_measure(&[&bright]), 1.0);
        near(max_f_measure(&[&dark]), 1.0);
        // From 51 on one is right and of the other nothing is found: 1/2. From 1 on the dark one is right, and the
        // bright one has P = 1/2, R = 1, F = 0.65 / 1.15.
        near(max_f_measure(&[&bright, &dark]), f64::midpoint(0.65 / 1.15, 1.0));
    }
}
