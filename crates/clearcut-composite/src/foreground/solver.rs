//! Solves for both colors on one tile after another, keeping its memory.

use super::level::Level;
use crate::axis::{Axis, lerp};
use crate::tile::{Tile, clamped};

/// Steps at each size but the full one. A tile is solved with as many pixels around it.
const STEPS: usize = 3;
/// Steps at sizes so small that colors have far to go, in pixels, and cost nothing.
const SMALL_STEPS: usize = 16;
/// The longest side of such a size.
const SMALL_PX: usize = 64;
/// An estimate of the spectral radius of a Jacobi step, which tunes the acceleration.
const SPECTRAL_RADIUS: f32 = 0.97;
/// How strongly neighbors of equal alpha are held together.
const SMOOTHNESS: f32 = 1e-5;
/// How strongly a step in alpha adds to it: across an edge the colors themselves are unlikely to change.
const SMOOTHNESS_ACROSS_EDGES: f32 = 0.3;
/// A step in foreground color, in code values, from which on two neighbors are taken for two materials.
const MATERIAL_STEP: f32 = 25.0;
/// How much the interpolated colors weigh against the photo in the last step, where a pixel is on its own.
const PRIOR: f32 = 0.01;
/// What a photo's grain amounts to in code values: the last step does not follow it.
const GRAIN: f32 = 2.0;

/// Three channels of samples, 0 to 255.
type Color = [Vec<f32>; 3];

#[derive(Debug, Default)]
pub(super) struct Solver {
    width: usize,
    height: usize,
    photo: Color,
    alpha: Vec<f32>,
    foreground: Color,
    background: Color,
    /// The colors of one channel two steps ago, and then those after the next.
    other_foreground: Vec<f32>,
    other_background: Vec<f32>,
    /// Weight between a sample and the one to its right, and the one below it.
    right: Vec<f32>,
    below: Vec<f32>,
    /// Inverse of each sample's symmetric 2 by 2 system.
    inverse: [Vec<f32>; 3],
    foreground_line: Vec<[f32; 4]>,
    background_line: Vec<[f32; 4]>,
}

impl Solver {
    /// Estimates both colors on `tile` of a level of the given size, starting from `coarser`, and writes them to
    /// `foreground` and `background`: the rows of the level that the tile is in, which hold the photo's colors so far.
    /// `photo` holds them as well, whole, with the matte as alpha.
    pub(super) fn solve(
        &mut self,
        coarser: &Level,
        photo: &[u8],
        size: (usize, usize),
        tile: Tile,
        foreground: &mut [u8],
        background: &mut [u8],
    ) {
        let steps = if size.0.max(size.1) <= SMALL_PX { SMALL_STEPS } else { STEPS };
        match constant_alpha(photo, size.0, tile.grown(steps, size.0, size.1)) {
            Some(0) => return repeat(coarser, &coarser.foreground, foreground, size.0, tile),
            Some(255) => return repeat(coarser, &coarser.background, background, size.0, tile),
            _ => {}
        }
        self.gather(coarser, photo, size, tile, steps);
        self.weigh();
        for channel in 0..3 {
            self.relax(channel, steps);
        }
        for y in 0..tile.height {
            let target = (y * size.0 + tile.x) * 4;
            let source = (y + steps) * self.width + steps;
            for (colors, estimated) in [(&mut *foreground, &self.foreground), (&mut *background, &self.background)] {
                let [red, green, blue] = estimated.each_ref().map(|plane| &plane[source..][..tile.width]);
                let pixels = colors[target..][..tile.width * 4].as_chunks_mut::<4>().0;
                for (((pixel, r), g), b) in pixels.iter_mut().zip(red).zip(green).zip(blue) {
                    *pixel = [(r + 0.5) as u8, (g + 0.5) as u8, (b + 0.5) as u8, 0];
                }
            }
        }
    }

    /// Reads the photo and interpolates both colors on `tile` and `margin` pixels around it. Outside of the picture
    /// its border repeats.
    fn gather(&mut self, coarser: &Level, photo: &[u8], size: (usize, usize), tile: Tile, margin: usize) {
        (self.width, self.height) = (tile.width + 2 * margin, tile.height + 2 * margin);
        let (width, len) = (self.width, self.width * self.height);
        for plane in self.photo.iter_mut().chain(&mut self.foreground).chain(&mut self.background) {
            plane.resize(len, 0.0);
        }
        self.alpha.resize(len, 0.0);
        let inside = tile.grown(margin, size.0, size.1);
        let columns = coarser.columns(inside.x, inside.width);
        let rows = coarser.rows(inside.y, inside.height);
        let sources: Vec<usize> =
            clamped(tile.x as isize - margin as isize, width, size.0).map(|x| x - inside.x).collect();
        for (y, source_y) in clamped(tile.y as isize - margin as isize, self.height, size.1).enumerate() {
            let pixels = &photo[(source_y * size.0 + inside.x) * 4..][..inside.width * 4].as_chunks::<4>().0;
            self.mix_rows(coarser, &columns, &rows, source_y - inside.y);
            for (x, &source) in sources.iter().enumerate() {
                let at = y * width + x;
                let pixel = pixels[source];
                let (foreground, background) = self.colors(&columns, source);
                for channel in 0..3 {
                    self.photo[channel][at] = f32::from(pixel[channel]);
                    self.foreground[channel][at] = foreground[channel];
                    self.background[channel][at] = background[channel];
                }
                self.alpha[at] = f32::from(pixel[3]) / 255.0;
            }
        }
    }

