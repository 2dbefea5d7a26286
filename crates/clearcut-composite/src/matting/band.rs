//! The unknown band: where a network's matte leaves open what a pixel is.

use clearcut_image::{Matte, Picture};

use crate::axis::Axis;
use crate::refine::{RefineOptions, prepared, refine};
use crate::tile::clamped;

/// Foreground.
pub(super) const SOLID: u8 = 255;
/// Background.
pub(super) const CLEAR: u8 = 0;
/// Neither is known.
pub(super) const UNKNOWN: u8 = 128;

/// One of the network's pixels is sure if it and those next to it are all below the first or above the second value:
/// 3 % of a pixel may be missed, which is less than a network's noise.
const LOW: u8 = 8;
const HIGH: u8 = 247;
/// How far the refined matte may be off what the network is sure of.
const AGREES: u8 = 12;
/// How many of the network's pixels around each one are looked at.
const RADIUS_PX: usize = 1;

/// What is surely foreground (255), surely background (0) or unknown (128), at the size of `picture`.
///
/// The unknown band comes from the uncertainty of `coarse`, the network's answer, itself: wherever it is not sure, and
/// one to two of its pixels around, so that a single edge has a band of about four of them and hair as much as it
/// takes. Where the refined matte contradicts the network, nothing is known either.
pub fn trimap(coarse: &Matte, picture: &Picture) -> Matte {
    between(&prepared(coarse, picture), &refine(coarse, picture, &RefineOptions::default()))
}

/// The same from a matte that is refined already.
pub(super) fn between(coarse: &Matte, refined: &Matte) -> Matte {
    let (coarse_width, coarse_height) = (coarse.width_px() as usize, coarse.height_px() as usize);
    let (width, height) = (refined.width_px() as usize, refined.height_px() as usize);
    let sure = judged(coarse.alpha(), coarse_width, coarse_height);
    // A pixel is known if all of the network's pixels that it is interpolated from are.
    let columns = Axis::new(0, width, coarse_width as f64 / width as f64, coarse_width);
    let rows = Axis::new(0, height, coarse_height as f64 / height as f64, coarse_height);
    let mut known = vec![UNKNOWN; width * height];
    for (y, target) in known.chunks_exact_mut(width).enumerate() {
        let row = |y: usize| &sure[y * coarse_width..][..coarse_width];
        let (above, below) = (row(rows.before[y]), row((rows.before[y] + 1).min(coarse_height - 1)));
        let refined = &refined.alpha()[y * width..][..width];
        for (x, value) in target.iter_mut().enumerate() {
            let (left, right) = (columns.before[x], (columns.before[x] + 1).min(coarse_width - 1));
            let corner = above[left];
            let agree = [above[right], below[left], below[right]].iter().all(|&other| other == corner);
            // The refined matte has a word too.
            let refined_agrees = corner.abs_diff(refined[x]) <= AGREES;
            *value = if agree && refined_agrees { corner } else { UNKNOWN };
        }
    }
    Matte::from_alpha(refined.width_px(), refined.height_px(), known)
}

/// Each of the network's pixels by the least and the largest value around it.
fn judged(alpha: &[u8], width: usize, height: usize) -> Vec<u8> {
    const SIDE: usize = 2 * RADIUS_PX + 1;
    let columns: Vec<usize> = clamped(-(RADIUS_PX as isize), width + 2 * RADIUS_PX, width).collect();
    let mut sure = vec![UNKNOWN; width * height];
    let mut extremes = vec![(0_u8, 0_u8); columns.len()];
    for y in 0..height {
        extremes.fill((255, 0));
        for row in clamped(y as isize - RADIUS_PX as isize, SIDE, height) {
            let row = &alpha[row * width..][..width];
            for ((least, most), &column) in extremes.iter_mut().zip(&columns) {
                (*least, *most) = ((*least).min(row[column]), (*most).max(row[column]));
            }
        }
        for (target, around) in sure[y * width..][..width].iter_mut().zip(extremes.windows(SIDE)) {
            let least = around.iter().map(|&(least, _)| least).min().unwrap_or(0);
            let most = around.iter().map(|&(_, most)| most).max().unwrap_or(255);
            if least >= HIGH {
                *target = SOLID;
            } else if most <= LOW {
                *target = CLEAR;
            }
        }
    }
    sure
}
