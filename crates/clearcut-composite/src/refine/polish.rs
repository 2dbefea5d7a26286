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
                for (sum, &value) in sums.iter_mut().zip(row(source_y)) {
                    *sum += u16::from(value);
                }
            }
            for (sum, &column) in column_sums.iter_mut().zip(&columns) {
                *sum = sums[column];
            }
            let values = &row(top + y)[left..][..inner.width];
            let target = &mut band[y * plane_width + inner.x..][..inner.width];
            for ((target, &value), around) in target.iter_mut().zip(values).zip(column_sums.windows(SIDE_PX)) {
                *target = clean(value, around.iter().sum());
            }
        }
    }
}

/// [`Patch::clean_into`] of a patch of one value.
pub(super) fn clean_constant(value: u8) -> u8 {
    clean(value, u16::from(value) * (SIDE_PX * SIDE_PX) as u16)
}

fn clean(value: u8, neighborhood_sum: u16) -> u8 {
    const FULL: f32 = (SIDE_PX * SIDE_PX) as f32 * 255.0;
    let mean = f32::from(neighborhood_sum) / FULL;
    if mean < KEPT {
        (f32::from(value) * keep(mean) + 0.5) as u8
    } else if mean > 1.0 - KEPT {
        255 - (f32::from(255 - value) * keep(1.0 - mean) + 0.5) as u8
    } else {
        value
    }
}

/// Smoothstep from [`EMPTY`] to [`KEPT`].
fn keep(mean: f32) -> f32 {
    let t = ((mean - EMPTY) / (KEPT - EMPTY)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}
