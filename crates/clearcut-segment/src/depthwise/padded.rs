//! A plane with the zeros around it, in the order in which the inner loop reads it.

use std::ops::Range;

use super::Depthwise;

/// Rows of a result, and the rows of the plane that they are made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Band {
    pub(crate) input_rows: Range<usize>,
    pub(crate) output_rows: Range<usize>,
}

/// Where a band's samples lie among zeros.
///
/// With a stride of 1 the zeros that end a row are also those that begin the next one. With a stride of 2 a row's even
/// columns come first, then its odd ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    rows: usize,
    pub(crate) row_len: usize,
    stride: usize,
    /// Rows of zeros before the band's own, and columns of zeros before those of the plane.
    top: usize,
    left: usize,
    /// Rows of the band and columns of the plane that are read.
    height: usize,
    width: usize,
    /// With a stride of 2, the even columns of a row.
    even_columns: usize,
    /// Where in a row the zeros are.
    margins: Vec<usize>,
}

impl Layout {
    /// The layout of a band of planes that are `width` pixels wide.
    pub(crate) fn new(op: &Depthwise, band: &Band, width: usize) -> Self {
        let (rows, columns) = ((band.output_rows.len() - 1) * op.stride + 3, (op.output.1 - 1) * op.stride + 3);
        let top = (band.input_rows.start + op.pad.0).saturating_sub(band.output_rows.start * op.stride);
        let left = op.pad.1;
        let width = width.min(columns.saturating_sub(left));
        let even_columns = op.output.1 + 1;
        let (row_len, margins) = if op.stride == 1 {
            let margin = left.max(columns - left - width);
            (width + margin, (0..margin).map(|x| width + x).collect())
        } else {
            let outside = (0..left).chain(left + width..columns);
            (columns, outside.map(|x| x % 2 * even_columns + x / 2).collect())
        };
        let height = band.input_rows.len().min(rows.saturating_sub(top));
        Self { rows, row_len, stride: op.stride, top, left, height, width, even_columns, margins }
    }

    /// Samples of a band, zeros included.
    pub(crate) fn len(&self) -> usize {
        self.rows * self.row_len + self.lead()
    }

    /// Where the rows of the plane are, with the zeros of these rows.
    pub(crate) fn filled(&self) -> Range<usize> {
        let start = self.lead() + self.top * self.row_len;
        start..start + self.height * self.row_len
    }

    /// Where in a row the three columns of its first window are.
    pub(crate) fn columns(&self) -> [usize; 3] {
        if self.stride == 1 { [0, 1, 2] } else { [0, self.even_columns, 1] }
    }

    /// Copies the rows of a plane that is `width` pixels wide. What lies around them stays as it is.
    pub(crate) fn copy(&self, plane: &[f32], width: usize, target: &mut [f32]) {
        let targets = target[self.filled()].chunks_exact_mut(self.row_len);
        for (source, target) in plane.chunks_exact(width).zip(targets) {
            let source = &source[..self.width];
            if self.stride == 1 {
                target[..self.width].copy_from_slice(source);
                continue;
            }
            // Column `x` of the plane is column `x + left` of the padded row.
            let (even, odd) = target.split_at_mut(self.even_columns);
            let (first, second) = if self.left.is_multiple_of(2) { (even, odd) } else { (odd, even) };
            let second = &mut second[self.left % 2..];
            for (target, pair) in first[self.left / 2..].iter_mut().zip(source.chunks(2)) {
                *target = pair[0];
            }
            for (target, pair) in second[self.left / 2..].iter_mut().zip(source.chunks_exact(2)) {
                *target = pair[1];
            }
        }
    }

    /// Writes the zeros beside the plane's samples. Those above and below stay as they are.
    pub(crate) fn clear_margins(&self, target: &mut [f32]) {
        for row in target[self.filled()].chunks_exact_mut(self.row_len) {
            for margin in &self.margins {
                row[*margin] = 0.0;
            }
        }
    }

    /// Writes the zeros above and below the plane's samples.
    pub(crate) fn clear_around(&self, target: &mut [f32]) {
        let Range { start, end } = self.filled();
        target[..start].fill(0.0);
        target[end..].fill(0.0);
    }

    /// Zeros before the first row.
    fn lead(&self) -> usize {
        if self.stride == 1 { self.left } else { 0 }
    }
}
