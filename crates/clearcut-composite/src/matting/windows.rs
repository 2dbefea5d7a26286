//! The matting Laplacian, applied and never stored: in each window of three by three pixels alpha is fitted as a linear
//! function of color, and what the fits leave unexplained is the result.
//!
//! Levin, Lischinski, Weiss 2008, equation 12, in the form of a guided filter (He, Sun, Tang, "Fast Matting Using Large
//! Kernel Matting Laplacian Matrices", CVPR 2010, algorithm 1).

/// A piece of a picture and the windows in it.
#[derive(Debug, Default)]
pub(super) struct Windows {
    pub(super) width: usize,
    pub(super) height: usize,
    /// The picture's channels, 0 to 1.
    pub(super) colors: [Vec<f32>; 3],
    /// Mean colors of the windows, by their centers.
    means: [Vec<f32>; 3],
    /// A ninth of the inverted covariances: rr rg rb gg gb bb.
    inverse: [Vec<f32>; 6],
    /// The fits: `alpha = slope · color + offset`. 0 where there is no window.
    slope: [Vec<f32>; 3],
    offset: Vec<f32>,
    lines: [Vec<f32>; 4],
    line: Vec<f32>,
}

/// A rectangle of a piece: columns and rows from the first to before the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) left: usize,
    pub(super) right: usize,
    pub(super) top: usize,
    pub(super) bottom: usize,
}

impl Part {
    pub(super) fn is_empty(self) -> bool {
        self.left >= self.right || self.top >= self.bottom
    }
}

impl Windows {
    /// Takes a new size; the colors are to be written next.
    pub(super) fn resize(&mut self, width: usize, height: usize) {
        (self.width, self.height) = (width, height);
        let planes = self.colors.iter_mut().chain(&mut self.means).chain(&mut self.inverse);
        for plane in planes {
            plane.resize(width * height, 0.0);
        }
        for plane in self.slope.iter_mut().chain([&mut self.offset]) {
            plane.clear();
            plane.resize(width * height, 0.0);
        }
        for line in &mut self.lines {
            line.resize(width, 0.0);
        }
    }

    /// Measures the windows with their centers in `part`, which stays one pixel away from the border.
    /// `epsilon` is a variance of color.
    pub(super) fn measure(&mut self, part: Part, epsilon: f32) {
        const NINTH: f32 = 1.0 / 9.0;
        let width = self.width;
        let [red, green, blue] = &self.colors;
        for y in part.top..part.bottom {
            for x in part.left..part.right {
                let at = y * width + x;
                // Around the center's color, so that no digits are lost.
                let center = [red[at], green[at], blue[at]];
                let (mut sums, mut products) = ([0.0_f32; 3], [0.0_f32; 6]);
                for row in [at - width, at, at + width] {
                    for i in row - 1..row + 2 {
                        let (r, g, b) = (red[i] - center[0], green[i] - center[1], blue[i] - center[2]);
                        sums = [sums[0] + r, sums[1] + g, sums[2] + b];
                        for (product, value) in products.iter_mut().zip([r * r, r * g, r * b, g * g, g * b, b * b]) {
                            *product += value;
                        }
                    }
                }
                let [r, g, b] = sums.map(|sum| sum * NINTH);
                let [rr, rg, rb, gg, gb, bb] = products.map(|product| product * NINTH);
                let inverse = inverted(
                    [
                        rr - r * r + epsilon,
                        rg - r * g,
                        rb - r * b,
                        gg - g * g + epsilon,
                        gb - g * b,
                        bb - b * b + epsilon,
                    ],
                    epsilon,
                );
                for (plane, value) in self.inverse.iter_mut().zip(inverse) {
                    plane[at] = value * NINTH;
                }
                for ((plane, value), center) in self.means.iter_mut().zip([r, g, b]).zip(center) {
                    plane[at] = value + center;
                }
            }
        }
    }

    /// Fits `alpha` in the windows with their centers in `part`.
    pub(super) fn fit(&mut self, alpha: &[f32], part: Part) {
        const NINTH: f32 = 1.0 / 9.0;
        let width = self.width;
        let around = part.left - 1..part.right + 1;
        let inner = part.right - part.left;
        for y in part.top..part.bottom {
            let rows = [y - 1, y, y + 1].map(|y| y * width + around.start..y * width + around.end);
            let [first, second, third] = rows.each_ref().map(|row| &alpha[row.clone()]);
            let [plain, lines @ ..] = &mut self.lines;
            let plain = &mut plain[..around.len()];
            for (x, sum) in plain.iter_mut().enumerate() {
                *sum = first[x] + second[x] + third[x];
            }
            for (line, channel) in lines.iter_mut().zip(&self.colors) {
                let [a, b, c] = rows.each_ref().map(|row| &channel[row.clone()]);
                for (x, sum) in line[..around.len()].iter_mut().enumerate() {
                    *sum = first[x] * a[x] + second[x] * b[x] + third[x] * c[x];
                }
            }
            let [with_red, with_green, with_blue] = lines.each_ref().map(|line| &line[..inner + 2]);
            let at = y * width + part.left;
            let [mean_r, mean_g, mean_b] = self.means.each_ref().map(|plane| &plane[at..][..inner]);
            let [rr, rg, rb, gg, gb, bb] = self.inverse.each_ref().map(|plane| &plane[at..][..inner]);
            let [slope_r, slope_g, slope_b] = self.slope.each_mut().map(|plane| &mut plane[at..][..inner]);
            let offset = &mut self.offset[at..][..inner];
            for x in 0..inner {
                let sum = plain[x] + plain[x + 1] + plain[x + 2];
                let (r, g, b) = (mean_r[x], mean_g[x], mean_b[x]);
                let with_r = with_red[x] + with_red[x + 1] + with_red[x + 2] - r * sum;
                let with_g = with_green[x] + with_green[x + 1] + with_green[x + 2] - g * sum;
                let with_b = with_blue[x] + with_blue[x + 1] + with_blue[x + 2] - b * sum;
                let by_r = rr[x] * with_r + rg[x] * with_g + rb[x] * with_b;
                let by_g = rg[x] * with_r + gg[x] * with_g + gb[x] * with_b;
                let by_b = rb[x] * with_r + gb[x] * with_g + bb[x] * with_b;
                (slope_r[x], slope_g[x], slope_b[x]) = (by_r, by_g, by_b);
                offset[x] = sum * NINTH - by_r * r - by_g * g - by_b * b;
            }
        }
    }

