//! From the matte of a network, a few hundred pixels wide, to one that follows the picture's own edges.
//!
//! The matte climbs a pyramid of the picture, doubling at every step. At each step a linear model of alpha in color
//! is fitted where the matte is, and evaluated on the pixels of the next larger picture: the fast guided filter
//! (He & Sun 2015), applied again at every scale. Because the first fit sees the picture averaged over the very
//! pixels that the matte was averaged over, its slopes are those of the full picture; because every later fit sees
//! a sharper matte through a smaller window, colors need to be linear only locally.
//!
//! Work goes tile by tile, and a tile on which the matte is constant is copied: memory is the pyramid (a third of
//! the picture) plus one tile.

mod missing;
mod model;
mod polish;
mod pyramid;
mod window;

use clearcut_image::{Matte, Picture};

pub(crate) use self::missing::missing_detail;
use self::model::Fitter;
use self::polish::Patch;
use self::pyramid::Guide;
pub(crate) use self::window::Plane;
use crate::axis::{Axis, lerp, lerp_each};
use crate::resample::{Channels, Filter, resample};
use crate::tile::{SIDE_PX, Tile, clamped, for_each_tile};

/// Alpha 1 between two steps: 16 bits, so that rounding at every scale does not add up.
const FULL: u16 = 255 * 257;

/// The widest tile with what is around it.
const WIDEST_PX: usize = SIDE_PX + 2 * polish::MARGIN_PX;

/// How a matte is refined. The defaults suit photos and networks of 256 to 1,024 pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct RefineOptions {
    /// Half the side of the fitting window, in pixels of the matte at each scale, 1 to 8 (others count as the
    /// nearest): larger mends more displaced edges and strands, smaller is safer on busy backgrounds.
    pub radius_px: u8,
    /// Ridge regularization, as a variance of color (channels from 0 to 1): differences much below its square root
    /// are taken for noise. At least 1e-6; NaN counts as that.
    pub epsilon: f32,
}

impl Default for RefineOptions {
    fn default() -> Self {
        Self { radius_px: 2, epsilon: 3e-5 }
    }
}

/// The matte at the size of `guide`, its edges following the picture.
///
/// `coarse` may be of any size and shape: it covers the picture, stretched. Where its surroundings are all 0 or all
/// 255, so is the result. A matte that is larger than the picture is averaged down.
pub fn refine(coarse: &Matte, guide: &Picture, options: &RefineOptions) -> Matte {
    let radius = usize::from(options.radius_px.clamp(1, 8));
    let epsilon = options.epsilon.max(1e-6);
    let (guide_width, guide_height) = (guide.width_px(), guide.height_px());
    let coarse = prepared(coarse, guide);
    if (coarse.width_px(), coarse.height_px()) == (guide_width, guide_height) {
        return coarse;
    }
    let (missing, sizes) = rayon::join(
        || missing_detail(coarse.alpha(), coarse.width_px() as usize, coarse.height_px() as usize),
        || pyramid::sizes(guide, coarse.width_px(), coarse.height_px()),
    );
    let climb = Climb { radius, epsilon, missing };
    let mut alpha: Vec<u16> = coarse.alpha().iter().map(|&value| u16::from(value) * (FULL / 255)).collect();
    let mut below = &sizes.coarse;
    for target in &sizes.halves {
        alpha = climb.step(&alpha, below, target);
        below = target;
    }
    Matte::from_alpha(guide_width, guide_height, climb.last_step(&alpha, below, &sizes.full))
}

/// The matte at the given size, interpolated without looking at the picture.
pub fn upsample_bilinear(coarse: &Matte, width_px: u32, height_px: u32) -> Matte {
    let from = (coarse.width_px(), coarse.height_px());
    let alpha = resample(coarse.alpha(), from, (width_px, height_px), Channels::One, Filter::Smooth);
    Matte::from_alpha(width_px, height_px, alpha)
}

