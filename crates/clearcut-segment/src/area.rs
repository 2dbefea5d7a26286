//! Resampling by exact area: each target pixel is the mean of the source area that it covers.

/// The source pixels under one target pixel: the first, and the share of each in the mean.
struct Span {
    first: usize,
    weights: Vec<f32>,
}

/// `pixels` of `from` at the size `to`, both as width and height.
pub(crate) fn resample<const CHANNELS: usize>(pixels: &[u8], from: (u32, u32), to: (u32, u32)) -> Vec<u8> {
    let columns = spans(from.0, to.0);
    let rows = spans(from.1, to.1);
    let source_row_len = from.0 as usize * CHANNELS;
    let target_row_len = to.0 as usize * CHANNELS;
    let mut target = Vec::with_capacity(target_row_len * rows.len());
    let mut sums = vec![0.0_f32; source_row_len];
    for row in &rows {
        sums.fill(0.0);
        let under = pixels[row.first * source_row_len..].chunks_exact(source_row_len);
        for (source, &weight) in under.zip(&row.weights) {
            for (sum, &value) in sums.iter_mut().zip(source) {
                *sum += weight * f32::from(value);
            }
        }
        for column in &columns {
            let mut mean = [0.0_f32; CHANNELS];
            for (pixel, &weight) in sums[column.first * CHANNELS..].chunks_exact(CHANNELS).zip(&column.weights) {
                for (mean, &value) in mean.iter_mut().zip(pixel) {
                    *mean += weight * value;
                }
            }
            target.extend(mean.map(|value| value.round() as u8));
        }
    }
    target
}

fn spans(from: u32, to: u32) -> Vec<Span> {
    let scale = f64::from(from) / f64::from(to);
    (0..to)
        .map(|index| {
            let begin = f64::from(index) * scale;
            let end = (begin + scale).min(f64::from(from));
            let first = (begin as usize).min(from as usize - 1);
            // A target pixel that ends within rounding of a source pixel's edge does not reach into it.
            let last = ((end - 1e-9).ceil() as usize).clamp(first + 1, from as usize);
            let weights = (first..last)
                .map(|x| (((x + 1) as f64).min(end) - (x as f64).max(begin)) / (end - begin))
                .map(|w| w as f32);
            Span { first, weights: weights.collect() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halving_takes_the_mean_of_four() {
        assert_eq!(resample::<1>(&[0, 100, 50, 250], (2, 2), (1, 1)), [100]);
    }

    #[test]
    fn fractions_of_pixels_count_by_their_area() {
        // Three pixels onto two: each target covers one and a half.
        assert_eq!(resample::<1>(&[0, 90, 240], (3, 1), (2, 1)), [30, 190]);
    }

    #[test]
    fn enlarging_repeats_and_blends_at_the_edges() {
        assert_eq!(resample::<1>(&[0, 100], (2, 1), (3, 1)), [0, 50, 100]);
    }

    #[test]
    fn weights_of_every_pixel_sum_to_one() {
        for (from, to) in [(1, 1), (1, 7), (7, 1), (1000, 333), (65535, 320), (3, 1000)] {
            for (index, span) in spans(from, to).iter().enumerate() {
                let sum: f32 = span.weights.iter().sum();
                assert!((sum - 1.0).abs() < 1e-3, "{from} to {to}, pixel {index}: {sum}");
                assert!(span.weights.iter().all(|&weight| weight >= 0.0));
                assert!(span.first + span.weights.len() <= from as usize);
            }
        }
    }
}
