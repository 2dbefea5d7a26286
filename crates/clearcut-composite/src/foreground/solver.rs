//! Solves for both colors on one tile after another, keeping its memory.

use super::level::Level;
use crate::axis::{Axis, lerp};
use crate::tile::{Tile, clamped};

/// Jacobi steps at each size but the full one. A tile is solved with as many pixels around it.
pub fn envf(n: &str, d: f32) -> f32 {
    std::env::var(n).ok().and_then(|v| v.parse().ok()).unwrap_or(d)
}

/// How strongly neighbors of equal alpha are held together, and how strongly a step in alpha adds to it: the
/// paper's values.

/// How much the interpolated colors weigh against the photo in the last step, where a pixel is on its own.

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
    next_foreground: Vec<f32>,
    next_background: Vec<f32>,
    /// Weight between a sample and the one to its right, and the one below it.
    right: Vec<f32>,
    below: Vec<f32>,
    /// Inverse of each sample's symmetric 2 by 2 system.
    inverse: [Vec<f32>; 3],
}

impl Solver {
    /// Estimates both colors on `tile` of `level`, starting from `coarser`. `level` holds the photo's colors, which
    /// `photo` holds too, with the matte as alpha.
    pub(super) fn solve(&mut self, coarser: &Level, photo: &[u8], level: &mut Level, tile: Tile) {
        #[allow(non_snake_case)]
        let ITERATIONS =
            if level.width.max(level.height) <= 32 * envf("SM", 1.) as usize { envf("NS", 3.) } else { envf("NB", 3.) }
                as usize;
        self.gather(coarser, photo, (level.width, level.height), tile, ITERATIONS);
        self.prepare();
        for channel in 0..3 {
            self.next_foreground.clone_from(&self.foreground[channel]);
            self.next_background.clone_from(&self.background[channel]);
            let rho = envf("RHO", 0.95);
            let mut omega = 1.0;
            for k in 0..ITERATIONS {
                self.iterate(channel, omega);
                omega = if k == 0 { 2.0 / (2.0 - rho * rho) } else { 4.0 / (4.0 - rho * rho * omega) };
            }
        }
        for y in 0..tile.height {
            let target = ((tile.y + y) * level.width + tile.x) * 4..;
            let source = (y + ITERATIONS) * self.width + ITERATIONS;
            for (colors, estimated) in
                [(&mut level.foreground, &self.foreground), (&mut level.background, &self.background)]
            {
                let pixels = colors[target.clone()][..tile.width * 4].as_chunks_mut::<4>().0;
                for (x, pixel) in pixels.iter_mut().enumerate() {
                    for channel in 0..3 {
                        pixel[channel] = (estimated[channel][source + x] + 0.5) as u8;
                    }
                }
            }
        }
    }

    fn gather(&mut self, coarser: &Level, photo: &[u8], (width, height): (usize, usize), tile: Tile, margin: usize) {
        (self.width, self.height) = (tile.width + 2 * margin, tile.height + 2 * margin);
        let len = self.width * self.height;
        for plane in self.photo.iter_mut().chain(&mut self.foreground).chain(&mut self.background) {
            plane.resize(len, 0.0);
        }
        self.alpha.resize(len, 0.0);
        let columns: Vec<usize> = clamped(tile.x as isize - margin as isize, self.width, width).collect();
        let across = Axis::new(0, width, coarser.step.0, coarser.width);
        let down = Axis::new(0, height, coarser.step.1, coarser.height);
        for (y, source_y) in clamped(tile.y as isize - margin as isize, self.height, height).enumerate() {
            let pixels = photo[source_y * width * 4..][..width * 4].as_chunks::<4>().0;
            let above = down.before[source_y];
            let below = (above + 1).min(coarser.height - 1);
            let share_y = down.share[source_y];
            for (x, &source_x) in columns.iter().enumerate() {
                let at = y * self.width + x;
                let left = across.before[source_x];
                let right = (left + 1).min(coarser.width - 1);
                let share_x = across.share[source_x];
                let near = std::env::var("NEAR").is_ok();
                let (share_x, share_y) = if near { (share_x.round(), share_y.round()) } else { (share_x, share_y) };
                let interpolate = |colors: &[u8], channel: usize| {
                    let sample = |x: usize, y: usize| f32::from(colors[(y * coarser.width + x) * 4 + channel]);
                    lerp(
                        lerp(sample(left, above), sample(right, above), share_x),
                        lerp(sample(left, below), sample(right, below), share_x),
                        share_y,
                    )
                };
                for channel in 0..3 {
                    self.photo[channel][at] = f32::from(pixels[source_x][channel]);
                    self.foreground[channel][at] = interpolate(&coarser.foreground, channel);
                    self.background[channel][at] = interpolate(&coarser.background, channel);
                }
                self.alpha[at] = f32::from(pixels[source_x][3]) / 255.0;
            }
        }
    }

