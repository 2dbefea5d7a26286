//! How much detail a coarse matte is missing.
//!
//! Where the coarse matte is a plane over several of its own pixels (the ramp of a motion blur, the middle of a
//! sheet of glass), it already holds all there is, and the texture of the picture must not be read as alpha. Where
//! it bends, an edge or a strand has been averaged away.

use super::window::Plane;
use crate::tile::clamped;

/// The neighborhood that is judged: as wide as the blur of a usual network's edge.
const RADIUS_PX: usize = 3;
/// Shares of the neighborhood's variance that a plane leaves unexplained: below the first nothing is missing.
const PLANAR: f32 = 0.005;
/// Above the second all detail is missing.
const BENT: f32 = 0.05;

/// The side of the neighborhood.
const SIDE_PX: usize = 2 * RADIUS_PX + 1;

/// For each pixel of the coarse matte the share of detail that it is missing, 0 to 1.
pub(crate) fn missing_detail(alpha: &[u8], width: usize, height: usize) -> Plane {
    let mut bent = Plane::default();
    bent.resize(width, height);
    // Column sums of the value, its square, and the value times the row's distance from the center.
    let (mut values, mut squares, mut with_rows) = (Vec::new(), Vec::new(), Vec::new());
    for y in 0..height {
        for sums in [&mut values, &mut squares, &mut with_rows] {
            sums.clear();
            sums.resize(width + 2 * RADIUS_PX, 0.0);
        }
        let inside = RADIUS_PX..RADIUS_PX + width;
        for (distance, row) in clamped(y as isize - RADIUS_PX as isize, SIDE_PX, height).enumerate() {
            let distance = distance as f32 - RADIUS_PX as f32;
            let source = &alpha[row * width..][..width];
            let (values, squares) = (&mut values[inside.clone()], &mut squares[inside.clone()]);
            add_row(source, distance, values, squares, &mut with_rows[inside.clone()]);
        }
        for sums in [&mut values, &mut squares, &mut with_rows] {
            let (first, last) = (sums[inside.start], sums[inside.end - 1]);
            sums[..inside.start].fill(first);
            sums[inside.end..].fill(last);
        }
        bend(&values, &squares, &with_rows, &mut bent.samples[y * width..][..width]);
    }
    bent
}

wide! {
    /// Adds a row to the sums of its columns.
    fn add_row(row: &[u8], distance: f32, values: &mut [f32], squares: &mut [f32], with_rows: &mut [f32])
        = add_one_by_one
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn add_one_by_one(row: &[u8], distance: f32, values: &mut [f32], squares: &mut [f32], with_rows: &mut [f32]) {
    for (((&value, sum), squares), with_row) in row.iter().zip(values).zip(squares).zip(with_rows) {
        let value = f32::from(value) / 255.0;
        *sum += value;
        *squares += value * value;
        *with_row += value * distance;
    }
}

wide! {
    /// Judges the neighborhoods of one row of pixels from the sums of their columns.
    fn bend(values: &[f32], squares: &[f32], with_rows: &[f32], bent: &mut [f32]) = bend_one_by_one
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn bend_one_by_one(values: &[f32], squares: &[f32], with_rows: &[f32], bent: &mut [f32]) {
    let n = bent.len();
    let (values, squares) = (&values[..n + 2 * RADIUS_PX], &squares[..n + 2 * RADIUS_PX]);
    let with_rows = &with_rows[..n + 2 * RADIUS_PX];
    let count = (SIDE_PX * SIDE_PX) as f32;
    for x in 0..n {
        let (mut sum, mut square, mut along_y, mut along_x) = (0.0, 0.0, 0.0, 0.0);
        for column in 0..SIDE_PX {
            let value = values[x + column];
            sum += value;
            square += squares[x + column];
            along_y += with_rows[x + column];
            along_x += value * (column as f32 - RADIUS_PX as f32);
        }
        let variance = (square / count - (sum / count) * (sum / count)).max(0.0);
        // The variance of a coordinate over the window: r (r + 1) / 3.
        let spread = (RADIUS_PX * (RADIUS_PX + 1)) as f32 / 3.0;
        let planar = ((along_x / count).powi(2) + (along_y / count).powi(2)) / spread;
        // The constant is the variance of rounding to 8 bits.
        let share = (variance - planar).max(0.0) / (variance + 1e-5);
        let t = ((share - PLANAR) / (BENT - PLANAR)).clamp(0.0, 1.0);
        bent[x] = t * t * (3.0 - 2.0 * t);
    }
}
