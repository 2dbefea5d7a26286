//! One size of a picture with both of its colors estimated.

use super::solver::Solver;
use crate::axis::{Axis, lerp};
use crate::resample::halved;
use crate::tile::for_each_tile;

/// Foreground and background colors of every pixel, four bytes each; the fourth is of no account.
#[derive(Debug)]
pub(crate) struct Level {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) foreground: Vec<u8>,
    pub(crate) background: Vec<u8>,
    /// Size of a pixel of the next larger level in pixels of this one.
    step: (f64, f64),
}

impl Level {
    /// Both colors at half the size of a picture, estimated from all the sizes below.
    ///
    /// `photo` has straight colors of the photo and the matte as alpha.
    pub(crate) fn coarser(photo: &[u8], width: usize, height: usize) -> Self {
        if width < 2 || height < 2 {
            return Self::single(photo, (1.0 / width as f64, 1.0 / height as f64));
        }
        Self::of(&halved(photo, width, height), width / 2, height / 2)
    }

    /// Both colors at the size of `photo` itself, for a picture of twice that size.
    pub(crate) fn of(photo: &[u8], width: usize, height: usize) -> Self {
        let coarser = Self::coarser(photo, width, height);
        let (mut foreground, mut background) = (photo.to_vec(), photo.to_vec());
        for_each_tile(
            [&mut foreground, &mut background],
            (width, height),
            Solver::default,
            |solver, tile, [foreground, background]| {
                solver.solve(&coarser, photo, (width, height), tile, foreground, background);
            },
        );
        Self { width, height, foreground, background, step: (0.5, 0.5) }
    }

    /// One pixel: the mean colors of all that is foreground, and of all that is background.
    fn single(photo: &[u8], step: (f64, f64)) -> Self {
        let (mut foreground, mut background) = ([0_u64; 4], [0_u64; 4]);
        for &[r, g, b, alpha] in photo.as_chunks::<4>().0 {
            let weight = u64::from(alpha);
            for (channel, value) in [r, g, b, 255].into_iter().enumerate() {
                foreground[channel] += weight * u64::from(value);
                background[channel] += (255 - weight) * u64::from(value);
            }
        }
        let mean = |sums: [u64; 4]| sums.map(|sum| (sum * 255 / sums[3].max(1)) as u8).to_vec();
        Self { width: 1, height: 1, foreground: mean(foreground), background: mean(background), step }
    }

    /// Where the `len` columns from `first` of the next larger level are in this one.
    pub(crate) fn columns(&self, first: usize, len: usize) -> Axis {
        Axis::new(first, len, self.step.0, self.width)
    }

    /// Where the `len` rows from `first` of the next larger level are in this one.
    pub(crate) fn rows(&self, first: usize, len: usize) -> Axis {
        Axis::new(first, len, self.step.1, self.height)
    }

    /// One of the two colors along row `y` of `rows`, between the rows of this level, into `line`: the columns that
    /// `columns` reads and the last of them once more.
    pub(crate) fn mix_rows(&self, colors: &[u8], columns: &Axis, rows: &Axis, y: usize, line: &mut Vec<[f32; 4]>) {
        let row = |y: usize| {
            let pixels = colors[y * self.width * 4..][..self.width * 4].as_chunks::<4>().0;
            &pixels[columns.first()..columns.end(self.width)]
        };
        let (above, below) = (row(rows.before[y]), row((rows.before[y] + 1).min(self.height - 1)));
        line.resize(above.len() + 1, [0.0; 4]);
        mix(above.as_flattened(), below.as_flattened(), rows.share[y], line.as_flattened_mut());
        line[above.len()] = line[above.len() - 1];
    }
}

wide! {
    /// Interpolates between two rows.
    fn mix(above: &[u8], below: &[u8], share: f32, line: &mut [f32]) = mix_one_by_one
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn mix_one_by_one(above: &[u8], below: &[u8], share: f32, line: &mut [f32]) {
    for ((mixed, &a), &b) in line.iter_mut().zip(above).zip(below) {
        *mixed = lerp(f32::from(a), f32::from(b), share);
    }
}
