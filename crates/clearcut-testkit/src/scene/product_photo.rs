//! A picture that passes for a product photo: a glazed mug on a wooden table in front of a blurred room.

mod camera;
mod light;
mod mug;
mod room;
mod vector;

use rayon::prelude::*;

use self::camera::Camera;
use self::mug::Mug;
use self::room::Room;
use self::vector::{Vector, add, times};
use super::Scene;
use super::canvas::Layer;
use super::color::{Color, to_bytes};
use super::random::Random;

/// Samples along one side of a pixel on the mug's outline.
const SIDE: u32 = 6;

/// A stoneware mug with a handle, lit by a window, on a table; soft shadow, blurred background, vignette, grain.
pub fn product_photo(width_px: u32, height_px: u32, seed: u64) -> Scene {
    let mut random = Random::new(seed, "product_photo");
    let photographer = Photographer {
        camera: Camera::new(width_px, height_px),
        mug: Mug::new(&mut random),
        room: Room::new(&mut random),
        width_px: width_px as usize,
        height_px: height_px as usize,
    };
    let (layer, background_rgb) = photographer.shoot();
    Scene::compose("product_photo", width_px, height_px, layer, background_rgb).with_grain(5, &mut random)
}

struct Photographer {
    camera: Camera,
    mug: Mug,
    room: Room,
    width_px: usize,
    height_px: usize,
}

/// Coverage 0 to 1, and the mug's color times it, in code values.
type Covered = (f32, Color);

impl Photographer {
    fn shoot(&self) -> (Layer, Vec<u8>) {
        let mut mug = self.every_pixel(|x, y| self.mug_at(x as f32 + 0.5, y as f32 + 0.5));
        self.refine_outline(&mut mug);
        let background = self.every_pixel(|x, y| self.room_at(x as f32 + 0.5, y as f32 + 0.5));

        // No lens is perfectly sharp: spread every pixel over its neighbors, coverage and light alike.
        let mug = self.soften(&mug, |sum, (alpha, color): Covered, weight| {
            (sum.0 + alpha * weight, add(sum.1, times(color, weight)))
        });
        let background = self.soften(&background, |sum, color, weight| add(sum, times(color, weight)));

        let mut layer =
            Layer { alpha: Vec::with_capacity(mug.len()), foreground_rgb: Vec::with_capacity(mug.len() * 3) };
        for (alpha, color) in mug {
            let byte = (alpha * 255.0 + 0.5) as u8;
            layer.alpha.push(byte);
            layer.foreground_rgb.extend(if byte == 0 { [0; 3] } else { to_bytes(times(color, 1.0 / alpha)) });
        }
        (layer, background.into_iter().flat_map(to_bytes).collect())
    }

    fn every_pixel<T: Send>(&self, draw: impl Fn(usize, usize) -> T + Sync) -> Vec<T> {
        let pixels = (0..self.width_px * self.height_px).into_par_iter();
        pixels.map(|index| draw(index % self.width_px, index / self.width_px)).collect()
    }

    fn mug_at(&self, x: f32, y: f32) -> Covered {
        let ray = self.camera.ray(x, y);
        light::hit(&self.mug, &ray).map_or((0.0, [0.0; 3]), |distance| {
            (1.0, self.camera.develop(light::shade(&self.mug, &ray, distance), x, y))
        })
    }

    fn room_at(&self, x: f32, y: f32) -> Color {
        let side = self.width_px.min(self.height_px) as f32;
        let at = [(x - self.width_px as f32 / 2.0) / side, (self.height_px as f32 / 2.0 - y) / side];
        let light: Vector = self.room.light(&self.mug, &self.camera, &self.camera.ray(x, y), at);
        self.camera.develop(light, x, y)
    }

    /// Draws the pixels again whose neighbors differ in coverage, with many samples each.
    fn refine_outline(&self, mug: &mut [Covered]) {
        let hits: Vec<bool> = mug.iter().map(|&(alpha, _)| alpha > 0.0).collect();
        for y in 0..self.height_px {
            for x in 0..self.width_px {
                let index = y * self.width_px + x;
                if self.neighbors(x, y).any(|(neighbor, _)| hits[neighbor] != hits[index]) {
                    mug[index] = self.mug_in(x, y);
                }
            }
        }
    }

    fn mug_in(&self, x: usize, y: usize) -> Covered {
        let share = 1.0 / (SIDE * SIDE) as f32;
        let offset = |sample: u32| (sample as f32 + 0.5) / SIDE as f32;
        let samples = (0..SIDE).flat_map(|row| (0..SIDE).map(move |column| (column, row)));
        samples.fold((0.0, [0.0; 3]), |sum, (column, row)| {
            let (alpha, color) = self.mug_at(x as f32 + offset(column), y as f32 + offset(row));
            (sum.0 + alpha * share, add(sum.1, times(color, share)))
        })
    }

    fn soften<T: Copy + Default + Send + Sync>(&self, pixels: &[T], mix: impl Fn(T, T, f32) -> T + Sync) -> Vec<T> {
        self.every_pixel(|x, y| {
            self.neighbors(x, y).fold(T::default(), |sum, (index, weight)| mix(sum, pixels[index], weight))
        })
    }

    /// The pixel and its eight neighbors with binomial weights; beyond the border its nearest pixel is repeated.
    fn neighbors(&self, x: usize, y: usize) -> impl Iterator<Item = (usize, f32)> {
        let columns = [x.saturating_sub(1), x, (x + 1).min(self.width_px - 1)];
        let rows = [y.saturating_sub(1), y, (y + 1).min(self.height_px - 1)];
        let width_px = self.width_px;
        (0..9).map(move |at| {
            let (column, row) = (at % 3, at / 3);
            let weight = [0.25, 0.5, 0.25];
            (rows[row] * width_px + columns[column], weight[column] * weight[row])
        })
    }
}
