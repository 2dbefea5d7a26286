//! Area averaging: the exact way to see a matte at a smaller size.

/// Averages to `side` × `side`, then blurs with the binomial kernel 1 2 1 in both directions.
pub(super) fn coarse(alpha: &[u8], width: usize, side: usize) -> Vec<u8> {
    let height = alpha.len() / width;
    let samples: Vec<f32> = alpha.iter().map(|&value| f32::from(value)).collect();
    // Rows first, then the rows of the transposed result, which are the columns.
    let narrow = transpose(&average_rows(&samples, width, side), side);
    let square = average_rows(&narrow, height, side);
    let blurred = blur_rows(&transpose(&blur_rows(&square, side), side), side);
    blurred.into_iter().map(|value| (value + 0.5) as u8).collect()
}

/// Each target pixel is the mean of the stretch of the row that it covers.
fn average_rows(samples: &[f32], width: usize, side: usize) -> Vec<f32> {
    let step = width as f32 / side as f32;
    let mut target = Vec::with_capacity(samples.len() / width * side);
    for row in samples.chunks_exact(width) {
        for column in 0..side {
            let (from, to) = (column as f32 * step, ((column + 1) as f32 * step).min(width as f32));
            let (mut sum, mut weight) = (0.0, 0.0);
            for (x, &value) in row.iter().enumerate().take(to.ceil() as usize).skip(from as usize) {
                let share = to.min(x as f32 + 1.0) - from.max(x as f32);
                sum += share * value;
                weight += share;
            }
            target.push(sum / weight);
        }
    }
    target
}

fn blur_rows(samples: &[f32], width: usize) -> Vec<f32> {
    let mut target = Vec::with_capacity(samples.len());
    for row in samples.chunks_exact(width) {
        target.extend(
            (0..width).map(|x| 0.25 * row[x.saturating_sub(1)] + 0.5 * row[x] + 0.25 * row[(x + 1).min(width - 1)]),
        );
    }
    target
}

fn transpose(samples: &[f32], width: usize) -> Vec<f32> {
    let height = samples.len() / width;
    (0..samples.len()).map(|index| samples[(index % height) * width + index / height]).collect()
}
