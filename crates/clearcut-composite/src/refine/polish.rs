//! Takes the grey veil off: what is nearly nothing becomes nothing, what is nearly solid becomes solid.
//!
//! A pixel is judged by the mean of its neighborhood. A threshold on the pixel itself would bend every soft ramp;
//! the mean leaves ramps and lone strands as they are, and clears only regions that are near 0 or 255 as a whole.

use crate::tile::{Tile, clamped};

/// Half the side of the neighborhood.
pub(super) const MARGIN_PX: usize = 2;
const SIDE_PX: usize = 2 * MARGIN_PX + 1;
/// Neighborhoods with a mean below this share are empty (or, seen from the other end, solid).
const EMPTY: f32 = 0.02;
/// Neighborhoods with a mean above this share are left as they are; in between the change is gradual.
const KEPT: f32 = 0.06;

/// A piece of a plane, cut out with its surroundings.
#[derive(Debug)]
pub(super) struct Patch {
    pub(super) tile: Tile,
    /// `tile.width * tile.height` values.
    pub(super) values: Vec<u8>,
}

impl Patch {
    /// Cleans `inner`, a tile inside this patch in the plane's coordinates, and writes it to `band`, the rows of the
    /// plane that `inner` is in.
    ///
    /// Outside the patch its border repeats: reach beyond `inner` by [`MARGIN_PX`] wherever the plane goes on.
    pub(super) fn clean_into(&self, inner: Tile, band: &mut [u8], plane_width: usize) {
        let (left, top) = (inner.x - self.tile.x, inner.y - self.tile.y);
        let padded_width = inner.width + 2 * MARGIN_PX;
        let columns: Vec<usize> = clamped(left as isize - MARGIN_PX as isize, padded_width, self.tile.width).collect();
        let row = |y: usize| &self.values[y * self.tile.width..][..self.tile.width];
        let mut sums = vec![0_u16; self.tile.width];
        let mut column_sums = vec![0_u16; padded_width];
        for y in 0..inner.height {
            sums.fill(0);
            for source_y in clamped((top + y) as isize - MARGIN_PX as isize, SIDE_PX, self.tile.height) {
                add_row(row(source_y), &mut sums);
            }
            for (sum, &column) in column_sums.iter_mut().zip(&columns) {
                *sum = sums[column];
            }
            let values = &row(top + y)[left..][..inner.width];
            clean_row(values, &column_sums, &mut band[y * plane_width + inner.x..][..inner.width]);
        }
    }
}

wide! {
    fn add_row(row: &[u8], sums: &mut [u16]) = add_one_by_one
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn add_one_by_one(row: &[u8], sums: &mut [u16]) {
    for (sum, &value) in sums.iter_mut().zip(row) {
        *sum += u16::from(value);
    }
}

wide! {
    /// Cleans a row of values by the sums of its columns, which begin [`MARGIN_PX`] before it.
    fn clean_row(values: &[u8], column_sums: &[u16], cleaned: &mut [u8]) = clean_one_by_one
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn clean_one_by_one(values: &[u8], column_sums: &[u16], cleaned: &mut [u8]) {
    let n = cleaned.len();
    let (values, sums) = (&values[..n], &column_sums[..n + 2 * MARGIN_PX]);
    for x in 0..n {
        let mut sum = 0;
        for column in 0..SIDE_PX {
            sum += sums[x + column];
        }
        cleaned[x] = clean(values[x], sum);
    }
}

/// [`Patch::clean_into`] of a patch of one value.
pub(super) fn clean_constant(value: u8) -> u8 {
    clean(value, u16::from(value) * (SIDE_PX * SIDE_PX) as u16)
}

#[inline(always)]
fn clean(value: u8, neighborhood_sum: u16) -> u8 {
    const FULL: f32 = (SIDE_PX * SIDE_PX) as f32 * 255.0;
    let mean = f32::from(neighborhood_sum) / FULL;
    // All three answers are computed, so that several pixels can be.
    let emptied = (f32::from(value) * keep(mean) + 0.5) as u8;
    let filled = 255 - (f32::from(255 - value) * keep(1.0 - mean) + 0.5) as u8;
    if mean < KEPT {
        emptied
    } else if mean > 1.0 - KEPT {
        filled
    } else {
        value
    }
}

/// Smoothstep from [`EMPTY`] to [`KEPT`].
#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn keep(mean: f32) -> f32 {
    let t = ((mean - EMPTY) / (KEPT - EMPTY)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}
