//! Colors as three floats in code values, 0 to 255.

/// sRGB code values, not linear light: a scene is composed as files store it.
pub(super) type Color = [f32; 3];

pub(super) fn mix(from: Color, to: Color, amount: f32) -> Color {
    [0, 1, 2].map(|channel| from[channel] + (to[channel] - from[channel]) * amount)
}

pub(super) fn scale(color: Color, factor: f32) -> Color {
    color.map(|value| value * factor)
}

pub(super) fn to_bytes(color: Color) -> [u8; 3] {
    // `as` saturates, so light beyond white is clipped as in a camera.
    color.map(|value| (value + 0.5) as u8)
}

/// Cubic step from 0 at `low` to 1 at `high`.
pub(super) fn smoothstep(low: f32, high: f32, value: f32) -> f32 {
    let t = ((value - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}
