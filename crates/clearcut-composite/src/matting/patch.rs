//! Solves one tile after another, keeping its memory.

use super::band::UNKNOWN;
use super::evidence::Evidence;
use super::size::Size;
use super::windows::{Part, Windows};
use crate::tile::Tile;

/// How far a step reads: to the farthest pixel of a window around it.
const REACH_PX: usize = 2;

/// Ridge regularization, as a variance of color (channels from 0 to 1). Less, and single precision is not enough.
const EPSILON: f32 = 1e-7;
/// The part of the spectrum, from its upper end 1, that the steps are tuned to. What is slower is left to the smaller
/// sizes and does not grow.
const SLOWEST: f32 = 0.006;

/// One size of a picture, to be solved.
#[derive(Debug, Clone, Copy)]
pub(super) struct Problem<'a> {
    pub(super) size: &'a Size<'a>,
    /// The matte to start from, 0 to 65,535.
    pub(super) first: &'a [u16],
    pub(super) evidence: &'a Evidence<'a>,
    pub(super) steps: usize,
}

/// The memory for one tile.
#[derive(Debug, Default)]
pub(super) struct Solver {
    windows: Windows,
    alpha: Vec<f32>,
    /// Alpha one step ago, and then after the next.
    other: Vec<f32>,
    target: Vec<f32>,
    weight: Vec<f32>,
    /// How far a pixel goes along its residual: 0 where alpha is known.
    stride: Vec<f32>,
    /// How many windows a pixel is in.
    count: Vec<f32>,
    predicted: Vec<f32>,
}

impl Solver {
    /// Solves `tile` and writes it to `band`, the rows of the picture that it is in; `band` holds the problem's first
    /// matte so far.
    pub(super) fn solve(&mut self, problem: &Problem<'_>, tile: Tile, band: &mut [u16]) {
        let &Problem { size, steps, .. } = problem;
        if size.width < 3 || size.height < 3 || unknown(size, tile).is_none() {
            return;
        }
        // All that can reach the tile in so many steps; of that, what is unknown and what that is compared with.
        let reached = tile.grown(REACH_PX * steps, size.width, size.height);
        let Some(open) = unknown(size, reached) else { return };
        let piece = clipped(open.grown(REACH_PX, size.width, size.height), reached);
        self.gather(problem, piece);
        let active = |step: usize| within(piece, open, shrunk(reached, REACH_PX * step, size));
        let windows = |part: Part| Part {
            left: part.left.saturating_sub(1).max(1),
            right: (part.right + 1).min(piece.width - 1),
            top: part.top.saturating_sub(1).max(1),
            bottom: (part.bottom + 1).min(piece.height - 1),
        };
        self.windows.measure(windows(active(1)), EPSILON);
        let rho = (1.0 - SLOWEST) / (1.0 + SLOWEST);
        let gamma = 2.0 / (1.0 + SLOWEST);
        let mut omega = 1.0;
        for step in 1..=steps {
            let part = active(step);
            if part.is_empty() {
                break;
            }
            self.windows.fit(&self.alpha, windows(part));
            self.step(part, gamma, omega);
            omega = if step == 1 { 2.0 / (2.0 - rho * rho) } else { 4.0 / (4.0 - rho * rho * omega) };
        }
        let (left, top) = (tile.x.max(piece.x), tile.y.max(piece.y));
        let right = (tile.x + tile.width).min(piece.x + piece.width);
        let bottom = (tile.y + tile.height).min(piece.y + piece.height);
        for y in top..bottom {
            let source = &self.alpha[(y - piece.y) * piece.width + left - piece.x..][..right - left];
            let target = &mut band[(y - tile.y) * size.width + left..][..right - left];
            let known = &size.trimap[y * size.width + left..][..right - left];
            for ((target, alpha), &known) in target.iter_mut().zip(source).zip(known) {
                if known == UNKNOWN {
                    *target = (alpha.clamp(0.0, 1.0) * 65535.0 + 0.5) as u16;
                }
            }
        }
    }

