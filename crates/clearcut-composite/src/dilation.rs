//! The largest value within a distance: grey-scale dilation by a flat disc.

/// For each pixel the largest of `values` within `radius` pixels of it. Beyond the plane there is nothing.
pub(crate) fn dilated(values: &[u8], width: usize, height: usize, radius: usize) -> Vec<u8> {
    let reach = half_widths(radius);
    let mut largest = values.to_vec();
    let (mut line, mut wider) = (vec![0; width], vec![0; width]);
    for (y, row) in values.chunks_exact(width).enumerate() {
        if row.iter().all(|&value| value == 0) {
            continue;
        }
        // From the far rows of the disc, which are short, to the near ones: the line only ever has to be widened.
        line.copy_from_slice(row);
        let mut half_width = 0;
        for distance in (0..=radius).rev() {
            while half_width < reach[distance].min(width) {
                widen(&line, &mut wider);
                std::mem::swap(&mut line, &mut wider);
                half_width += 1;
            }
            let above = y.checked_sub(distance);
            let below = Some(y + distance).filter(|&below| below < height && distance > 0);
            for target_y in [above, below].into_iter().flatten() {
                raise(&mut largest[target_y * width..][..width], &line);
            }
        }
    }
    largest
}

/// How far the disc reaches to both sides at each distance from its center row. A third of a pixel more than the
/// radius makes small discs rounder; along both axes they still reach exactly as far.
fn half_widths(radius: usize) -> Vec<usize> {
    let square = (radius as f64 + 1.0 / 3.0).powi(2);
    (0..=radius).map(|distance| (square - (distance * distance) as f64).sqrt() as usize).collect()
}

/// Each value becomes the largest of itself and its two neighbors.
fn widen(line: &[u8], wider: &mut [u8]) {
    wider.copy_from_slice(line);
    raise(&mut wider[1..], line);
    raise(wider, &line[1..]);
}

fn raise(target: &mut [u8], values: &[u8]) {
    for (target, &value) in target.iter_mut().zip(values) {
        *target = (*target).max(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_becomes_a_disc_that_reaches_exactly_as_far_along_both_axes() {
        let (side, middle) = (41, 20);
        for radius in [1, 2, 5, 13] {
            let mut values = vec![0; side * side];
            values[middle * side + middle] = 200;
            let disc = dilated(&values, side, side, radius);
            for (at, &value) in disc.iter().enumerate() {
                let (dx, dy) = ((at % side).abs_diff(middle) as f64, (at / side).abs_diff(middle) as f64);
                let inside = dx.hypot(dy) <= radius as f64 + 1.0 / 3.0;
                assert_eq!(value, if inside { 200 } else { 0 }, "radius {radius} at {dx},{dy}");
            }
        }
    }

    #[test]
    fn a_radius_beyond_the_plane_fills_it() {
        for (width, height) in [(1, 1), (1, 7), (9, 1), (6, 4)] {
            let mut values = vec![3; width * height];
            values[0] = 99;
            assert_eq!(dilated(&values, width, height, 50), vec![99; width * height], "{width}x{height}");
        }
    }
}
