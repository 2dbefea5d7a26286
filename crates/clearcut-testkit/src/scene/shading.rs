//! Light on round bodies, for the scenes that are drawn from flat shapes.

use super::color::{Color, mix, scale};

/// Direction to the light: above, left, in front.
const LIGHT: [f32; 3] = [-0.45, -0.62, 0.64];

/// The color of a ball at a point of its unit disc: diffuse light, a highlight, a rim darkened by turning away.
pub(super) fn ball(color: Color, [x, y]: [f32; 2]) -> Color {
    let z = (1.0 - x * x - y * y).max(0.0).sqrt();
    let facing = x * LIGHT[0] + y * LIGHT[1] + z * LIGHT[2];
    let highlight = (facing.max(0.0)).powi(24) * 0.55;
    mix(scale(color, 0.35 + 0.7 * facing.max(0.0)), [255.0, 252.0, 244.0], highlight)
}
