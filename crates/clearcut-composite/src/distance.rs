//! Distance from a soft shape, to a fraction of a pixel.
//!
//! The exact Euclidean distance transform of Felzenszwalb and Huttenlocher ("Distance Transforms of Sampled
//! Functions", Theory of Computing 2012, section 2.1), started from partly covered pixels by how far their edge is
//! from their center.

use crate::rect::VISIBLE;

/// Farther than any picture is wide, and small enough to be squared in `f32`.
const FAR: f32 = 1e9;

/// Distance of each pixel's center from the edge of the shape, in pixels: 0 inside of it. `alpha` is row-major
/// coverage.
pub(crate) fn outside(alpha: &[u8], width: usize, height: usize) -> Vec<f32> {
    let mut squares: Vec<f32> = alpha.iter().map(|&alpha| seed(alpha)).collect();
    let mut pass = Pass::new(width.max(height));
    for row in squares.chunks_exact_mut(width) {
        pass.run(row);
    }
    let mut column = vec![0.0; height];
    for x in 0..width {
        for (value, row) in column.iter_mut().zip(squares.chunks_exact(width)) {
            *value = row[x];
        }
        pass.run(&mut column);
        for (value, row) in column.iter().zip(squares.chunks_exact_mut(width)) {
            row[x] = *value;
        }
    }
    for square in &mut squares {
        *square = square.sqrt();
    }
    squares
}

/// Square of the distance between a pixel's center and an edge that covers this much of it. What is not visible has
/// no edge: a veil of alpha 1 must not carry a line.
fn seed(alpha: u8) -> f32 {
    match alpha {
        ..VISIBLE => FAR,
        alpha => (0.5 - f32::from(alpha) / 255.0).max(0.0).powi(2),
    }
}

/// One dimension: the lower envelope of parabolas.
struct Pass {
    input: Vec<f32>,
    vertices: Vec<usize>,
    /// `bounds[k]` to `bounds[k + 1]` is where the parabola at `vertices[k]` is the lowest.
    bounds: Vec<f32>,
}

impl Pass {
    fn new(longest: usize) -> Self {
        Self { input: vec![0.0; longest], vertices: vec![0; longest], bounds: vec![0.0; longest + 1] }
    }

    fn run(&mut self, line: &mut [f32]) {
        let Self { input, vertices, bounds } = self;
        let input = &mut input[..line.len()];
        input.copy_from_slice(line);
        let mut last = 0;
        vertices[0] = 0;
        (bounds[0], bounds[1]) = (-FAR, FAR);
        let raised = |at: usize, input: &[f32]| input[at] + (at as f32) * (at as f32);
        for at in 1..line.len() {
            let mut meet;
            loop {
                let vertex = vertices[last];
                meet = (raised(at, input) - raised(vertex, input)) / (2.0 * (at as f32 - vertex as f32));
                if meet > bounds[last] || last == 0 {
                    break;
                }
                last -= 1;
            }
            if meet > bounds[last] {
                last += 1;
            }
            vertices[last] = at;
            bounds[last] = if last == 0 { -FAR } else { meet };
            bounds[last + 1] = FAR;
        }
        let mut k = 0;
        for (at, value) in line.iter_mut().enumerate() {
            while bounds[k + 1] < at as f32 {
                k += 1;
            }
            let away = at as f32 - vertices[k] as f32;
            *value = away * away + input[vertices[k]];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_euclidean() {
        let (width, height) = (31, 23);
        let mut alpha = vec![0; width * height];
        let points = [(3_usize, 4_usize), (25, 20), (25, 3)];
        for (x, y) in points {
            alpha[y * width + x] = 255;
        }
        let distances = outside(&alpha, width, height);
        for y in 0..height {
            for x in 0..width {
                let nearest = points
                    .iter()
                    .map(|&(px, py)| (x as f32 - px as f32).hypot(y as f32 - py as f32))
                    .fold(f32::MAX, f32::min);
                assert!((distances[y * width + x] - nearest).abs() < 1e-3, "at {x},{y}");
            }
        }
    }

    #[test]
    fn a_partly_covered_pixel_moves_the_edge_by_its_share() {
        // An edge a quarter into the third pixel: its center is a quarter pixel away, the next one 1.25.
        let distances = outside(&[255, 255, 64, 0, 0], 5, 1);
        assert!((distances[2] - 0.249).abs() < 1e-2, "{distances:?}");
        assert!(distances[3] > 1.0 && distances[3] < 1.3, "{distances:?}");
    }

    #[test]
    fn without_a_shape_everything_is_far() {
        assert!(outside(&[0; 12], 4, 3).iter().all(|&distance| distance > 10_000.0));
    }
}