/// A network's answer without its veil, and not larger than the picture.
pub(crate) fn prepared(coarse: &Matte, guide: &Picture) -> Matte {
    cleaned(&shrunk_to_fit(coarse, guide.width_px(), guide.height_px()))
}

fn shrunk_to_fit(coarse: &Matte, width_px: u32, height_px: u32) -> Matte {
    upsample_bilinear(coarse, coarse.width_px().min(width_px), coarse.height_px().min(height_px))
}

fn cleaned(coarse: &Matte) -> Matte {
    let (width, height) = (coarse.width_px() as usize, coarse.height_px() as usize);
    let whole = Tile { x: 0, y: 0, width, height };
    let mut alpha = vec![0; width * height];
    Patch { tile: whole, values: coarse.alpha().to_vec() }.clean_into(whole, &mut alpha, width);
    Matte::from_alpha(coarse.width_px(), coarse.height_px(), alpha)
}

/// A tile's part of a matte.
#[derive(Debug)]
enum Values<T> {
    Constant(T),
    Varying(Vec<T>),
}

/// One way up the pyramid.
#[derive(Debug)]
struct Climb {
    radius: usize,
    epsilon: f32,
    /// At the size of the coarse matte.
    missing: Plane,
}

impl Climb {
    /// `alpha`, which has the size of `guide`, at the size of `target`.
    fn step(&self, alpha: &[u16], guide: &Guide<'_>, target: &Guide<'_>) -> Vec<u16> {
        let size = (target.width, target.height);
        let mut next = vec![0; size.0 * size.1];
        for_each_tile([&mut next], size, Fitter::default, |fitter, tile, [band]| {
            let values = self.values(fitter, alpha, guide, target, tile, to_16_bits);
            for (y, row) in band.chunks_exact_mut(size.0).enumerate() {
                let row = &mut row[tile.x..][..tile.width];
                match &values {
                    Values::Constant(value) => row.fill(*value),
                    Values::Varying(values) => row.copy_from_slice(&values[y * tile.width..][..tile.width]),
                }
            }
        });
        next
    }

    /// The same, cleaned and with 8 bits.
    fn last_step(&self, alpha: &[u16], guide: &Guide<'_>, target: &Guide<'_>) -> Vec<u8> {
        let size = (target.width, target.height);
        let mut finished = vec![0; size.0 * size.1];
        for_each_tile([&mut finished], size, Fitter::default, |fitter, inner, [band]| {
            let tile = inner.grown(polish::MARGIN_PX, size.0, size.1);
            match self.values(fitter, alpha, guide, target, tile, to_8_bits) {
                Values::Varying(values) => Patch { tile, values }.clean_into(inner, band, size.0),
                Values::Constant(value) => {
                    for row in band.chunks_exact_mut(size.0) {
                        row[inner.x..][..inner.width].fill(polish::clean_constant(value));
                    }
                }
            }
        });
        finished
    }

    /// The part of the next matte that `tile`, a tile of `target`, covers. `quantize` is given alpha from 0 to 1, a
    /// little less or a little more.
    fn values<T: Copy + Default>(
        &self,
        fitter: &mut Fitter,
        alpha: &[u16],
        guide: &Guide<'_>,
        target: &Guide<'_>,
        tile: Tile,
        quantize: impl Fn(&[f32], &mut [T]),
    ) -> Values<T> {
        let columns = Axis::new(tile.x, tile.width, target.step_x, guide.width);
        let rows = Axis::new(tile.y, tile.height, target.step_y, guide.height);
        let source = Tile {
            x: columns.first(),
            y: rows.first(),
            width: columns.end(guide.width) - columns.first(),
            height: rows.end(guide.height) - rows.first(),
        };
        if let Some(value) = self.gather(fitter, alpha, guide, source) {
            let mut values = [T::default()];
            quantize(&[value], &mut values);
            return Values::Constant(values[0]);
        }
        fitter.fit(self.radius, self.epsilon);
        let mut values = vec![T::default(); tile.width * tile.height];
        // One row of models, interpolated downwards; the last is repeated, for positions on it.
        let mut models = vec![[0.0_f32; 4]; source.width + 1];
        let mut alpha = vec![0.0; tile.width];
        for (y, values) in values.chunks_exact_mut(tile.width).enumerate() {
            let above = rows.before[y] - source.y;
            interpolate(fitter, above, (above + 1).min(source.height - 1), rows.share[y], &mut models);
            models[source.width] = models[source.width - 1];
            let start = ((tile.y + y) * target.width + tile.x) * 4;
            let pixels = target.rgba[start..][..tile.width * 4].as_chunks().0;
            evaluate(&models, pixels, &columns, source.x, &mut alpha);
            quantize(&alpha, values);
        }
        Values::Varying(values)
    }

