//! The camera: rays, depth of field, vignette and the curve from light to code values.

use super::vector::{Vector, add, cross, dot, normalize, sub, times};
use crate::scene::color::Color;

const EYE: Vector = [0.0, 1.35, 4.1];
const TARGET: Vector = [0.11, 0.45, 0.0];
/// Focal length in units of the picture's shorter side.
const FOCAL: f32 = 2.32;
/// Strength of the blur away from the plane of focus.
const APERTURE: f32 = 0.22;

#[derive(Debug, Clone, Copy)]
pub(super) struct Ray {
    pub(super) origin: Vector,
    pub(super) direction: Vector,
}

impl Ray {
    pub(super) fn at(&self, distance: f32) -> Vector {
        add(self.origin, times(self.direction, distance))
    }
}

#[derive(Debug)]
pub(super) struct Camera {
    center: [f32; 2],
    side_px: f32,
    forward: Vector,
    right: Vector,
    up: Vector,
}

impl Camera {
    pub(super) fn new(width_px: u32, height_px: u32) -> Self {
        let forward = normalize(sub(TARGET, EYE));
        let right = normalize(cross(forward, [0.0, 1.0, 0.0]));
        Self {
            center: [width_px as f32 / 2.0, height_px as f32 / 2.0],
            side_px: width_px.min(height_px) as f32,
            forward,
            right,
            up: cross(right, forward),
        }
    }

    /// The ray through a point of the picture, in pixels.
    pub(super) fn ray(&self, x: f32, y: f32) -> Ray {
        let right = times(self.right, (x - self.center[0]) / self.side_px);
        let up = times(self.up, (self.center[1] - y) / self.side_px);
        Ray { origin: EYE, direction: normalize(add(times(self.forward, FOCAL), add(right, up))) }
    }

    /// How much of the picture one unit of the scene fills at a distance, in pixels.
    pub(super) fn pixels_per_unit(&self, distance: f32) -> f32 {
        FOCAL * self.side_px / distance
    }

    /// Radius of the disc that a point at this distance becomes, as a part of the shorter side.
    pub(super) fn blur(distance: f32) -> f32 {
        let focus = dot(EYE, EYE).sqrt() - 0.3;
        APERTURE * (1.0 / distance - 1.0 / focus).abs()
    }

    /// Light to code values: the corners darker, highlights rolled off, sRGB's curve.
    pub(super) fn develop(&self, light: Vector, x: f32, y: f32) -> Color {
        let off_center = (x - self.center[0]).hypot(y - self.center[1]) / self.center[0].hypot(self.center[1]);
        let vignette = 1.0 - 0.32 * off_center.powi(3);
        light.map(|value| 255.0 * encode(roll_off(value.max(0.0) * vignette)))
    }
}

/// Narkowicz, "ACES Filmic Tone Mapping Curve" (2015): a fit to the film industry's reference curve.
fn roll_off(light: f32) -> f32 {
    (light * (2.51 * light + 0.03) / (light * (2.43 * light + 0.59) + 0.14)).min(1.0)
}

/// IEC 61966-2-1.
fn encode(linear: f32) -> f32 {
    if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 }
}