    /// The sum of what the windows around each pixel of one row predict for it, from the last fit. `columns` stay one
    /// pixel away from the border wherever the piece has no border of the picture.
    pub(super) fn predict(&mut self, y: usize, columns: std::ops::Range<usize>, predicted: &mut [f32]) {
        let width = self.width;
        // Beyond the piece there are no windows.
        let (from, to) = (columns.start.saturating_sub(1), (columns.end + 1).min(width));
        let (above, below) = (y.saturating_sub(1), (y + 1).min(self.height - 1));
        let inner = columns.len();
        let skip = columns.start - from;
        let at = y * width + columns.start;
        predicted[..inner].fill(0.0);
        let line = &mut self.line;
        let mut add = |plane: &[f32], factor: Option<&[f32]>| {
            // Two more than needed at the picture's border, where the piece has none.
            line.clear();
            if skip == 0 {
                line.push(0.0);
            }
            let [a, b, c] = [above, y, below].map(|row| &plane[row * width + from..row * width + to]);
            // The outermost rows hold no windows, so reading one twice adds nothing.
            line.extend(a.iter().zip(b).zip(c).map(|((a, b), c)| a + b + c));
            line.push(0.0);
            let line = &line[..inner + 2];
            match factor {
                None => {
                    for (x, sum) in predicted[..inner].iter_mut().enumerate() {
                        *sum += line[x] + line[x + 1] + line[x + 2];
                    }
                }
                Some(factor) => {
                    let factor = &factor[..inner];
                    for (x, sum) in predicted[..inner].iter_mut().enumerate() {
                        *sum += (line[x] + line[x + 1] + line[x + 2]) * factor[x];
                    }
                }
            }
        };
        add(&self.offset, None);
        for (slope, color) in self.slope.iter().zip(&self.colors) {
            add(slope, Some(&color[at..]));
        }
    }
}

/// Inverse of a symmetric matrix, rr rg rb gg gb bb, whose eigenvalues are at least `epsilon`: by Cholesky's method
/// without roots.
fn inverted([rr, rg, rb, gg, gb, bb]: [f32; 6], epsilon: f32) -> [f32; 6] {
    let pivot_r = rr.max(epsilon);
    let (low_g, low_b) = (rg / pivot_r, rb / pivot_r);
    let pivot_g = (gg - low_g * rg).max(epsilon);
    let low_gb = (gb - low_b * rg) / pivot_g;
    let pivot_b = (bb - low_b * rb - low_gb * low_gb * pivot_g).max(epsilon);
    let (of_r, of_g, of_b) = (1.0 / pivot_r, 1.0 / pivot_g, 1.0 / pivot_b);
    // The inverse of the lower triangle is 1; -low_g, 1; mixed, -low_gb, 1.
    let mixed = low_g * low_gb - low_b;
    [
        of_r + low_g * low_g * of_g + mixed * mixed * of_b,
        -low_g * of_g - mixed * low_gb * of_b,
        mixed * of_b,
        of_g + low_gb * low_gb * of_b,
        -low_gb * of_b,
        of_b,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inverse_times_its_matrix_is_one() {
        for m in [[2.0, 0.3, -0.5, 1.0, 0.2, 0.7], [1e-3, 0.0, 0.0, 1e-3, 0.0, 1e-3], [0.9, 0.89, 0.88, 0.9, 0.89, 0.9]]
        {
            let [a, b, c, d, e, f] = m;
            let [ia, ib, ic, id, ie, jf] = inverted(m, 1e-6);
            let product = [
                a * ia + b * ib + c * ic,
                a * ib + b * id + c * ie,
                a * ic + b * ie + c * jf,
                b * ib + d * id + e * ie,
                b * ic + d * ie + e * jf,
                c * ic + e * ie + f * jf,
            ];
            for (value, exact) in product.into_iter().zip([1.0, 0.0, 0.0, 1.0, 0.0, 1.0]) {
                assert!((value - exact).abs() < 1e-3, "{m:?}: {product:?}");
            }
        }
    }
}
