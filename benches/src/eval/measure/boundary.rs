//! Overlap of the boundaries alone: of a large subject the edge counts as much as of a small one.
//!
//! Cheng, Girshick, Dollár, Berg, Kirillov, "Boundary `IoU`: Improving Object-Centric Image Segmentation Evaluation"
//! (CVPR 2021): both masks cut at 0.5, of each only the pixels that lie within 2 % of the picture's diagonal
//! of its outline.

use super::HALF;

/// Width of the band along the outline, as a share of the picture's diagonal.
const BAND: f64 = 0.02;

/// Intersection over union of both boundary bands; 1 if both are empty.
///
/// The picture's own border counts as an outline, as it does in the authors' program, and distances are counted in
/// king's moves, as repeated erosion by 3x3 does.
///
/// # Panics
///
/// If the slices differ in length or are no whole rows of `width_px`.
pub fn boundary_iou(alpha: &[u8], truth: &[u8], width_px: u32) -> f64 {
    assert_eq!(alpha.len(), truth.len(), "both alphas have one size");
    let width = width_px as usize;
    let height = truth.len() / width;
    let diagonal_px = (width as f64).hypot(height as f64);
    let reach = ((BAND * diagonal_px).round() as usize).max(1);
    let (ours, theirs) = (band(alpha, width, reach), band(truth, width, reach));
    let both = ours.iter().zip(&theirs).filter(|&(&a, &b)| a && b).count();
    let either = ours.iter().zip(&theirs).filter(|&(&a, &b)| a || b).count();
    if either == 0 { 1.0 } else { both as f64 / either as f64 }
}

/// The foreground's pixels that have background, or the picture's end, within `reach` king's moves.
fn band(alpha: &[u8], width: usize, reach: usize) -> Vec<bool> {
    let mask: Vec<bool> = alpha.iter().map(|&value| value >= HALF).collect();
    assert!(width > 0 && mask.len().is_multiple_of(width), "alphas are whole rows of {width} pixels");
    let across: Vec<bool> = mask.chunks_exact(width).flat_map(|row| eroded(row.iter().copied(), reach)).collect();
    let mut inside = vec![false; mask.len()];
    for x in 0..width {
        let column = across[x..].iter().step_by(width).copied();
        for (y, kept) in eroded(column, reach).into_iter().enumerate() {
            inside[y * width + x] = kept;
        }
    }
    mask.into_iter().zip(inside).map(|(set, inside)| set && !inside).collect()
}

/// Which pixels of a line have `reach` set ones on either side.
fn eroded(line: impl Iterator<Item = bool>, reach: usize) -> Vec<bool> {
    let mut until = vec![0];
    until.extend(line.scan(0_usize, |count, set| {
        *count += usize::from(set);
        Some(*count)
    }));
    let length = until.len() - 1;
    (0..length)
        .map(|at| at >= reach && at + reach < length && until[at + reach + 1] - until[at - reach] == 2 * reach + 1)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A square of `side` in a picture of 100 × 100, whose band is 3 pixels wide (2 % of 141.4).
    fn square(left: usize, top: usize, side: usize) -> Vec<u8> {
        let inside = |at: usize, from: usize| (from..from + side).contains(&at);
        (0..100 * 100).map(|at| if inside(at % 100, left) && inside(at / 100, top) { 255 } else { 0 }).collect()
    }

    fn near(value: f64, expected: f64) {
        assert!((value - expected).abs() < 1e-12, "{value}, not {expected}");
    }

    #[test]
    fn a_ring_moved_by_one_pixel_overlaps_by_five_sevenths() {
        // Rings of 20² - 14² = 204 pixels. In both: 19 · 20 shared by the squares, less the 15 · 14 that lie inside of
        // either: 170. In either: 2 · 204 - 170 = 238.
        near(boundary_iou(&square(41, 40, 20), &square(40, 40, 20), 100), 170.0 / 238.0);
        near(boundary_iou(&square(40, 40, 20), &square(40, 40, 20), 100), 1.0);
        near(boundary_iou(&square(0, 0, 20), &square(60, 60, 20), 100), 0.0);
    }

    #[test]
    fn a_hole_in_the_middle_costs_its_own_ring() {
        // The hole of 10² adds a ring of 16² - 10² = 156 to a ring of 80² - 74² = 924.
        let truth = square(10, 10, 80);
        let mut holed = truth.clone();
        for (value, hole) in holed.iter_mut().zip(square(45, 45, 10)) {
            *value = value.saturating_sub(hole);
        }
        near(boundary_iou(&holed, &truth, 100), 924.0 / (924.0 + 156.0));
    }

    #[test]
    fn the_end_of_the_picture_is_an_outline_and_nothing_equals_nothing() {
        near(boundary_iou(&square(0, 0, 100), &square(0, 0, 100), 100), 1.0);
        // The whole picture's band is a ring of 3: 100² - 94² = 1,164. The left half's has 50 · 100 - 44 · 94 = 864, of
        // which 3 · 94 lie along the cut and all others, 582, in both.
        let half: Vec<u8> = (0..100 * 100).map(|at| if at % 100 < 50 { 255 } else { 0 }).collect();
        near(boundary_iou(&half, &square(0, 0, 100), 100), 582.0 / (1164.0 + 282.0));
        near(boundary_iou(&[0; 100], &[0; 100], 10), 1.0);
    }
}
