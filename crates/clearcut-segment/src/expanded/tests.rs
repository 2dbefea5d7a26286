//! The operation against its two halves, one after the other.

use proptest::prelude::*;
use tract_onnx::tract_core::internal::{EvalContext, EvalOp as _, IntoTValue as _, Tensor, tvec};

use super::Expanded;
use crate::depthwise::Depthwise;
use crate::pointwise::Pointwise;
use crate::testing_random::Random;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn every_shape_gives_what_one_convolution_after_the_other_gives(
        // The wide ones need several bands.
        (height, width) in prop_oneof![(3_usize..30, 3_usize..30), (60_usize..90, 500_usize..600)],
        (top, left, bottom, right) in (0_usize..3, 0_usize..3, 0_usize..3, 0_usize..3),
        stride in 1_usize..=2,
        (input_channels, widened_channels) in (1_usize..8, 1_usize..15),
        rectified: [bool; 2],
        images in 1_usize..3,
        seed in 1_u32..1000,
    ) {
        let mut random = Random::new(seed);
        let weights = random.values(widened_channels * input_channels);
        let bias = random.values(widened_channels);
        let mut widen = Pointwise::new(&weights, &bias, input_channels).unwrap();
        let spread = Depthwise::new(
            &random.values(widened_channels * 9),
            &random.values(widened_channels),
            stride,
            (top, left),
            ((height + top + bottom - 3) / stride + 1, (width + left + right - 3) / stride + 1),
        ).unwrap();
        widen.rectified = rectified[0];
        let op = Expanded { widen, spread: spread.with_rectifier(rectified[1]) };
        let planes = random.values(images * input_channels * height * width);
        let input = Tensor::from_shape(&[images, input_channels, height, width], &planes).unwrap().into_tvalue();
        let context = EvalContext::out_of_plan();
        let widened = op.widen.eval(&context, tvec!(input.clone())).unwrap();
        let expected = op.spread.eval(&context, widened).unwrap();
        let output = op.eval(&context, tvec!(input)).unwrap();
        prop_assert_eq!(output[0].shape(), expected[0].shape());
        let output = output[0].to_plain_array_view::<f32>().unwrap();
        for (found, expected) in output.iter().zip(expected[0].to_plain_array_view::<f32>().unwrap()) {
            prop_assert!((found - expected).abs() < 1e-4, "{found} instead of {expected}");
        }
    }
}
