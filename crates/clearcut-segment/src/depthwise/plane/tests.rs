//! Rows that are computed together against rows that are computed alone.

use proptest::prelude::*;

use super::{LANES, Weights, along, together};
use crate::testing_random::Random;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn rows_are_computed_together_as_alone(width in LANES..200, stride in 1_usize..=2, rectified: bool, seed in 1_u32..1000) {
        let mut random = Random::new(seed);
        let row_len = stride * width + 3;
        let columns = if stride == 1 { [0, 1, 2] } else { [0, width + 1, 1] };
        let samples = random.values(5 * row_len);
        let kernel = random.values(9);
        let weights = Weights { kernel: kernel.first_chunk().unwrap(), bias: random.values(1)[0], rectified };
        let plain = |sum: f32, sample: f32, weight: f32| sum + sample * weight;
        let mut alone = vec![f32::NAN; 2 * width];
        let mut both = alone.clone();
        for (y, row) in alone.chunks_exact_mut(width).enumerate() {
            along(row, &samples[y * stride * row_len..], row_len, columns, weights, plain);
        }
        let (upper, lower) = both.split_at_mut(width);
        if stride == 1 {
            together::<2, 4>([upper, lower], &samples, row_len, columns, weights, plain);
        } else {
            together::<2, 5>([upper, lower], &samples, row_len, columns, weights, plain);
        }
        let bits = |results: Vec<f32>| results.into_iter().map(f32::to_bits).collect::<Vec<_>>();
        prop_assert_eq!(bits(alone), bits(both));
    }
}
