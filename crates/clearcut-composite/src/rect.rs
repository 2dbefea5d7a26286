//! Rectangles of pixels, and where a subject is.

use clearcut_image::{Matte, Picture};

/// From this alpha on a pixel counts as part of the subject's box: 20 %, so that a veil the network left does not widen it.
pub(crate) const VISIBLE: u8 = 51;

/// A rectangle of pixels. It is inside its picture and not empty wherever this crate answers one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rect {
    /// Left edge.
    pub left_px: u32,
    /// Top edge.
    pub top_px: u32,
    /// Width.
    pub width_px: u32,
    /// Height.
    pub height_px: u32,
}

impl Rect {
    /// All of a picture.
    pub fn whole(picture: &Picture) -> Self {
        Self { left_px: 0, top_px: 0, width_px: picture.width_px(), height_px: picture.height_px() }
    }

    /// The rectangle between two corners, brought into a picture of this size and to at least one pixel.
    pub fn between(corner: (u32, u32), other: (u32, u32), width_px: u32, height_px: u32) -> Self {
        let span = |a: u32, b: u32, side: u32| {
            let (low, high) = (a.min(b).min(side - 1), a.max(b).min(side));
            (low, high.max(low + 1) - low)
        };
        let (left_px, width_px) = span(corner.0, other.0, width_px);
        let (top_px, height_px) = span(corner.1, other.1, height_px);
        Self { left_px, top_px, width_px, height_px }
    }

    /// Moved right and down.
    #[must_use]
    pub fn moved(self, right_px: u32, down_px: u32) -> Self {
        Self { left_px: self.left_px + right_px, top_px: self.top_px + down_px, ..self }
    }

    /// The same part of a picture that was scaled from one size to another.
    #[must_use]
    pub fn scaled(self, from: (u32, u32), to: (u32, u32)) -> Self {
        let scale = |at: u32, from: u32, to: u32| (u64::from(at) * u64::from(to) / u64::from(from)) as u32;
        let scale_up = |at: u32, from: u32, to: u32| (u64::from(at) * u64::from(to)).div_ceil(u64::from(from)) as u32;
        let right_px = scale_up(self.left_px + self.width_px, from.0, to.0);
        let bottom_px = scale_up(self.top_px + self.height_px, from.1, to.1);
        let corner = (scale(self.left_px, from.0, to.0), scale(self.top_px, from.1, to.1));
        Self::between(corner, (right_px, bottom_px), to.0, to.1)
    }
}

/// The box around everything visible in a picture, if anything is.
pub fn visible(picture: &Picture) -> Option<Rect> {
    bounds(
        picture.width_px(),
        |y| {
            let row = picture.width_px() as usize * 4;
            picture.rgba()[y * row..][..row].chunks_exact(4).map(|pixel| pixel[3])
        },
        picture.height_px(),
    )
}

/// The box around everything visible in a matte, if anything is.
pub fn subject(matte: &Matte) -> Option<Rect> {
    let row = matte.width_px() as usize;
    bounds(matte.width_px(), |y| matte.alpha()[y * row..][..row].iter().copied(), matte.height_px())
}

fn bounds<R: DoubleEndedIterator<Item = u8> + ExactSizeIterator>(
    width_px: u32,
    row: impl Fn(usize) -> R,
    height_px: u32,
) -> Option<Rect> {
    let seen = |alpha: u8| alpha >= VISIBLE;
    let top = (0..height_px as usize).find(|&y| row(y).any(seen))?;
    let bottom = (top..height_px as usize).rfind(|&y| row(y).any(seen))?;
    let (mut left, mut right) = (width_px as usize, 0);
    for y in top..=bottom {
        if let Some(first) = row(y).position(seen) {
            left = left.min(first);
            right = right.max(row(y).rposition(seen).unwrap_or(first));
        }
    }
    Some(Rect {
        left_px: left as u32,
        top_px: top as u32,
        width_px: (right - left + 1) as u32,
        height_px: (bottom - top + 1) as u32,
    })
}
