//! The local linear color model: within a small window, alpha is a linear function of color.
//!
//! Guided filter with a color guide (He, Sun, Tang: "Guided Image Filtering", 2013, section 3.5), fitted where the
//! matte lives and applied where the picture lives (He, Sun: "Fast Guided Filter", 2015), with one change. The
//! filter's own mean is only as good as the fit, so it replaces the matte in proportion to the fit's coefficient of
//! determination; where colors explain nothing, the matte stays what it is and only its samples are interpolated.

use super::window::Plane;

/// Fits models to one tile after another, keeping its memory.
#[derive(Debug, Default)]
pub(super) struct Fitter {
    /// The guide's channels, 0 to 1, around the tile.
    pub(super) guide: [Plane; 3],
    /// The matte, 0 to 1, around the tile.
    pub(super) matte: Plane,
    /// How much detail the matte is missing, 0 to 1, on the tile itself.
    pub(super) missing: Plane,
    /// The fitted model on the tile itself: `alpha = slope · color + offset`.
    pub(super) slope: [Plane; 3],
    pub(super) offset: Plane,
    guide_means: [Plane; 3],
    matte_means: Plane,
    /// Means of the products: rr rg rb gg gb bb, then r g b with the matte, then the matte's square.
    moments: [Plane; 10],
    product: Plane,
    column_sums: Vec<f32>,
    window_slope: [Plane; 3],
    window_offset: Plane,
    window_trust: Plane,
    trust: Plane,
}

/// Which channels make each guide moment.
const PAIRS: [(usize, usize); 6] = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)];

impl Fitter {
    /// By how much `guide` and `matte` must surround the tile on every side.
    pub(super) const fn margin_px(radius: usize) -> usize {
        2 * radius
    }

    /// Fits `slope` and `offset` from `guide`, `matte` and `missing`.
    pub(super) fn fit(&mut self, radius: usize, epsilon: f32) {
        self.gather_moments(radius);
        solve_windows(self, epsilon);
        for (slope, window) in self.slope.iter_mut().zip(&self.window_slope) {
            slope.set_means(window, radius, &mut self.column_sums);
        }
        self.offset.set_means(&self.window_offset, radius, &mut self.column_sums);
        self.trust.set_means(&self.window_trust, radius, &mut self.column_sums);
        anchor(self, radius);
    }

    fn gather_moments(&mut self, radius: usize) {
        for (means, guide) in self.guide_means.iter_mut().zip(&self.guide) {
            means.set_means(guide, radius, &mut self.column_sums);
        }
        self.matte_means.set_means(&self.matte, radius, &mut self.column_sums);
        let [guide_moments @ .., red, green, blue, square] = &mut self.moments;
        for (moment, (left, right)) in guide_moments.iter_mut().zip(PAIRS) {
            self.product.set_product(&self.guide[left], &self.guide[right]);
            moment.set_means(&self.product, radius, &mut self.column_sums);
        }
        for (moment, guide) in [red, green, blue].into_iter().zip(&self.guide) {
            self.product.set_product(guide, &self.matte);
            moment.set_means(&self.product, radius, &mut self.column_sums);
        }
        self.product.set_product(&self.matte, &self.matte);
        square.set_means(&self.product, radius, &mut self.column_sums);
    }
}

wide! {
    /// One ridge regression per window: (covariance + epsilon) slope = covariance with the matte, solved by
    /// Cholesky's method without roots.
    fn solve_windows(fitter: &mut Fitter, epsilon: f32) = solve_one_by_one
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn solve_one_by_one(fitter: &mut Fitter, epsilon: f32) {
    let (width, height) = (fitter.matte_means.width, fitter.matte_means.height);
    let len = width * height;
    for plane in fitter.window_slope.iter_mut().chain([&mut fitter.window_offset, &mut fitter.window_trust]) {
        plane.resize(width, height);
    }
    let [mean_r, mean_g, mean_b] = fitter.guide_means.each_ref().map(|plane| &plane.samples[..len]);
    let mean_p = &fitter.matte_means.samples[..len];
    let [rr, rg, rb, gg, gb, bb, rp, gp, bp, pp] = fitter.moments.each_ref().map(|plane| &plane.samples[..len]);
    let [slope_r, slope_g, slope_b] = fitter.window_slope.each_mut().map(|plane| &mut plane.samples[..len]);
    let offset = &mut fitter.window_offset.samples[..len];
    let trust = &mut fitter.window_trust.samples[..len];
    for i in 0..len {
        let (r, g, b, p) = (mean_r[i], mean_g[i], mean_b[i], mean_p[i]);
        let (cov_r, cov_g, cov_b) = (rp[i] - r * p, gp[i] - g * p, bp[i] - b * p);
        let pivot_r = (rr[i] - r * r).max(0.0) + epsilon;
        let low_g = (rg[i] - r * g) / pivot_r;
        let low_b = (rb[i] - r * b) / pivot_r;
        let pivot_g = (gg[i] - g * g + epsilon - low_g * low_g * pivot_r).max(epsilon);
        let low_gb = (gb[i] - g * b - low_b * low_g * pivot_r) / pivot_g;
        let pivot_b = (bb[i] - b * b + epsilon - low_b * low_b * pivot_r - low_gb * low_gb * pivot_g).max(epsilon);
        let rest_g = cov_g - low_g * cov_r;
        let rest_b = cov_b - low_b * cov_r - low_gb * rest_g;
        let third = rest_b / pivot_b;
        let second = rest_g / pivot_g - low_gb * third;
        let first = cov_r / pivot_r - low_g * second - low_b * third;
        (slope_r[i], slope_g[i], slope_b[i]) = (first, second, third);
        offset[i] = p - first * r - second * g - third * b;
        let explained = first * cov_r + second * cov_g + third * cov_b;
        // The constant is the variance of rounding to 8 bits, so that a flat window explains nothing.
        let determination = explained / ((pp[i] - p * p).max(0.0) + 1e-4);
        trust[i] = determination.clamp(0.0, 1.0);
    }
}

wide! {
    /// Anchors the averaged model to the matte: what the model predicts counts by its trust squared, and all detail
    /// counts only as far as the matte is missing any.
    fn anchor(fitter: &mut Fitter, radius: usize) = anchor_row_by_row
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
fn anchor_row_by_row(fitter: &mut Fitter, radius: usize) {
    let margin = Fitter::margin_px(radius);
    let width = fitter.offset.width;
    for y in 0..fitter.offset.height {
        let around = |plane: &Plane| (y + margin) * plane.width + margin;
        let at = around(&fitter.matte);
        let [red, green, blue] = fitter.guide.each_ref().map(|plane| &plane.samples[at..][..width]);
        let matte = &fitter.matte.samples[at..][..width];
        let row = y * width..(y + 1) * width;
        let [slope_r, slope_g, slope_b] = fitter.slope.each_mut().map(|plane| &mut plane.samples[row.clone()]);
        let trust = &fitter.trust.samples[row.clone()];
        let missing = &fitter.missing.samples[row.clone()];
        let offset = &mut fitter.offset.samples[row];
        for x in 0..width {
            let (r, g, b) = (red[x], green[x], blue[x]);
            let detail = slope_r[x] * r + slope_g[x] * g + slope_b[x] * b;
            let weight = trust[x] * trust[x] * missing[x];
            let anchored = matte[x] + weight * (detail + offset[x] - matte[x]);
            offset[x] = anchored - missing[x] * detail;
            slope_r[x] *= missing[x];
            slope_g[x] *= missing[x];
            slope_b[x] *= missing[x];
        }
    }
}
