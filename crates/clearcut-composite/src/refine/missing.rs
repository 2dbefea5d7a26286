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

/// For each pixel of the coarse matte the share of detail that it is missing, 0 to 1.
pub(crate) fn missing_detail(alpha: &[u8], width: usize, height: usize) -> Plane {
    const SIDE: usize = 2 * RADIUS_PX + 1;
    let columns: Vec<usize> = clamped(-(RADIUS_PX as isize), width + 2 * RADIUS_PX, width).collect();
    let mut bent = Plane::default();
    bent.resize(width, height);
    // Column sums of the value, its square, and the value times the row's distance from the center.
    let mut columns_of = vec![[0.0_f32; 3]; columns.len()];
    for y in 0..height {
        columns_of.fill([0.0; 3]);
        for (distance, row) in clamped(y as isize - RADIUS_PX as isize, SIDE, height).enumerate() {
            let distance = distance as f32 - RADIUS_PX as f32;
            let source = &alpha[row * width..][..width];
            for (sums, &column) in columns_of.iter_mut().zip(&columns) {
                let value = f32::from(source[column]) / 255.0;
                *sums = [sums[0] + value, sums[1] + value * value, sums[2] + value * distance];
            }
        }
        for (target, around) in bent.samples[y * width..].iter_mut().zip(columns_of.windows(SIDE)) {
            *target = bend(around);
        }
    }
    bent
}

/// Judges one neighborhood from the sums of its columns.
fn bend(columns: &[[f32; 3]]) -> f32 {
    let count = (columns.len() * columns.len()) as f32;
    let (mut sum, mut squares, mut along_y, mut along_x) = (0.0, 0.0, 0.0, 0.0);
    for (distance, [value, square, with_row]) in columns.iter().enumerate() {
        sum += value;
        squares += square;
        along_y += with_row;
        along_x += value * (distance as f32 - RADIUS_PX as f32);
    }
    let variance = (squares / count - (sum / count) * (sum / count)).max(0.0);
    // The variance of a coordinate over the window: r (r + 1) / 3.
    let spread = (RADIUS_PX * (RADIUS_PX + 1)) as f32 / 3.0;
    let planar = ((along_x / count).powi(2) + (along_y / count).powi(2)) / spread;
    // The constant is the variance of rounding to 8 bits.
    let share = (variance - planar).max(0.0) / (variance + 1e-5);
    let t = ((share - PLANAR) / (BENT - PLANAR)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}
