//! Value noise: smooth random texture that needs no table.

use super::random::mix;

/// Smooth noise in `[-1, 1]` with features about one unit wide.
pub(super) fn value_noise(x: f32, y: f32, seed: u64) -> f32 {
    let (left, top) = (x.floor(), y.floor());
    let (fx, fy) = (fade(x - left), fade(y - top));
    let (column, row) = (left as i64, top as i64);
    let upper = corner(column, row, seed) * (1.0 - fx) + corner(column + 1, row, seed) * fx;
    let lower = corner(column, row + 1, seed) * (1.0 - fx) + corner(column + 1, row + 1, seed) * fx;
    upper * (1.0 - fy) + lower * fy
}

fn fade(t: f32) -> f32 {
    t * t * (3.0 - 2.0 * t)
}

fn corner(column: i64, row: i64, seed: u64) -> f32 {
    let hash = mix(seed ^ (column as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (row as u64).rotate_left(32));
    (hash >> 40) as f32 / (1_u32 << 23) as f32 - 1.0
}
