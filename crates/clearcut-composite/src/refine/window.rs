//! Means over square windows, the one operation that local linear models are made of.

/// A plane of samples, row by row.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plane {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) samples: Vec<f32>,
}

impl Plane {
    /// Takes a new size; what the samples are afterwards is not defined.
    pub(crate) fn resize(&mut self, width: usize, height: usize) {
        (self.width, self.height) = (width, height);
        self.samples.resize(width * height, 0.0);
    }

    pub(crate) fn row(&self, y: usize) -> &[f32] {
        &self.samples[y * self.width..][..self.width]
    }

    /// Makes this the means of `source` over windows of `2 * radius + 1` squared. Only windows that lie wholly
    /// inside count, so this plane is smaller by `2 * radius` in both directions.
    pub(crate) fn set_means(&mut self, source: &Self, radius: usize, column_sums: &mut Vec<f32>) {
        self.resize(source.width - 2 * radius, source.height - 2 * radius);
        column_sums.resize(source.width, 0.0);
        means(source, radius, column_sums, self);
    }

    /// Makes this the product of two planes of the same size.
    pub(crate) fn set_product(&mut self, left: &Self, right: &Self) {
        self.resize(left.width, left.height);
        products(&left.samples, &right.samples, &mut self.samples);
    }
}

wide! {
    /// Writes the means over windows of `2 * radius + 1` squared. `column_sums` is room for a row of `source`.
    fn means(source: &Plane, radius: usize, column_sums: &mut [f32], target: &mut Plane) = means_row_by_row
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn means_row_by_row(source: &Plane, radius: usize, column_sums: &mut [f32], target: &mut Plane) {
    let side = 2 * radius + 1;
    let scale = 1.0 / (side * side) as f32;
    let width = target.width;
    for (y, means) in target.samples.chunks_exact_mut(width).enumerate() {
        let rows = &source.samples[y * source.width..][..side * source.width];
        if side == 5 {
            means_of_five(rows, column_sums, means, scale);
            continue;
        }
        column_sums.copy_from_slice(&rows[..source.width]);
        for row in rows.chunks_exact(source.width).skip(1) {
            for (sum, &value) in column_sums.iter_mut().zip(row) {
                *sum += value;
            }
        }
        means.copy_from_slice(&column_sums[..width]);
        for column in 1..side {
            for (mean, &sum) in means.iter_mut().zip(&column_sums[column..]) {
                *mean += sum;
            }
        }
        for mean in means {
            *mean *= scale;
        }
    }
}

/// The same for one row of windows of the usual size, without writing and reading each sum five times.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn means_of_five(rows: &[f32], column_sums: &mut [f32], means: &mut [f32], scale: f32) {
    let width = column_sums.len();
    let row = |y: usize| &rows[y * width..][..width];
    let (a, b, c, d, e) = (row(0), row(1), row(2), row(3), row(4));
    for x in 0..width {
        column_sums[x] = a[x] + b[x] + c[x] + d[x] + e[x];
    }
    let width = means.len();
    let column = |x: usize| &column_sums[x..][..width];
    let (a, b, c, d, e) = (column(0), column(1), column(2), column(3), column(4));
    for x in 0..width {
        means[x] = (a[x] + b[x] + c[x] + d[x] + e[x]) * scale;
    }
}

wide! {
    fn products(left: &[f32], right: &[f32], target: &mut [f32]) = products_one_by_one
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn products_one_by_one(left: &[f32], right: &[f32], target: &mut [f32]) {
    for ((product, &l), &r) in target.iter_mut().zip(left).zip(right) {
        *product = l * r;
    }
}
