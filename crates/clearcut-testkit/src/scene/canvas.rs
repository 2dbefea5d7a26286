//! The renderer: shapes are painted front to back with 64 samples a pixel.
//!
//! A sample belongs to the first shape that takes it, so shapes that share a pixel share its coverage exactly
//! and a strand thinner than a pixel covers the fraction that it covers.

use super::color::{Color, to_bytes};
use super::shape::Shape;

/// Samples along one side of a pixel.
const SIDE: i32 = 8;
/// Each row of samples is shifted by another eighth of the sample distance, so that an upright strand is measured
/// in 64 steps of width and not in eight.
const SHIFT: [f32; SIDE as usize] = [0.5, 4.5, 2.5, 6.5, 1.5, 5.5, 3.5, 7.5];

#[derive(Debug)]
pub(super) struct Canvas {
    pub(super) width_px: usize,
    pub(super) height_px: usize,
    /// The samples that some shape has taken, one byte for each row of a pixel's samples.
    taken: Vec<u64>,
    /// How many of them show the foreground.
    covered: Vec<u8>,
    /// The color of those, added up: at most 64 × 255.
    sums: Vec<[u16; 3]>,
}

/// What a canvas holds in the end: the exact alpha and the color of whatever has any.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) alpha: Vec<u8>,
    pub(super) foreground_rgb: Vec<u8>,
}

impl Canvas {
    pub(super) fn new(width_px: u32, height_px: u32) -> Self {
        let pixels = width_px as usize * height_px as usize;
        Self {
            width_px: width_px as usize,
            height_px: height_px as usize,
            taken: vec![0; pixels],
            covered: vec![0; pixels],
            sums: vec![[0; 3]; pixels],
        }
    }

    /// Paints what earlier shapes left free; `color` is asked once for each pixel, at its center.
    pub(super) fn paint(&mut self, shape: &impl Shape, mut color: impl FnMut(f32, f32) -> Color) {
        self.take(shape, |canvas, index, x, y, fresh| {
            let color = to_bytes(color(x as f32 + 0.5, y as f32 + 0.5));
            let fresh = fresh.count_ones() as u8;
            canvas.covered[index] += fresh;
            for (sum, value) in canvas.sums[index].iter_mut().zip(color) {
                *sum += u16::from(fresh) * u16::from(value);
            }
        });
    }

    /// Cuts a hole: shapes painted later do not show here.
    pub(super) fn cut(&mut self, shape: &impl Shape) {
        self.take(shape, |_, _, _, _, _| ());
    }

    fn take(&mut self, shape: &impl Shape, mut visit: impl FnMut(&mut Self, usize, usize, usize, u64)) {
        let (top, bottom) = shape.vertical();
        let first = top.floor().max(0.0) as usize;
        let last = (bottom.ceil().max(0.0) as usize).min(self.height_px);
        for y in first..last {
            let row = SampleRow::of(shape, y, self.width_px);
            for x in row.columns() {
                let index = y * self.width_px + x;
                let fresh = row.mask(x) & !self.taken[index];
                if fresh != 0 {
                    self.taken[index] |= fresh;
                    visit(self, index, x, y, fresh);
                }
            }
        }
    }

    pub(super) fn finish(self) -> Layer {
        let mut foreground_rgb = Vec::with_capacity(self.sums.len() * 3);
        for (sums, &covered) in self.sums.iter().zip(&self.covered) {
            let covered = u16::from(covered);
            foreground_rgb.extend(sums.map(|sum| (sum + covered / 2).checked_div(covered).unwrap_or(0) as u8));
        }
        let alpha = self.covered.iter().map(|&covered| ((u16::from(covered) * 255 + 32) / 64) as u8).collect();
        Layer { alpha, foreground_rgb }
    }
}

/// One row of pixels through a shape: for each of its rows of samples the first and last sample inside.
struct SampleRow {
    spans: [(i32, i32); SIDE as usize],
    left: i32,
    right: i32,
    inner_left: i32,
    inner_right: i32,
}

impl SampleRow {
    fn of(shape: &impl Shape, y: usize, width_px: usize) -> Self {
        let end = width_px as i32 * SIDE - 1;
        let mut row =
            Self { spans: [(0, -1); SIDE as usize], left: i32::MAX, right: -1, inner_left: 0, inner_right: end };
        for (sample, (span, shift)) in row.spans.iter_mut().zip(SHIFT).enumerate() {
            let height = y as f32 + (sample as f32 + 0.5) / SIDE as f32;
            if let Some((left, right)) = shape.span(height) {
                let shift = shift / SIDE as f32;
                let first = ((left * SIDE as f32 - shift).ceil() as i32).max(0);
                let last = ((right * SIDE as f32 - shift).floor() as i32).min(end);
                if first <= last {
                    *span = (first, last);
                    row.left = row.left.min(first);
                    row.right = row.right.max(last);
                }
            }
            row.inner_left = row.inner_left.max(span.0);
            row.inner_right = row.inner_right.min(span.1);
        }
        row
    }