    /// Weights between neighbors, and each sample's inverted system.
    fn prepare(&mut self) {
        let (width, len) = (self.width, self.width * self.height);
        for plane in [&mut self.right, &mut self.below].into_iter().chain(&mut self.inverse) {
            plane.clear();
            plane.resize(len, 0.0);
        }
        let sm = envf("REG", 1e-5);
        let sa = envf("SA", 1.0);
        let sp = envf("SP", 1.0);
        let weight = |a: f32, b: f32| sm + sa * (a - b).abs().powf(sp);
        for (i, pair) in self.alpha.windows(2).enumerate() {
            self.right[i] = weight(pair[0], pair[1]);
        }
        for (i, (&a, &b)) in self.alpha.iter().zip(&self.alpha[width..]).enumerate() {
            self.below[i] = weight(a, b);
        }
        let tau = envf("TAU", 0.0);
        if tau > 0.0 {
            for i in 0..len - width {
                for (plane, o) in [(&mut self.right, 1), (&mut self.below, width)] {
                    let d: f32 = (0..3).map(|c| (self.foreground[c][i] - self.foreground[c][i + o]).powi(2)).sum();
                    plane[i] /= 1.0 + d / (tau * tau);
                }
            }
        }
        for i in width..len - width {
            let alpha = self.alpha[i];
            let held = self.right[i - 1] + self.right[i] + self.below[i - width] + self.below[i];
            let (first, mixed, last) =
                (alpha * alpha + held, alpha * (1.0 - alpha), (1.0 - alpha) * (1.0 - alpha) + held);
            let determinant = first * last - mixed * mixed;
            self.inverse[0][i] = last / determinant;
            self.inverse[1][i] = -mixed / determinant;
            self.inverse[2][i] = first / determinant;
        }
    }

    /// One Jacobi step on one channel.
    fn iterate(&mut self, channel: usize, omega: f32) {
        let width = self.width;
        let (foreground, background) = (&mut self.foreground[channel], &mut self.background[channel]);
        for y in 1..self.height - 1 {
            let row = y * width + 1..(y + 1) * width - 1;
            let n = row.len();
            let (f, b) = (&foreground[row.start - 1..][..n + 2], &background[row.start - 1..][..n + 2]);
            let (f_up, b_up) = (&foreground[row.start - width..][..n], &background[row.start - width..][..n]);
            let (f_down, b_down) = (&foreground[row.start + width..][..n], &background[row.start + width..][..n]);
            let sides = &self.right[row.start - 1..][..n + 1];
            let (up, down) = (&self.below[row.start - width..][..n], &self.below[row.start..][..n]);
            let (alpha, photo) = (&self.alpha[row.clone()][..n], &self.photo[channel][row.clone()][..n]);
            let [first, mixed, last] = self.inverse.each_ref().map(|plane| &plane[row.clone()][..n]);
            let next_f = &mut self.next_foreground[row.clone()][..n];
            let next_b = &mut self.next_background[row.clone()][..n];
            for x in 0..n {
                let (left, right, up, down) = (sides[x], sides[x + 1], up[x], down[x]);
                let sum_f = left * f[x] + right * f[x + 2] + up * f_up[x] + down * f_down[x] + alpha[x] * photo[x];
                let sum_b =
                    left * b[x] + right * b[x + 2] + up * b_up[x] + down * b_down[x] + (1.0 - alpha[x]) * photo[x];
                next_f[x] = (next_f[x] + omega * (first[x] * sum_f + mixed[x] * sum_b - next_f[x])).max(0.0).min(255.0);
                next_b[x] = (next_b[x] + omega * (mixed[x] * sum_f + last[x] * sum_b - next_b[x])).max(0.0).min(255.0);
            }
        }
        std::mem::swap(foreground, &mut self.next_foreground);
        std::mem::swap(background, &mut self.next_background);
    }

    /// The last step, at full size: colors interpolated from half the size, corrected by the photo pixel by pixel.
    pub(super) fn finish(&mut self, coarser: &Level, photo: &mut [u8], (width, height): (usize, usize), tile: Tile) {
        let rows = tile.y..tile.y + tile.height;
        let row = |y: usize| (y * width + tile.x) * 4..(y * width + tile.x + tile.width) * 4;
        if rows.clone().all(|y| photo[row(y)].as_chunks::<4>().0.iter().all(|pixel| pixel[3] == 255)) {
            return;
        }
        self.gather(coarser, photo, (width, height), tile, 0);
        for (y, source_y) in rows.enumerate() {
            for (x, pixel) in photo[row(source_y)].as_chunks_mut::<4>().0.iter_mut().enumerate() {
                if pixel[3] == 255 {
                    continue;
                }
                let at = y * tile.width + x;
                let alpha = self.alpha[at];
                let strength = alpha / (alpha * alpha + (1.0 - alpha) * (1.0 - alpha) + envf("PRIOR", 0.01));
                for channel in 0..3 {
                    let (f, b) = (self.foreground[channel][at], self.background[channel][at]);
                    let rest = self.photo[channel][at] - alpha * f - (1.0 - alpha) * b;
                    pixel[channel] = (f + strength * rest + 0.5) as u8;
                }
            }
        }
    }
}