    /// Fills the fitter with `source` and its surroundings, unless the matte has one value all over.
    fn gather(&self, fitter: &mut Fitter, alpha: &[u16], guide: &Guide<'_>, source: Tile) -> Option<f32> {
        let margin = Fitter::margin_px(self.radius);
        let (width, height) = (source.width + 2 * margin, source.height + 2 * margin);
        let columns: Vec<usize> = clamped(source.x as isize - margin as isize, width, guide.width).collect();
        let rows = || clamped(source.y as isize - margin as isize, height, guide.height);
        let alpha_row = |y: usize| &alpha[y * guide.width..][..guide.width];
        let first = alpha_row(source.y)[source.x];
        if rows().all(|y| alpha_row(y)[columns[0]..=columns[width - 1]].iter().all(|&value| value == first)) {
            return Some(f32::from(first) / f32::from(FULL));
        }
        let Fitter { guide: channels, matte: around, missing, .. } = fitter;
        around.resize(width, height);
        for plane in channels.iter_mut() {
            plane.resize(width, height);
        }
        // The columns that are really there, between repeated ones.
        let inside = columns[0]..columns[width - 1] + 1;
        let left = columns.iter().take_while(|&&column| column == inside.start).count() - 1;
        for (y, source_y) in rows().enumerate() {
            let row = y * width..(y + 1) * width;
            let pixels = guide.rgba[source_y * guide.width * 4..][..guide.width * 4].as_chunks().0;
            let [red, green, blue] = channels;
            let (red, green) = (&mut red.samples[row.clone()], &mut green.samples[row.clone()]);
            let (blue, around) = (&mut blue.samples[row.clone()], &mut around.samples[row]);
            let filled = left..left + inside.len();
            to_shares_of_255(
                &pixels[inside.clone()],
                &mut red[filled.clone()],
                &mut green[filled.clone()],
                &mut blue[filled.clone()],
            );
            to_shares_of_full(&alpha_row(source_y)[inside.clone()], &mut around[filled.clone()]);
            for samples in [red, green, blue, around] {
                let (first, last) = (samples[filled.start], samples[filled.end - 1]);
                samples[..filled.start].fill(first);
                samples[filled.end..].fill(last);
            }
        }
        missing.resize(source.width, source.height);
        let coarse = &self.missing;
        let across = Axis::new(source.x, source.width, coarse.width as f64 / guide.width as f64, coarse.width);
        let down = Axis::new(source.y, source.height, coarse.height as f64 / guide.height as f64, coarse.height);
        for (y, samples) in missing.samples.chunks_exact_mut(source.width).enumerate() {
            let above = coarse.row(down.before[y]);
            let below = coarse.row((down.before[y] + 1).min(coarse.height - 1));
            for ((sample, &x), &share) in samples.iter_mut().zip(&across.before).zip(&across.share) {
                let next = (x + 1).min(coarse.width - 1);
                *sample =
                    lerp(lerp(above[x], below[x], down.share[y]), lerp(above[next], below[next], down.share[y]), share);
            }
        }
        None
    }
}

