//! Solves for both colors on one tile after another, keeping its memory.

use super::level::Level;
use crate::axis::{Axis, lerp_each};
use crate::tile::{SIDE_PX, Tile, clamped};

/// Steps at each size but the full one. A tile is solved with as many pixels around it.
const STEPS: usize = 3;
/// Steps at sizes so small that colors have far to go, in pixels, and cost nothing.
const SMALL_STEPS: usize = 16;
/// The longest side of such a size.
const SMALL_PX: usize = 64;
/// The widest tile with what is around it.
const WIDEST_PX: usize = SIDE_PX + 2 * SMALL_STEPS;
/// Steps are computed for so many samples at once. The last of a row may lie beyond its end, so that planes are longer
/// by as much than their samples.
const LANES: usize = 8;
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
        weigh(self);
        for channel in 0..3 {
            self.relax(channel, steps);
        }
        for y in 0..tile.height {
            let target = (y * size.0 + tile.x) * 4;
            let source = (y + steps) * self.width + steps;
            for (colors, estimated) in [(&mut *foreground, &self.foreground), (&mut *background, &self.background)] {
                let [red, green, blue] = estimated;
                let pixels = colors[target..][..tile.width * 4].as_chunks_mut::<4>().0;
                round(&red[source..], &green[source..], &blue[source..], pixels);
            }
        }
    }

    /// Reads the photo and interpolates both colors on `tile` and `margin` pixels around it. Outside of the picture
    /// its border repeats.
    fn gather(&mut self, coarser: &Level, photo: &[u8], size: (usize, usize), tile: Tile, margin: usize) {
        (self.width, self.height) = (tile.width + 2 * margin, tile.height + 2 * margin);
        let (width, len) = (self.width, self.width * self.height);
        for plane in self.photo.iter_mut().chain(&mut self.foreground).chain(&mut self.background) {
            plane.resize(len + LANES, 0.0);
        }
        self.alpha.resize(len + LANES, 0.0);
        let inside = tile.grown(margin, size.0, size.1);
        let columns = coarser.columns(inside.x, inside.width);
        let rows = coarser.rows(inside.y, inside.height);
        let sources: Vec<usize> =
            clamped(tile.x as isize - margin as isize, width, size.0).map(|x| x - inside.x).collect();
        for (y, source_y) in clamped(tile.y as isize - margin as isize, self.height, size.1).enumerate() {
            let pixels = &photo[(source_y * size.0 + inside.x) * 4..][..inside.width * 4].as_chunks::<4>().0;
            self.mix_rows(coarser, &columns, &rows, source_y - inside.y);
            gather_row(self, y * width, pixels, &sources, &columns);
        }
    }

    fn mix_rows(&mut self, coarser: &Level, columns: &Axis, rows: &Axis, y: usize) {
        coarser.mix_rows(&coarser.foreground, columns, rows, y, &mut self.foreground_line);
        coarser.mix_rows(&coarser.background, columns, rows, y, &mut self.background_line);
    }

    /// Jacobi steps on one channel, with Chebyshev's acceleration (Golub & Varga 1961). The outermost samples stay.
    fn relax(&mut self, channel: usize, steps: usize) {
        self.other_foreground.clone_from(&self.foreground[channel]);
        self.other_background.clone_from(&self.background[channel]);
        let square = SPECTRAL_RADIUS * SPECTRAL_RADIUS;
        let mut omega = 1.0;
        for step in 0..steps {
            jacobi_step(self, channel, omega);
            omega = if step == 0 { 2.0 / (2.0 - square) } else { 4.0 / (4.0 - square * omega) };
        }
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
            let pixels = band[at..][..tile.width * 4].as_chunks_mut::<4>().0;
            finish_row(pixels, &self.foreground_line, &self.background_line, &columns);
        }
    }
}

