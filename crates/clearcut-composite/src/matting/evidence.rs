//! What speaks for which alpha at a pixel, besides its neighbors.

use clearcut_image::Matte;

use super::size::Size;
use crate::axis::{Axis, lerp};
use crate::foreground::Level;
use crate::refine::{Plane, missing_detail};
use crate::tile::Tile;

/// How much the colors count where foreground and background differ much, against the windows' one.
const BY_COLOR: f32 = 1.0;
/// The difference between both colors, in code values, at which they count half of that.
const APART: f32 = 45.0;
/// How far a pixel's color may be off the line between both, in code values, before it counts half.
const OFF: f32 = 0.5;
/// How much the refined matte counts where it misses all detail, and where it misses none.
const BY_START: f32 = 0.001;
const BY_START_FLAT: f32 = 10.0;

#[derive(Debug)]
pub(super) struct Evidence<'a> {
    size: &'a Size<'a>,
    colors: &'a Level,
    missing: Plane,
}

impl<'a> Evidence<'a> {
    pub(super) fn new(coarse: &Matte, size: &'a Size<'a>, colors: &'a Level) -> Self {
        let missing = missing_detail(coarse.alpha(), coarse.width_px() as usize, coarse.height_px() as usize);
        Self { size, colors, missing }
    }

    /// For each pixel of `part` the alpha that its own evidence speaks for, and how much that weighs.
    pub(super) fn gather(&self, part: Tile, target: &mut [f32], weight: &mut [f32]) {
        let Self { size, colors, missing } = self;
        let columns = Axis::new(part.x, part.width, colors.width as f64 / size.width as f64, colors.width);
        let rows = Axis::new(part.y, part.height, colors.height as f64 / size.height as f64, colors.height);
        let across = Axis::new(part.x, part.width, missing.width as f64 / size.width as f64, missing.width);
        let down = Axis::new(part.y, part.height, missing.height as f64 / size.height as f64, missing.height);
        let (mut front_line, mut back_line) = (Vec::new(), Vec::new());
        for y in 0..part.height {
            colors.mix_rows(&colors.foreground, &columns, &rows, y, &mut front_line);
            colors.mix_rows(&colors.background, &columns, &rows, y, &mut back_line);
            let at = (part.y + y) * size.width + part.x;
            let pixels = size.rgba[at * 4..][..part.width * 4].as_chunks::<4>().0;
            let start = &size.start[at..][..part.width];
            let above = missing.row(down.before[y]);
            let below = missing.row((down.before[y] + 1).min(missing.height - 1));
            let target = &mut target[y * part.width..][..part.width];
            let weight = &mut weight[y * part.width..][..part.width];
            for x in 0..part.width {
                let (left, share) = (columns.before[x] - columns.first(), columns.share[x]);
                let mix = |line: &[[f32; 4]], channel: usize| lerp(line[left][channel], line[left + 1][channel], share);
                let (mut square, mut along, mut apart) = (0.0, 0.0, 0.0);
                for (channel, value) in pixels[x][..3].iter().enumerate() {
                    let (front, back) = (mix(&front_line, channel), mix(&back_line, channel));
                    let (span, seen) = (front - back, f32::from(*value) - back);
                    square += span * span;
                    along += span * seen;
                    apart += seen * seen;
                }
                let said = (along / (square + 1.0)).clamp(0.0, 1.0);
                let off = (apart - said * (2.0 * along - said * square)).max(0.0);
                let by_color = BY_COLOR * square / (square + APART * APART) * (OFF * OFF) / (OFF * OFF + off);
                let (i, j) = (across.before[x], (across.before[x] + 1).min(missing.width - 1));
                let missing = lerp(
                    lerp(above[i], below[i], down.share[y]),
                    lerp(above[j], below[j], down.share[y]),
                    across.share[x],
                );
                let by_color = by_color * missing;
                let by_start = lerp(BY_START_FLAT, BY_START, missing);
                weight[x] = by_color + by_start;
                target[x] = (by_color * said + by_start * f32::from(start[x]) / 255.0) / weight[x];
            }
        }
    }
}