    fn columns(&self) -> std::ops::Range<usize> {
        if self.right < 0 { 0..0 } else { (self.left / SIDE) as usize..(self.right / SIDE) as usize + 1 }
    }

    fn mask(&self, x: usize) -> u64 {
        let start = x as i32 * SIDE;
        if start >= self.inner_left && start + SIDE - 1 <= self.inner_right {
            return u64::MAX;
        }
        let mut mask = 0;
        for (sample, &(first, last)) in self.spans.iter().enumerate() {
            let (first, last) = ((first - start).max(0), (last - start).min(SIDE - 1));
            if first <= last {
                let bits = (0xFF_u64 >> (SIDE - 1 - (last - first))) << first;
                mask |= bits << (8 * sample);
            }
        }
        mask
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::shape::{Capsule, Ellipse};

    fn alpha_sum(shape: &impl Shape) -> f32 {
        let mut canvas = Canvas::new(64, 64);
        canvas.paint(shape, |_, _| [255.0; 3]);
        canvas.finish().alpha.iter().map(|&alpha| f32::from(alpha) / 255.0).sum()
    }

    #[test]
    fn a_strand_thinner_than_a_pixel_covers_its_own_area() {
        for radius in [0.1_f32, 0.2, 0.45, 1.3] {
            for to in [[50.0, 14.3], [21.7, 51.2], [14.2, 49.1], [48.0, 37.0]] {
                let strand = Capsule { from: [14.2, 14.3], to, radius };
                let length = (to[0] - 14.2).hypot(to[1] - 14.3);
                let area = 2.0 * radius * length + std::f32::consts::PI * radius * radius;
                let drawn = alpha_sum(&strand);
                // The width of a strand along the rows of samples is measured in eighths of a pixel, of others finely.
                let tolerance = if (to[1] - 14.3).abs() < 1.0 { length / 8.0 } else { 0.04 * length };
                assert!((drawn - area).abs() <= tolerance, "{radius} to {to:?}: {drawn}, not {area}");
            }
        }
    }

    #[test]
    fn an_ellipse_covers_its_own_area() {
        let drawn = alpha_sum(&Ellipse { center: [31.3, 30.8], radius: [20.2, 11.7] });
        let area = std::f32::consts::PI * 20.2 * 11.7;
        assert!((drawn - area).abs() < 0.005 * area, "{drawn}, not {area}");
    }

    #[test]
    fn shapes_that_share_a_pixel_share_its_coverage() {
        let mut canvas = Canvas::new(1, 1);
        let left = Capsule { from: [-10.0, 0.5], to: [0.25, 0.5], radius: 0.25 };
        let all = Ellipse::circle([0.5, 0.5], 5.0);
        canvas.paint(&left, |_, _| [200.0, 0.0, 0.0]);
        canvas.paint(&all, |_, _| [0.0, 200.0, 0.0]);
        let layer = canvas.finish();
        assert_eq!(layer.alpha, [255]);
        let [red, green, _] = [layer.foreground_rgb[0], layer.foreground_rgb[1], layer.foreground_rgb[2]];
        assert!((199..=201).contains(&(u16::from(red) + u16::from(green))), "{red} + {green}");
        assert!((25..=50).contains(&red), "the strand covers about a fifth of the pixel: {red}");
    }

    #[test]
    fn a_cut_stays_open() {
        let mut canvas = Canvas::new(9, 9);
        canvas.cut(&Ellipse::circle([4.5, 4.5], 1.5));
        canvas.paint(&Ellipse::circle([4.5, 4.5], 9.0), |_, _| [9.0; 3]);
        let alpha = canvas.finish().alpha;
        assert_eq!((alpha[4 * 9 + 4], alpha[0]), (0, 255));
    }

    #[test]
    fn shapes_outside_the_picture_leave_no_trace() {
        for center in [[-50.0, 5.0], [5.0, -50.0], [500.0, 5.0], [5.0, 500.0]] {
            let mut canvas = Canvas::new(10, 10);
            canvas.paint(&Ellipse::circle(center, 20.0), |_, _| [9.0; 3]);
            assert!(canvas.finish().alpha.iter().all(|&alpha| alpha == 0));
        }
    }
}
