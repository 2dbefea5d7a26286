//! Likeness of structure: whether a matte has the reference's parts where they belong, not only as many right pixels.
//!
//! Fan, Cheng, Liu, Li, Borji, "Structure-measure: A New Way to Evaluate Foreground Maps" (ICCV 2017).

use super::HALF;

/// Share of the object-aware part, α in section 3.3 of the paper.
const OBJECT_SHARE: f64 = 0.5;

/// The S-measure of a matte, 0 to 1; the reference is cut at 0.5, and 1 means equal.
///
/// Of a reference without foreground it is the share of darkness, and of one without background that of brightness, as
/// in the authors' program.
///
/// # Panics
///
/// If the slices differ in length or are no whole rows of `width_px`.
pub fn s_measure(alpha: &[u8], truth: &[u8], width_px: u32) -> f64 {
    assert_eq!(alpha.len(), truth.len(), "both alphas have one size");
    assert!(truth.len().is_multiple_of(width_px as usize), "alphas are whole rows of {width_px} pixels");
    let values: Vec<f64> = alpha.iter().map(|&value| f64::from(value) / 255.0).collect();
    let mask: Vec<bool> = truth.iter().map(|&value| value >= HALF).collect();
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let foreground = mask.iter().filter(|&&set| set).count();
    if foreground == 0 {
        return 1.0 - mean;
    }
    if foreground == mask.len() {
        return mean;
    }
    let object = object_likeness(&values, &mask, foreground as f64 / mask.len() as f64);
    let region = region_likeness(&values, &mask, width_px as usize);
    (OBJECT_SHARE * object + (1.0 - OBJECT_SHARE) * region).clamp(0.0, 1.0)
}

/// Section 3.2: foreground and background should be bright and dark throughout, weighed by their areas.
fn object_likeness(values: &[f64], mask: &[bool], foreground_share: f64) -> f64 {
    let side = |wanted: bool| {
        let of_side = values.iter().zip(mask).filter(move |&(_, &set)| set == wanted);
        let sum = Sums::of(of_side.map(|(&value, _)| {
            let value = if wanted { value } else { 1.0 - value };
            (value, value)
        }));
        let mean = sum.mean_x();
        2.0 * mean / (mean * mean + 1.0 + sum.variance_x().sqrt())
    };
    foreground_share * side(true) + (1.0 - foreground_share) * side(false)
}

/// Section 3.1: the picture is cut into four at the center of the reference's foreground, and the structural
/// similarity of the quarters is weighed by their areas.
fn region_likeness(values: &[f64], mask: &[bool], width: usize) -> f64 {
    let height = mask.len() / width;
    let (left, top) = center(mask, width);
    let quarters = [(0..left, 0..top), (left..width, 0..top), (0..left, top..height), (left..width, top..height)];
    let likeness = |(columns, rows): (std::ops::Range<usize>, std::ops::Range<usize>)| {
        let area = columns.len() * rows.len();
        let pixels = rows.flat_map(|y| columns.clone().map(move |x| y * width + x));
        let sums = Sums::of(pixels.map(|at| (values[at], f64::from(u8::from(mask[at])))));
        if area == 0 { 0.0 } else { area as f64 / mask.len() as f64 * similarity(&sums) }
    };
    quarters.into_iter().map(likeness).sum()
}

/// How many columns and rows lie up to the center of the foreground and with it.
fn center(mask: &[bool], width: usize) -> (usize, usize) {
    let set = || mask.iter().enumerate().filter(|&(_, &set)| set).map(|(at, _)| at);
    let mean = |sum: usize| (sum as f64 / set().count() as f64 + 1.0).round() as usize;
    (mean(set().map(|at| at % width).sum()), mean(set().map(|at| at / width).sum()))
}