wide! {
    fn to_16_bits(alpha: &[f32], values: &mut [u16]) = to_16_bits_one_by_one
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn to_16_bits_one_by_one(alpha: &[f32], values: &mut [u16]) {
    for (value, alpha) in values.iter_mut().zip(alpha) {
        *value = (alpha * f32::from(FULL) + 0.5) as u16;
    }
}

wide! {
    fn to_8_bits(alpha: &[f32], values: &mut [u8]) = to_8_bits_one_by_one
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn to_8_bits_one_by_one(alpha: &[f32], values: &mut [u8]) {
    for (value, alpha) in values.iter_mut().zip(alpha) {
        *value = (alpha * 255.0 + 0.5) as u8;
    }
}

wide! {
    fn to_shares_of_full(alpha: &[u16], shares: &mut [f32]) = to_shares_of_full_one_by_one
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn to_shares_of_full_one_by_one(alpha: &[u16], shares: &mut [f32]) {
    for (share, &alpha) in shares.iter_mut().zip(alpha) {
        *share = f32::from(alpha) / f32::from(FULL);
    }
}

wide! {
    fn to_shares_of_255(pixels: &[[u8; 4]], red: &mut [f32], green: &mut [f32], blue: &mut [f32])
        = to_shares_of_255_one_by_one
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn to_shares_of_255_one_by_one(pixels: &[[u8; 4]], red: &mut [f32], green: &mut [f32], blue: &mut [f32]) {
    for (((&[r, g, b, _], red), green), blue) in pixels.iter().zip(red).zip(green).zip(blue) {
        (*red, *green, *blue) = (f32::from(r) / 255.0, f32::from(g) / 255.0, f32::from(b) / 255.0);
    }
}

wide! {
    /// The fitted models between two rows of them, without the last.
    fn interpolate(fitter: &Fitter, above: usize, below: usize, share: f32, models: &mut [[f32; 4]])
        = interpolate_one_by_one
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn interpolate_one_by_one(fitter: &Fitter, above: usize, below: usize, share: f32, models: &mut [[f32; 4]]) {
    let [red, green, blue] = &fitter.slope;
    let offset = &fitter.offset;
    let ((red, next_red), (green, next_green)) =
        ((red.row(above), red.row(below)), (green.row(above), green.row(below)));
    let ((blue, next_blue), (offset, next_offset)) =
        ((blue.row(above), blue.row(below)), (offset.row(above), offset.row(below)));
    let n = models.len() - 1;
    let (red, next_red, green, next_green) = (&red[..n], &next_red[..n], &green[..n], &next_green[..n]);
    let (blue, next_blue, offset, next_offset) = (&blue[..n], &next_blue[..n], &offset[..n], &next_offset[..n]);
    for (x, model) in models[..n].iter_mut().enumerate() {
        *model = lerp_each(
            [red[x], green[x], blue[x], offset[x]],
            [next_red[x], next_green[x], next_blue[x], next_offset[x]],
            share,
        );
    }
}

wide! {
    /// One row of models, which begins at column `first`, interpolated to these pixels and evaluated on their colors.
    fn evaluate(models: &[[f32; 4]], pixels: &[[u8; 4]], columns: &Axis, first: usize, alpha: &mut [f32])
        = evaluate_one_by_one
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn evaluate_one_by_one(models: &[[f32; 4]], pixels: &[[u8; 4]], columns: &Axis, first: usize, alpha: &mut [f32]) {
    let mut between = [[0.0; 4]; WIDEST_PX];
    for (model, (&before, &share)) in between.iter_mut().zip(columns.before.iter().zip(&columns.share)) {
        let at = before - first;
        *model = lerp_each(models[at], models[at + 1], share);
    }
    for ((alpha, pixel), model) in alpha.iter_mut().zip(pixels).zip(&between) {
        let [r, g, b, offset] = *model;
        let color = r * f32::from(pixel[0]) + g * f32::from(pixel[1]) + b * f32::from(pixel[2]);
        *alpha = color / 255.0 + offset;
    }
}
