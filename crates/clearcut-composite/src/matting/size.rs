//! One size of a picture with what is known of its matte.

use std::borrow::Cow;

use clearcut_image::{Matte, Picture};

use super::band::UNKNOWN;
use crate::axis::{Axis, lerp};
use crate::resample::halved;

/// The smallest side of a size.
const LEAST_PX: usize = 24;

/// A size.
#[derive(Debug)]
pub(super) struct Size<'a> {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Four bytes a pixel; the fourth is of no account.
    pub(super) rgba: Cow<'a, [u8]>,
    pub(super) trimap: Cow<'a, [u8]>,
    /// The matte to start from.
    pub(super) start: Cow<'a, [u8]>,
}

/// The picture, its half, the half of that, and so on to a longest side of at most `most_px`.
pub(super) fn pyramid<'a>(picture: &'a Picture, trimap: &'a Matte, start: &'a Matte, most_px: usize) -> Vec<Size<'a>> {
    let mut sizes = vec![Size {
        width: picture.width_px() as usize,
        height: picture.height_px() as usize,
        rgba: Cow::Borrowed(picture.rgba()),
        trimap: Cow::Borrowed(trimap.alpha()),
        start: Cow::Borrowed(start.alpha()),
    }];
    while let Some(larger) = sizes.last() {
        if larger.width.max(larger.height) <= most_px || larger.width.min(larger.height) < 2 * LEAST_PX {
            break;
        }
        let half = larger.halved();
        sizes.push(half);
    }
    sizes
}

impl Size<'_> {
    fn halved(&self) -> Self {
        let (width, height) = (self.width / 2, self.height / 2);
        let mut trimap = Vec::with_capacity(width * height);
        let mut start = Vec::with_capacity(width * height);
        for y in 0..height {
            let pairs = |plane: &'_ [u8]| {
                let above = plane[2 * y * self.width..][..2 * width].as_chunks::<2>().0.to_vec();
                let below = plane[(2 * y + 1) * self.width..][..2 * width].as_chunks::<2>().0.to_vec();
                above.into_iter().zip(below)
            };
            trimap.extend(
                pairs(&self.trimap).map(|([a, b], [c, d])| if a == b && a == c && a == d { a } else { UNKNOWN }),
            );
            let sum = |a: u8, b: u8| u16::from(a) + u16::from(b);
            start.extend(pairs(&self.start).map(|([a, b], [c, d])| ((sum(a, b) + sum(c, d) + 2) / 4) as u8));
        }
        Size {
            width,
            height,
            rgba: Cow::Owned(halved(&self.rgba, self.width, self.height)),
            trimap: Cow::Owned(trimap),
            start: Cow::Owned(start),
        }
    }

    /// The matte that solving starts from: what was known from the start, and what the next smaller size added to it.
    pub(super) fn first(&self, below: Option<(&[u16], &Self)>) -> Vec<u16> {
        let from_known = |trimap: u8, value: f32| {
            if trimap == UNKNOWN { (value.clamp(0.0, 255.0) * 257.0 + 0.5) as u16 } else { u16::from(trimap) * 257 }
        };
        let Some((alpha, half)) = below else {
            return self
                .trimap
                .iter()
                .zip(&*self.start)
                .map(|(&known, &start)| from_known(known, f32::from(start)))
                .collect();
        };
        let columns = Axis::new(0, self.width, 0.5, half.width);
        let rows = Axis::new(0, self.height, 0.5, half.height);
        let added: Vec<f32> = alpha
            .iter()
            .zip(&*half.start)
            .map(|(&alpha, &start)| f32::from(alpha) / 257.0 - f32::from(start))
            .collect();
        let mut first = Vec::with_capacity(self.width * self.height);
        for y in 0..self.height {
            let row = |y: usize| &added[y * half.width..][..half.width];
            let (above, below) = (row(rows.before[y]), row((rows.before[y] + 1).min(half.height - 1)));
            let line = y * self.width..(y + 1) * self.width;
            let (trimap, start) = (&self.trimap[line.clone()], &self.start[line]);
            for x in 0..self.width {
                let (left, right) = (columns.before[x], (columns.before[x] + 1).min(half.width - 1));
                let mixed = lerp(
                    lerp(above[left], below[left], rows.share[y]),
                    lerp(above[right], below[right], rows.share[y]),
                    columns.share[x],
                );
                first.push(from_known(trimap[x], f32::from(start[x]) + mixed));
            }
        }
        first
    }

    /// The picture with the matte that solving starts from as its alpha.
    pub(super) fn with_start(&self) -> Vec<u8> {
        let mut rgba = self.rgba.to_vec();
        for (pixel, &alpha) in rgba.as_chunks_mut::<4>().0.iter_mut().zip(&*self.start) {
            pixel[3] = alpha;
        }
        rgba
    }
}