/// Structural similarity without stabilizing constants, in the authors' form: luminance times contrast times structure,
/// 1 where both are flat and either equal or dark.
fn similarity(sums: &Sums) -> f64 {
    let (x, y) = (sums.mean_x(), sums.mean_y());
    let above = 4.0 * x * y * sums.covariance();
    let below = (x * x + y * y) * (sums.variance_x() + sums.variance_y());
    if above.abs() > f64::EPSILON {
        above / below
    } else if below.abs() <= f64::EPSILON {
        1.0
    } else {
        0.0
    }
}

/// First and second moments of pairs of values.
#[derive(Debug, Default)]
struct Sums {
    count: f64,
    x: f64,
    y: f64,
    xx: f64,
    yy: f64,
    xy: f64,
}

impl Sums {
    fn of(pairs: impl Iterator<Item = (f64, f64)>) -> Self {
        pairs.fold(Self::default(), |sums, (x, y)| Self {
            count: sums.count + 1.0,
            x: sums.x + x,
            y: sums.y + y,
            xx: sums.xx + x * x,
            yy: sums.yy + y * y,
            xy: sums.xy + x * y,
        })
    }

    fn mean_x(&self) -> f64 {
        self.x / self.count.max(1.0)
    }

    fn mean_y(&self) -> f64 {
        self.y / self.count.max(1.0)
    }

    fn variance_x(&self) -> f64 {
        self.spread(self.xx, self.x * self.mean_x()).max(0.0)
    }

    fn variance_y(&self) -> f64 {
        self.spread(self.yy, self.y * self.mean_y()).max(0.0)
    }

    fn covariance(&self) -> f64 {
        self.spread(self.xy, self.x * self.mean_y())
    }

    /// Of a sample; a single value has none.
    fn spread(&self, products: f64, product_of_means: f64) -> f64 {
        (products - product_of_means) / (self.count - 1.0).max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(value: f64, expected: f64) {
        assert!((value - expected).abs() < 1e-6, "{value}, not {expected}");
    }

    #[test]
    fn equal_mattes_are_alike_and_opposite_ones_are_not() {
        let truth: Vec<u8> = (0..400).map(|at| if (5..15).contains(&(at % 20)) { 255 } else { 0 }).collect();
        near(s_measure(&truth, &truth, 20), 1.0);
        let inverted: Vec<u8> = truth.iter().map(|value| 255 - value).collect();
        near(s_measure(&inverted, &truth, 20), 0.0);
    }

    #[test]
    fn a_veil_costs_in_the_object_aware_part() {
        // Four pixels, one of them foreground; the center cuts the picture into four. Object: foreground 1; background
        // with x̄ = 0.8: 2 · 0.8 / (0.64 + 1) = 0.975610; weighed 1/4 and 3/4: 0.981707. Region: all flat, thus 1.
        near(s_measure(&[255, 51, 51, 51], &[255, 0, 0, 0], 2), 0.5 * 0.981_707_317 + 0.5);
    }

    #[test]
    fn both_parts_follow_the_paper() {
        // The center is column 1.5, and the first three columns form a part. In it x = 0, 1, 0.6 and y = 0, 1, 1:
        // 4 · 0.533333 · 0.666667 · 0.266667 / ((0.284444 + 0.444444) · (0.253333 + 0.333333)) = 0.886918. The last
        // column is flat and dark: 1. Region: 3/4 · 0.886918 + 1/4 = 0.915189.
        // Object: foreground x̄ = 0.8, σ = 0.282843: 1.6 / 1.922843 = 0.832102; background 1: mean 0.916051.
        near(s_measure(&[0, 255, 153, 0], &[0, 255, 255, 0], 4), f64::midpoint(0.915_189, 0.916_051));
    }

    #[test]
    fn without_foreground_or_background_brightness_alone_counts() {
        near(s_measure(&[51, 0, 0, 0], &[0; 4], 2), 0.95);
        near(s_measure(&[51, 255, 255, 255], &[255; 4], 2), 0.8);
    }
}
