//! Backgrounds: a gradient, soft texture and out-of-focus blobs, some of them in the foreground's own color.

use super::color::{Color, mix, smoothstep, to_bytes};
use super::noise::value_noise;
use super::random::Random;

/// What a background is made of.
#[derive(Debug)]
pub(super) struct Backdrop<'a> {
    pub(super) top: Color,
    pub(super) bottom: Color,
    /// Colors of the blobs; put the foreground's among them, so that color alone does not tell the two apart.
    pub(super) blobs: &'a [Color],
    pub(super) blob_count: u32,
}

impl Backdrop<'_> {
    /// Three bytes a pixel.
    pub(super) fn draw(&self, width_px: u32, height_px: u32, random: &mut Random) -> Vec<u8> {
        let (width, height) = (width_px as f32, height_px as f32);
        let mut pixels = self.gradient(width_px, height_px, random.next_u64());
        for _ in 0..self.blob_count {
            let radius = width.min(height) * random.range(0.03, 0.14);
            let center = [random.range(0.0, width), random.range(0.0, height)];
            let opacity = random.range(0.2, 0.6);
            blob(&mut pixels, width_px as usize, center, radius, *random.pick(self.blobs), opacity);
        }
        pixels.into_iter().flat_map(to_bytes).collect()
    }

    fn gradient(&self, width_px: u32, height_px: u32, seed: u64) -> Vec<Color> {
        let grain_size = width_px.min(height_px) as f32 / 6.0;
        let mut pixels = Vec::with_capacity(width_px as usize * height_px as usize);
        for y in 0..height_px {
            let row = mix(self.top, self.bottom, y as f32 / height_px as f32);
            for x in 0..width_px {
                let light = 1.0 + 0.12 * value_noise(x as f32 / grain_size, y as f32 / grain_size, seed);
                pixels.push(row.map(|value| value * light));
            }
        }
        pixels
    }
}

/// A point of light that the lens does not hold in focus: a disc with a soft rim.
fn blob(pixels: &mut [Color], width_px: usize, center: [f32; 2], radius: f32, color: Color, opacity: f32) {
    let height_px = pixels.len() / width_px;
    let columns = reach(center[0], radius, width_px);
    for y in reach(center[1], radius, height_px) {
        for x in columns.clone() {
            let distance = (x as f32 + 0.5 - center[0]).hypot(y as f32 + 0.5 - center[1]);
            let amount = opacity * smoothstep(radius, radius * 0.8, distance);
            let pixel = &mut pixels[y * width_px + x];
            *pixel = mix(*pixel, color, amount);
        }
    }
}

fn reach(center: f32, radius: f32, end: usize) -> std::ops::Range<usize> {
    let first = (center - radius).floor().max(0.0) as usize;
    first..((center + radius).ceil().max(0.0) as usize).min(end)
}