    fn mix_rows(&mut self, coarser: &Level, columns: &Axis, rows: &Axis, y: usize) {
        coarser.mix_rows(&coarser.foreground, columns, rows, y, &mut self.foreground_line);
        coarser.mix_rows(&coarser.background, columns, rows, y, &mut self.background_line);
    }

    /// Both colors at a column, interpolated between two columns of the mixed rows.
    fn colors(&self, columns: &Axis, column: usize) -> ([f32; 4], [f32; 4]) {
        let (at, share) = (columns.before[column] - columns.first(), columns.share[column]);
        let mix = |line: &[[f32; 4]]| {
            let (left, right) = (line[at], line[at + 1]);
            let mixed: [f32; 4] = std::array::from_fn(|channel| lerp(left[channel], right[channel], share));
            mixed
        };
        (mix(&self.foreground_line), mix(&self.background_line))
    }

    /// Weights between neighbors, and each sample's inverted system.
    fn weigh(&mut self) {
        let (width, len) = (self.width, self.width * self.height);
        for plane in [&mut self.right, &mut self.below].into_iter().chain(&mut self.inverse) {
            plane.resize(len, 0.0);
        }
        for (weights, step) in [(&mut self.right, 1), (&mut self.below, width)] {
            let n = len - step;
            let [red, green, blue] = self.foreground.each_ref().map(|plane| (&plane[..n], &plane[step..][..n]));
            let (alpha, next) = (&self.alpha[..n], &self.alpha[step..][..n]);
            for (i, weight) in weights[..n].iter_mut().enumerate() {
                let (r, g, b) = (red.0[i] - red.1[i], green.0[i] - green.1[i], blue.0[i] - blue.1[i]);
                let material = (r * r + g * g + b * b) / (MATERIAL_STEP * MATERIAL_STEP);
                let held = SMOOTHNESS + SMOOTHNESS_ACROSS_EDGES * (alpha[i] - next[i]).abs();
                *weight = held / (1.0 + material);
            }
        }
        let n = len - 2 * width;
        let (alpha, left, right) =
            (&self.alpha[width..][..n], &self.right[width - 1..][..n], &self.right[width..][..n]);
        let (up, down) = (&self.below[..n], &self.below[width..][..n]);
        let [first, mixed, last] = self.inverse.each_mut().map(|plane| &mut plane[width..][..n]);
        for i in 0..n {
            let (alpha, held) = (alpha[i], left[i] + right[i] + up[i] + down[i]);
            let rest = 1.0 - alpha;
            let (of_foreground, shared, of_background) = (alpha * alpha + held, alpha * rest, rest * rest + held);
            let scale = 1.0 / (of_foreground * of_background - shared * shared);
            first[i] = of_background * scale;
            mixed[i] = -shared * scale;
            last[i] = of_foreground * scale;
        }
    }

    /// Jacobi steps on one channel, with Chebyshev's acceleration (Golub & Varga 1961). The outermost samples stay.
    fn relax(&mut self, channel: usize, steps: usize) {
        self.other_foreground.clone_from(&self.foreground[channel]);
        self.other_background.clone_from(&self.background[channel]);
        let square = SPECTRAL_RADIUS * SPECTRAL_RADIUS;
        let mut omega = 1.0;
        for step in 0..steps {
            self.step(channel, omega);
            omega = if step == 0 { 2.0 / (2.0 - square) } else { 4.0 / (4.0 - square * omega) };
        }
    }

