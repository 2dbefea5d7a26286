//! Square pieces of a plane, so that work on a large picture needs the memory of a small one.

/// Side of a tile in pixels: large enough that its margins cost little, small enough to stay in the L2 cache.
const SIDE_PX: usize = 128;

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

/// All tiles of a plane, row by row.
pub(crate) fn tiles(width: usize, height: usize) -> impl Iterator<Item = Tile> {
    let rows = (0..height).step_by(SIDE_PX);
    rows.flat_map(move |y| (0..width).step_by(SIDE_PX).map(move |x| (x, y))).map(move |(x, y)| Tile {
        x,
        y,
        width: SIDE_PX.min(width - x),
        height: SIDE_PX.min(height - y),
    })
}

/// Where a window of `len` samples that starts at `first` reads in a row of `end` samples: outside the row its
/// first and last sample repeat.
pub(crate) fn clamped(first: isize, len: usize, end: usize) -> impl Iterator<Item = usize> {
    (first..first + len as isize).map(move |at| at.clamp(0, end as isize - 1) as usize)
}