wide! {
    /// One row of [`Solver::gather`], which begins at sample `at`. `sources` says for each sample which of the pixels
    /// it is.
    fn gather_row(solver: &mut Solver, at: usize, pixels: &[[u8; 4]], sources: &[usize], columns: &Axis)
        = gather_one_by_one
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn gather_one_by_one(solver: &mut Solver, at: usize, pixels: &[[u8; 4]], sources: &[usize], columns: &Axis) {
    let first = columns.first();
    let n = sources.len();
    let mut mixed = [[[0.0; 4]; WIDEST_PX]; 2];
    let mut seen = [[0; 4]; WIDEST_PX];
    for (mixed, line) in mixed.iter_mut().zip([&solver.foreground_line, &solver.background_line]) {
        for (mixed, &source) in mixed.iter_mut().zip(sources) {
            let before = columns.before[source] - first;
            *mixed = lerp_each(line[before], line[before + 1], columns.share[source]);
        }
    }
    for (seen, &source) in seen.iter_mut().zip(sources) {
        *seen = pixels[source];
    }
    let [foreground, background] = &mixed;
    let (foreground, background, seen) = (&foreground[..n], &background[..n], &seen[..n]);
    for channel in 0..3 {
        for (sample, pixel) in solver.photo[channel][at..][..n].iter_mut().zip(seen) {
            *sample = f32::from(pixel[channel]);
        }
        for (sample, mixed) in solver.foreground[channel][at..][..n].iter_mut().zip(foreground) {
            *sample = mixed[channel];
        }
        for (sample, mixed) in solver.background[channel][at..][..n].iter_mut().zip(background) {
            *sample = mixed[channel];
        }
    }
    for (sample, pixel) in solver.alpha[at..][..n].iter_mut().zip(seen) {
        *sample = f32::from(pixel[3]) / 255.0;
    }
}

wide! {
    /// Makes pixels of three channels.
    fn round(red: &[f32], green: &[f32], blue: &[f32], pixels: &mut [[u8; 4]]) = round_one_by_one
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn round_one_by_one(red: &[f32], green: &[f32], blue: &[f32], pixels: &mut [[u8; 4]]) {
    for (((pixel, r), g), b) in pixels.iter_mut().zip(red).zip(green).zip(blue) {
        let [r, g, b] = [(r + 0.5) as u8, (g + 0.5) as u8, (b + 0.5) as u8];
        *pixel = (u32::from(r) | (u32::from(g) << 8) | (u32::from(b) << 16)).to_le_bytes();
    }
}

wide! {
    /// One row of [`Solver::finish`]. The lines are those of the level below, interpolated downwards.
    fn finish_row(pixels: &mut [[u8; 4]], foreground: &[[f32; 4]], background: &[[f32; 4]], columns: &Axis)
        = finish_one_by_one
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn finish_one_by_one(pixels: &mut [[u8; 4]], foreground: &[[f32; 4]], background: &[[f32; 4]], columns: &Axis) {
    let first = columns.first();
    for ((pixel, &before), &share) in pixels.iter_mut().zip(&columns.before).zip(&columns.share) {
        let before = before - first;
        match pixel[3] {
            255 => {}
            // Seen only if the matte is grown later, and by its rim.
            0 => {
                let [r, g, b, _] = foreground[before];
                *pixel = [(r + 0.5) as u8, (g + 0.5) as u8, (b + 0.5) as u8, 0];
            }
            _ => {
                let foreground = lerp_each(foreground[before], foreground[before + 1], share);
                let background = lerp_each(background[before], background[before + 1], share);
                *pixel = corrected(*pixel, foreground, background);
            }
        }
    }
}

wide! {
    /// Weights between neighbors, and each sample's inverted system.
    fn weigh(solver: &mut Solver) = weigh_each
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn weigh_each(solver: &mut Solver) {
    let (width, len) = (solver.width, solver.width * solver.height);
    for plane in [&mut solver.right, &mut solver.below].into_iter().chain(&mut solver.inverse) {
        plane.resize(len + LANES, 0.0);
    }
    for (weights, step) in [(&mut solver.right, 1), (&mut solver.below, width)] {
        let n = len - step;
        let [red, green, blue] = &solver.foreground;
        for start in (0..n).step_by(WIDEST_PX) {
            let n = WIDEST_PX.min(n - start);
            let (red, next_red) = (&red[start..][..n], &red[start + step..][..n]);
            let (green, next_green) = (&green[start..][..n], &green[start + step..][..n]);
            let (blue, next_blue) = (&blue[start..][..n], &blue[start + step..][..n]);
            let (alpha, next_alpha) = (&solver.alpha[start..][..n], &solver.alpha[start + step..][..n]);
            let mut results = [0.0; WIDEST_PX];
            let results = &mut results[..n];
            for i in 0..n {
                let (r, g, b) = (red[i] - next_red[i], green[i] - next_green[i], blue[i] - next_blue[i]);
                let material = (r * r + g * g + b * b) / (MATERIAL_STEP * MATERIAL_STEP);
                let held = SMOOTHNESS + SMOOTHNESS_ACROSS_EDGES * (alpha[i] - next_alpha[i]).abs();
                results[i] = held / (1.0 + material);
            }
            weights[start..][..n].copy_from_slice(results);
        }
    }
    let [first, mixed, last] = &mut solver.inverse;
    for start in (width..len - width).step_by(WIDEST_PX) {
        let n = WIDEST_PX.min(len - width - start);
        let alpha = &solver.alpha[start..][..n];
        let (left, right) = (&solver.right[start - 1..][..n], &solver.right[start..][..n]);
        let (up, down) = (&solver.below[start - width..][..n], &solver.below[start..][..n]);
        let mut results = [[0.0; WIDEST_PX]; 3];
        for i in 0..n {
            let (alpha, held) = (alpha[i], left[i] + right[i] + up[i] + down[i]);
            let rest = 1.0 - alpha;
            let (of_foreground, shared, of_background) = (alpha * alpha + held, alpha * rest, rest * rest + held);
            let scale = 1.0 / (of_foreground * of_background - shared * shared);
            results[0][i] = of_background * scale;
            results[1][i] = -shared * scale;
            results[2][i] = of_foreground * scale;
        }
        first[start..][..n].copy_from_slice(&results[0][..n]);
        mixed[start..][..n].copy_from_slice(&results[1][..n]);
        last[start..][..n].copy_from_slice(&results[2][..n]);
    }
}

wide! {
    /// One of the steps of [`Solver::relax`].
    fn jacobi_step(solver: &mut Solver, channel: usize, omega: f32) = step_row_by_row
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn step_row_by_row(solver: &mut Solver, channel: usize, omega: f32) {
    let width = solver.width;
    let changed = width - 2;
    let n = changed.next_multiple_of(LANES);
    let (foreground, background) = (&mut solver.foreground[channel], &mut solver.background[channel]);
    // Results go through arrays that overlap nothing, as the compiler can see: otherwise it computes one at a time.
    let (mut results_f, mut results_b) = ([0.0; WIDEST_PX], [0.0; WIDEST_PX]);
    let (results_f, results_b) = (&mut results_f[..n], &mut results_b[..n]);
    for y in 1..solver.height - 1 {
        let at = y * width + 1;
        let (f, b) = (&foreground[at - 1..][..n + 2], &background[at - 1..][..n + 2]);
        let (f_up, b_up) = (&foreground[at - width..][..n], &background[at - width..][..n]);
        let (f_down, b_down) = (&foreground[at + width..][..n], &background[at + width..][..n]);
        let sides = &solver.right[at - 1..][..=n];
        let (up, down) = (&solver.below[at - width..][..n], &solver.below[at..][..n]);
        let (alpha, photo) = (&solver.alpha[at..][..n], &solver.photo[channel][at..][..n]);
        let [first, mixed, last] = &solver.inverse;
        let (first, mixed, last) = (&first[at..][..n], &mixed[at..][..n], &last[at..][..n]);
        let (other_f, other_b) = (&mut solver.other_foreground[at..][..n], &mut solver.other_background[at..][..n]);
        for x in 0..n {
            let (left, right, up, down) = (sides[x], sides[x + 1], up[x], down[x]);
            let seen = alpha[x] * photo[x];
            let sum_f = left * f[x] + right * f[x + 2] + up * f_up[x] + down * f_down[x] + seen;
            let sum_b = left * b[x] + right * b[x + 2] + up * b_up[x] + down * b_down[x] + photo[x] - seen;
            let next_f = first[x] * sum_f + mixed[x] * sum_b;
            let next_b = mixed[x] * sum_f + last[x] * sum_b;
            results_f[x] = (other_f[x] + omega * (next_f - other_f[x])).clamp(0.0, 255.0);
            results_b[x] = (other_b[x] + omega * (next_b - other_b[x])).clamp(0.0, 255.0);
        }
        other_f[..changed].copy_from_slice(&results_f[..changed]);
        other_b[..changed].copy_from_slice(&results_b[..changed]);
    }
    std::mem::swap(foreground, &mut solver.other_foreground);
    std::mem::swap(background, &mut solver.other_background);
}

/// The foreground color that explains the photo's with the smallest change to both estimates.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn corrected(pixel: [u8; 4], foreground: [f32; 4], background: [f32; 4]) -> [u8; 4] {
    let alpha = f32::from(pixel[3]) / 255.0;
    let rest = 1.0 - alpha;
    let strength = alpha / (alpha * alpha + rest * rest + PRIOR);
    let mut corrected = [0; 4];
    for channel in 0..4 {
        let missing = f32::from(pixel[channel]) - alpha * foreground[channel] - rest * background[channel];
        let square = missing * missing;
        let beyond_grain = missing * square / (square + GRAIN * GRAIN);
        corrected[channel] = (foreground[channel] + strength * beyond_grain + 0.5) as u8;
    }
    [corrected[0], corrected[1], corrected[2], pixel[3]]
}

/// The alpha of all of a tile, if it has but one.
fn constant_alpha(photo: &[u8], width: usize, tile: Tile) -> Option<u8> {
    let row = |y: usize| photo[(y * width + tile.x) * 4..][..tile.width * 4].as_chunks::<4>().0;
    let first = row(tile.y)[0][3];
    // Whole rows: the compiler looks at several pixels at once where it need not stop at the first that differs.
    let differences = |any, pixel: &[u8; 4]| any | (u32::from_le_bytes(*pixel) ^ u32::from_le_bytes([0, 0, 0, first]));
    let same = |row: &[[u8; 4]]| row.iter().fold(0, differences).to_le_bytes()[3] == 0;
    (tile.y..tile.y + tile.height).all(|y| same(row(y))).then_some(first)
}

/// Copies colors from a level to the next larger one, each twice in both directions, leaving alpha. `band` is the rows
/// of the larger one that the tile is in.
fn repeat(coarser: &Level, colors: &[u8], band: &mut [u8], width: usize, tile: Tile) {
    debug_assert!(tile.x.is_multiple_of(2), "tiles begin where a pixel of half the size does");
    for (y, picture_y) in (tile.y..tile.y + tile.height).enumerate() {
        let source_y = (picture_y / 2).min(coarser.height - 1);
        let source = colors[source_y * coarser.width * 4..][..coarser.width * 4].as_chunks::<4>().0;
        let source = &source[(tile.x / 2).min(source.len() - 1)..];
        let pixels = band[(y * width + tile.x) * 4..][..tile.width * 4].as_chunks_mut::<4>().0;
        let (pairs, _) = pixels.as_chunks_mut::<2>();
        for (pair, &color) in pairs.iter_mut().zip(source) {
            *pair = [with_color(pair[0], color), with_color(pair[1], color)];
        }
        // The level below is half as wide, rounded down.
        let copied = (2 * source.len()).min(pixels.len() / 2 * 2);
        let last = source[(copied / 2).min(source.len() - 1)];
        for pixel in &mut pixels[copied..] {
            *pixel = with_color(*pixel, last);
        }
    }
}

fn with_color(pixel: [u8; 4], color: [u8; 4]) -> [u8; 4] {
    const ALPHA: u32 = u32::from_le_bytes([0, 0, 0, 255]);
    ((u32::from_le_bytes(pixel) & ALPHA) | (u32::from_le_bytes(color) & !ALPHA)).to_le_bytes()
}
