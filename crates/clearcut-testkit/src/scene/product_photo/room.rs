//! What stands behind the mug: a wooden table and, far out of focus, a wall with lights and plants.

use super::camera::{Camera, Ray};
use super::light::diffuse;
use super::mug::Mug;
use super::vector::{Vector, add, filter, times};
use crate::scene::color::{mix, smoothstep};
use crate::scene::noise::value_noise;
use crate::scene::random::Random;

/// Where the table ends and where the wall stands.
const TABLE_BACK: f32 = -2.3;
const PLANK: f32 = 0.62;

#[derive(Debug)]
struct Blob {
    center: [f32; 2],
    radius: f32,
    light: Vector,
    /// Width of the rim as a part of the radius: a lens draws lamps as sharp discs, leaves melt into each other.
    softness: f32,
}

#[derive(Debug)]
pub(super) struct Room {
    blobs: Vec<Blob>,
    seed: u64,
}

impl Room {
    pub(super) fn new(random: &mut Random) -> Self {
        let mut blobs = Vec::new();
        for _ in 0..26 {
            blobs.push(Blob {
                center: [random.range(0.50, 0.95), random.range(-0.06, 0.26)],
                radius: random.range(0.05, 0.12),
                light: times([0.030, 0.052, 0.026], random.range(0.4, 1.9)),
                softness: 0.95,
            });
        }
        for lamp in 0..14 {
            // On both sides of the mug, never behind its outline: there a photographer would not want them either.
            let side = if lamp % 2 == 0 { random.range(-0.85, -0.30) } else { random.range(0.42, 0.9) };
            blobs.push(Blob {
                center: [side, random.range(0.18, 0.52)],
                radius: random.range(0.024, 0.042),
                light: times([0.42, 0.25, 0.11], random.range(0.15, 0.9)),
                softness: 0.2,
            });
        }
        Self { blobs, seed: random.next_u64() }
    }

    /// Light along a ray that misses the mug, or would pass through it. `at` is the point of the picture in shorter
    /// sides from its center, y up.
    pub(super) fn light(&self, mug: &Mug, camera: &Camera, ray: &Ray, at: [f32; 2]) -> Vector {
        let distance = if ray.direction[1] < -1e-4 { -ray.origin[1] / ray.direction[1] } else { f32::INFINITY };
        let point = ray.at(distance.min(50.0));
        let far = smoothstep(TABLE_BACK + 0.45, TABLE_BACK - 0.45, point[2]);
        let table = if far < 1.0 { self.table(mug, camera, point, distance) } else { [0.0; 3] };
        let wall = if far > 0.0 { self.wall(at) } else { [0.0; 3] };
        mix(table, wall, far)
    }

    fn wall(&self, at: [f32; 2]) -> Vector {
        let glow = smoothstep(1.1, 0.0, (at[0] + 0.42).hypot(at[1] - 0.3));
        let stains = 0.08 * value_noise(at[0] * 2.3, at[1] * 2.3, self.seed);
        let mut light = times(mix([0.075, 0.068, 0.064], [0.23, 0.205, 0.18], glow), 1.0 + stains);
        for blob in &self.blobs {
            let distance = (at[0] - blob.center[0]).hypot(at[1] - blob.center[1]);
            if distance < blob.radius {
                let amount = smoothstep(blob.radius, blob.radius * (1.0 - blob.softness), distance);
                light = if blob.softness < 0.5 {
                    // Lamps add light, a little more at the rim of their disc.
                    add(light, times(blob.light, amount * (0.75 + 0.25 * distance / blob.radius)))
                } else {
                    mix(light, blob.light, 0.75 * amount)
                };
            }
        }
        light
    }

    fn table(&self, mug: &Mug, camera: &Camera, point: Vector, distance: f32) -> Vector {
        let wood = self.wood(camera, point, distance);
        let arriving = diffuse(mug, point, [0.0, 1.0, 0.0]);
        // Varnish mirrors the bright wall where the table is seen at a flat angle.
        let sheen = 0.10 * smoothstep(0.6, TABLE_BACK, point[2]);
        add(filter(wood, arriving), times([0.55, 0.52, 0.48], sheen))
    }

    /// Planks from left to right. Texture finer than a pixel or than the lens's blur is left out, as a lens leaves it.
    fn wood(&self, camera: &Camera, point: Vector, distance: f32) -> Vector {
        let slant = distance / point[1].abs().max(1.35);
        let pixel = 1.0 / camera.pixels_per_unit(distance);
        let blur = (Camera::blur(distance) * distance / 2.32 + pixel) * slant;
        let kept = |feature: f32| 1.0 / (1.0 + (2.0 * blur / feature).powi(2));

        let row = (point[2] / PLANK).floor();
        let tone = value_noise(row * 7.31, 0.5, self.seed ^ 1);
        let x = point[0] + row * 3.7;
        let warp = 0.05 * value_noise(x * 0.9, point[2] * 2.0, self.seed ^ 2);
        let z = point[2] + warp;
        let grain = 0.20 * kept(0.06) * value_noise(x * 0.7, z * 16.0, self.seed ^ 3)
            + 0.26 * kept(0.02) * value_noise(x * 1.8, z * 48.0, self.seed ^ 4)
            + 0.34 * kept(0.008) * value_noise(x * 5.0, z * 130.0, self.seed ^ 5);
        let wood = mix([0.155, 0.085, 0.045], [0.23, 0.135, 0.075], 0.5 + 0.5 * tone);
        let from_seam = ((point[2] / PLANK - row) - 0.5).abs();
        let seam_width = 0.007 + blur;
        let seam = smoothstep(0.5 - seam_width * 1.6, 0.5, from_seam) * (0.007 / seam_width);
        times(wood, (1.0 + grain + 0.08 * value_noise(x * 0.6, z * 1.5, self.seed ^ 6)) * (1.0 - 0.8 * seam))
    }
}
