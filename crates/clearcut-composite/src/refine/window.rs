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
        let side = 2 * radius + 1;
        self.resize(source.width - 2 * radius, source.height - 2 * radius);
        let scale = 1.0 / (side * side) as f32;
        column_sums.resize(source.width, 0.0);
        for (y, means) in self.samples.chunks_exact_mut(self.width).enumerate() {
            column_sums.copy_from_slice(source.row(y));
            for row in y + 1..y + side {
                for (sum, &value) in column_sums.iter_mut().zip(source.row(row)) {
                    *sum += value;
                }
            }
            means.copy_from_slice(&column_sums[..means.len()]);
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

    /// Makes this the product of two planes of the same size.
    pub(crate) fn set_product(&mut self, left: &Self, right: &Self) {
        self.resize(left.width, left.height);
        for ((product, &l), &r) in self.samples.iter_mut().zip(&left.samples).zip(&right.samples) {
            *product = l * r;
        }
    }
}