    fn step(&mut self, channel: usize, omega: f32) {
        let width = self.width;
        let n = width - 2;
        let (foreground, background) = (&mut self.foreground[channel], &mut self.background[channel]);
        for y in 1..self.height - 1 {
            let at = y * width + 1;
            let (f, b) = (&foreground[at - 1..][..n + 2], &background[at - 1..][..n + 2]);
            let (f_up, b_up) = (&foreground[at - width..][..n], &background[at - width..][..n]);
            let (f_down, b_down) = (&foreground[at + width..][..n], &background[at + width..][..n]);
            let sides = &self.right[at - 1..][..=n];
            let (up, down) = (&self.below[at - width..][..n], &self.below[at..][..n]);
            let (alpha, photo) = (&self.alpha[at..][..n], &self.photo[channel][at..][..n]);
            let [first, mixed, last] = self.inverse.each_ref().map(|plane| &plane[at..][..n]);
            let other_f = &mut self.other_foreground[at..][..n];
            let other_b = &mut self.other_background[at..][..n];
            for x in 0..n {
                let (left, right, up, down) = (sides[x], sides[x + 1], up[x], down[x]);
                let seen = alpha[x] * photo[x];
                let sum_f = left * f[x] + right * f[x + 2] + up * f_up[x] + down * f_down[x] + seen;
                let sum_b = left * b[x] + right * b[x + 2] + up * b_up[x] + down * b_down[x] + photo[x] - seen;
                let next_f = first[x] * sum_f + mixed[x] * sum_b;
                let next_b = mixed[x] * sum_f + last[x] * sum_b;
                other_f[x] = (other_f[x] + omega * (next_f - other_f[x])).clamp(0.0, 255.0);
                other_b[x] = (other_b[x] + omega * (next_b - other_b[x])).clamp(0.0, 255.0);
            }
        }
        std::mem::swap(foreground, &mut self.other_foreground);
        std::mem::swap(background, &mut self.other_background);
    }

    /// The last step, at full size and in place: colors interpolated from half the size, and where alpha is neither
    /// 0 nor 255 corrected by the photo, pixel by pixel. `band` is the rows of the photo that the tile is in.
    pub(super) fn finish(&mut self, coarser: &Level, band: &mut [u8], width: usize, tile: Tile) {
        match constant_alpha(band, width, Tile { y: 0, ..tile }) {
            Some(255) => return,
            Some(0) => return repeat(coarser, &coarser.foreground, band, width, tile),
            _ => {}
        }
        let columns = coarser.columns(tile.x, tile.width);
        let rows = coarser.rows(tile.y, tile.height);
        for y in 0..tile.height {
            self.mix_rows(coarser, &columns, &rows, y);
            let at = (y * width + tile.x) * 4;
            for (x, pixel) in band[at..][..tile.width * 4].as_chunks_mut::<4>().0.iter_mut().enumerate() {
                match pixel[3] {
                    255 => {}
                    // Seen only if the matte is grown later, and by its rim.
                    0 => {
                        let [r, g, b, _] = self.foreground_line[columns.before[x] - columns.first()];
                        *pixel = [(r + 0.5) as u8, (g + 0.5) as u8, (b + 0.5) as u8, 0];
                    }
                    _ => {
                        let (foreground, background) = self.colors(&columns, x);
                        *pixel = corrected(*pixel, foreground, background);
                    }
                }
            }
        }
    }
}

/// The foreground color that explains the photo's with the smallest change to both estimates.
fn corrected(pixel: [u8; 4], foreground: [f32; 4], background: [f32; 4]) -> [u8; 4] {
    let alpha = f32::from(pixel[3]) / 255.0;
    let rest = 1.0 - alpha;
    let strength = alpha / (alpha * alpha + rest * rest + PRIOR);
    let channel = |channel: usize| {
        let missing = f32::from(pixel[channel]) - alpha * foreground[channel] - rest * background[channel];
        let square = missing * missing;
        let beyond_grain = missing * square / (square + GRAIN * GRAIN);
        (foreground[channel] + strength * beyond_grain + 0.5) as u8
    };
    [channel(0), channel(1), channel(2), pixel[3]]
}

/// The alpha of all of a tile, if it has but one.
fn constant_alpha(photo: &[u8], width: usize, tile: Tile) -> Option<u8> {
    let row = |y: usize| photo[(y * width + tile.x) * 4..][..tile.width * 4].as_chunks::<4>().0;
    let first = row(tile.y)[0][3];
    let same = (tile.y..tile.y + tile.height).all(|y| row(y).iter().all(|pixel| pixel[3] == first));
    same.then_some(first)
}

/// Copies colors from a level to the next larger one, each twice in both directions, leaving alpha. `band` is the rows
/// of the larger one that the tile is in.
fn repeat(coarser: &Level, colors: &[u8], band: &mut [u8], width: usize, tile: Tile) {
    for (y, picture_y) in (tile.y..tile.y + tile.height).enumerate() {
        let source_y = (picture_y / 2).min(coarser.height - 1);
        let source = colors[source_y * coarser.width * 4..][..coarser.width * 4].as_chunks::<4>().0;
        let pixels = band[(y * width + tile.x) * 4..][..tile.width * 4].as_chunks_mut::<4>().0;
        for (x, pixel) in (tile.x..).zip(pixels) {
            let [r, g, b, _] = source[(x / 2).min(coarser.width - 1)];
            *pixel = [r, g, b, pixel[3]];
        }
    }
}
