//! Every processor's way against every other's.

use proptest::prelude::*;

use super::{CHANNELS, Finish, PIXELS, Samples, Weights, by_panel};
use crate::testing_random::Random;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A panel's sums are the same bits whether it is multiplied alone or beside another.
    #[test]
    fn panels_are_multiplied_together_as_alone(
        input_channels in 1_usize..40,
        len in 1_usize..100,
        channels in 1_usize..=CHANNELS,
        rectified: bool,
        added: bool,
        seed in 1_u32..1000,
    ) {
        let mut random = Random::new(seed);
        let weights = random.values(input_channels * CHANNELS);
        let weights: &[Weights] = weights.as_chunks().0;
        let panels = random.values(len.div_ceil(PIXELS) * input_channels * PIXELS);
        let panels: &[Samples] = panels.as_chunks().0;
        let bias = random.values(CHANNELS);
        let addend = random.values(channels * len);
        let rows = |samples| -> [&[f32]; CHANNELS] {
            let mut rows = <[f32]>::chunks_exact(samples, len);
            std::array::from_fn(|_| rows.next().unwrap_or_default())
        };
        let finish = Finish {
            bias: bias.first_chunk().unwrap(),
            addend: added.then(|| rows(&addend)),
            rectified,
        };
        let results = |multiply: &dyn Fn(&mut [&mut [f32]; CHANNELS])| {
            let mut results = vec![f32::NAN; channels * len];
            let mut rows = results.chunks_exact_mut(len);
            multiply(&mut std::array::from_fn(|_| rows.next().unwrap_or_default()));
            results.into_iter().map(f32::to_bits).collect::<Vec<_>>()
        };
        let plain = |sum: f32, sample: f32, weight: f32| sum + sample * weight;
        let alone = results(&|rows| by_panel::<1>(weights, panels, finish, rows, plain));
        let together = results(&|rows| by_panel::<2>(weights, panels, finish, rows, plain));
        prop_assert_eq!(alone, together);

        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx512f") {
            #[expect(unsafe_code, reason = "functions for some processors are called on one of them")]
            // SAFETY: the processor has the feature, and with it those of the other function.
            let [fused, pairs] = unsafe {
                [
                    results(&|rows| super::fused(weights, panels, finish, rows)),
                    results(&|rows| super::fused_pairs(weights, panels, finish, rows)),
                ]
            };
            prop_assert_eq!(fused, pairs);
        }
    }
}
