//! Square pieces of a plane, so that work on a large picture needs the memory of a small one, and so that idle threads
//! can take some of it: each piece is computed by itself, so who computes it changes nothing.

use rayon::prelude::*;

/// Side of a tile in pixels: large enough that its margins cost little, small enough to stay in the L2 cache.
pub(crate) const SIDE_PX: usize = 64;

/// A piece of a plane; never empty, never outside it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tile {
    pub(crate) x: usize,
    pub(crate) y: usize,
    pub(crate) width: usize,
    pub(crate) height: usize,
}

impl Tile {
    /// The tile and `margin` pixels around it, as far as a plane of the given size goes.
    pub(crate) fn grown(self, margin: usize, width: usize, height: usize) -> Self {
        let (x, y) = (self.x.saturating_sub(margin), self.y.saturating_sub(margin));
        let (right, bottom) = ((self.x + self.width + margin).min(width), (self.y + self.height + margin).min(height));
        Self { x, y, width: right - x, height: bottom - y }
    }
}

/// Calls `work` for every tile of planes of the given size, on whichever threads of the current pool are idle. It gets
/// the thread's own `state`, the tile, and from each plane the rows that the tile is in.
///
/// `planes` are planes by their rows; each may have any number of samples a pixel.
pub(crate) fn for_each_tile<T: Send, const PLANES: usize, S>(
    planes: [&mut [T]; PLANES],
    size: (usize, usize),
    state: impl Fn() -> S + Sync + Send,
    work: impl Fn(&mut S, Tile, &mut [&mut [T]; PLANES]) + Sync + Send,
) {
    for_each_tile_of(SIDE_PX, planes, size, state, work);
}

/// The same with tiles of `side` pixels, for work whose margins are wide.
pub(crate) fn for_each_tile_of<T: Send, const PLANES: usize, S>(
    side: usize,
    planes: [&mut [T]; PLANES],
    (width, height): (usize, usize),
    state: impl Fn() -> S + Sync + Send,
    work: impl Fn(&mut S, Tile, &mut [&mut [T]; PLANES]) + Sync + Send,
) {
    let bands = height.div_ceil(side);
    let mut rows: Vec<Vec<&mut [T]>> = (0..bands).map(|_| Vec::with_capacity(PLANES)).collect();
    for plane in planes {
        let band_len = plane.len() / height * side;
        for (band, part) in rows.iter_mut().zip(plane.chunks_mut(band_len)) {
            band.push(part);
        }
    }
    rows.into_par_iter().enumerate().for_each_init(state, |state, (band, parts)| {
        let Ok(mut parts) = <[&mut [T]; PLANES]>::try_from(parts) else { return };
        let y = band * side;
        for x in (0..width).step_by(side) {
            let tile = Tile { x, y, width: side.min(width - x), height: side.min(height - y) };
            work(state, tile, &mut parts);
        }
    });
}

/// Where a window of `len` samples that starts at `first` reads in a row of `end` samples: outside the row its
/// first and last sample repeat.
pub(crate) fn clamped(first: isize, len: usize, end: usize) -> impl Iterator<Item = usize> {
    (first..first + len as isize).map(move |at| at.clamp(0, end as isize - 1) as usize)
}