    fn gather(&mut self, problem: &Problem<'_>, piece: Tile) {
        let &Problem { size, first, evidence, .. } = problem;
        let len = piece.width * piece.height;
        self.windows.resize(piece.width, piece.height);
        for plane in [&mut self.alpha, &mut self.target, &mut self.weight, &mut self.stride, &mut self.count] {
            plane.resize(len, 0.0);
        }
        self.predicted.resize(piece.width, 0.0);
        evidence.gather(piece, &mut self.target, &mut self.weight);
        // Centers of windows lie one pixel inside of the picture.
        let windows = |at: usize, end: usize| (at + 2).min(end - 1) - at.saturating_sub(1).max(1);
        for y in 0..piece.height {
            let source = (piece.y + y) * size.width + piece.x;
            let pixels = size.rgba[source * 4..][..piece.width * 4].as_chunks::<4>().0;
            let row = y * piece.width..(y + 1) * piece.width;
            let [red, green, blue] = self.windows.colors.each_mut().map(|plane| &mut plane[row.clone()]);
            let (first, trimap) = (&first[source..][..piece.width], &size.trimap[source..][..piece.width]);
            let down = windows(piece.y + y, size.height);
            for x in 0..piece.width {
                let [r, g, b, _] = pixels[x];
                (red[x], green[x], blue[x]) = (f32::from(r) / 255.0, f32::from(g) / 255.0, f32::from(b) / 255.0);
                let at = row.start + x;
                self.alpha[at] = f32::from(first[x]) / 65535.0;
                let count = (down * windows(piece.x + x, size.width)) as f32;
                self.count[at] = count;
                self.stride[at] = if trimap[x] == UNKNOWN { 1.0 / (count + self.weight[at]) } else { 0.0 };
            }
        }
        self.other.clone_from(&self.alpha);
    }

    /// One step on `part`: the residual, and Chebyshev's mix of the last two.
    fn step(&mut self, part: Part, gamma: f32, omega: f32) {
        let width = self.windows.width;
        let inner = part.right - part.left;
        for y in part.top..part.bottom {
            self.windows.predict(y, part.left..part.right, &mut self.predicted);
            let at = y * width + part.left;
            let alpha = &self.alpha[at..][..inner];
            let (target, weight) = (&self.target[at..][..inner], &self.weight[at..][..inner]);
            let (stride, count) = (&self.stride[at..][..inner], &self.count[at..][..inner]);
            let predicted = &self.predicted[..inner];
            let other = &mut self.other[at..][..inner];
            for x in 0..inner {
                let residual = weight[x] * (target[x] - alpha[x]) + predicted[x] - count[x] * alpha[x];
                other[x] += omega * (gamma * stride[x] * residual + alpha[x] - other[x]);
            }
        }
        std::mem::swap(&mut self.alpha, &mut self.other);
    }
}

/// The box around everything unknown in a part of the picture.
fn unknown(size: &Size<'_>, part: Tile) -> Option<Tile> {
    let row = |y: usize| &size.trimap[y * size.width + part.x..][..part.width];
    let is_unknown = |value: &u8| *value == UNKNOWN;
    let top = (part.y..part.y + part.height).find(|&y| row(y).iter().any(is_unknown))?;
    let bottom = (top..part.y + part.height).rfind(|&y| row(y).iter().any(is_unknown))?;
    let (mut left, mut right) = (part.width, 0);
    for y in top..=bottom {
        if let Some(first) = row(y).iter().position(is_unknown) {
            left = left.min(first);
            right = right.max(row(y).iter().rposition(is_unknown).unwrap_or(first));
        }
    }
    Some(Tile { x: part.x + left, y: top, width: right + 1 - left, height: bottom + 1 - top })
}

/// A tile without `margin` pixels on each side, save where the picture ends.
fn shrunk(tile: Tile, margin: usize, size: &Size<'_>) -> (usize, usize, usize, usize) {
    let first = |at: usize| if at == 0 { 0 } else { at + margin };
    let last = |end: usize, picture: usize| if end == picture { end } else { end - margin };
    (first(tile.x), last(tile.x + tile.width, size.width), first(tile.y), last(tile.y + tile.height, size.height))
}

/// The common part of two tiles that overlap.
fn clipped(tile: Tile, by: Tile) -> Tile {
    let (x, y) = (tile.x.max(by.x), tile.y.max(by.y));
    let (right, bottom) = ((tile.x + tile.width).min(by.x + by.width), (tile.y + tile.height).min(by.y + by.height));
    Tile { x, y, width: right - x, height: bottom - y }
}

/// What is open of a part, in the coordinates of the piece.
fn within(piece: Tile, open: Tile, (left, right, top, bottom): (usize, usize, usize, usize)) -> Part {
    Part {
        left: left.max(open.x).max(piece.x) - piece.x,
        right: right.min(open.x + open.width).max(piece.x) - piece.x,
        top: top.max(open.y).max(piece.y) - piece.y,
        bottom: bottom.min(open.y + open.height).max(piece.y) - piece.y,
    }
}
