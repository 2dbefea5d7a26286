//! How near a matte is to its reference, in the measures of salient object detection.
//!
//! Alphas are one byte a pixel, row by row; both slices belong to one picture. What is foreground in a reference is
//! decided at alpha 0.5. Mean absolute difference, intersection over union, SAD and gradient error are the test kit's.

mod boundary;
mod f_measure;
mod structure;

pub use boundary::boundary_iou;
pub use f_measure::{Curve, max_f_measure};
pub use structure::s_measure;

/// From this value on a pixel counts as foreground.
const HALF: u8 = 128;

/// The share of pixels over 0.5, 0 to 1.
pub fn share_over_half(alpha: &[u8]) -> f64 {
    alpha.iter().filter(|&&value| value >= HALF).count() as f64 / alpha.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_half_begins_at_128() {
        assert!((share_over_half(&[127, 128, 255, 0]) - 0.5).abs() < 1e-12);
        assert!(share_over_half(&[]).abs() < 1e-12);
    }
}
