//! The operation against the definition of a convolution.

use proptest::prelude::*;
use tract_onnx::tract_core::internal::{EvalContext, EvalOp, IntoTValue, Tensor, tvec};

use super::Depthwise;
use crate::testing_random::Random;

/// The definition, one sum at a time.
fn by_definition(op: &Depthwise, plane: &[f32], (height, width): (usize, usize), channel: usize) -> Vec<f32> {
    let kernel = op.kernel.to_plain_array_view::<f32>().unwrap();
    let (kernel, bias) = (kernel.as_slice().unwrap(), op.bias.to_plain_array_view::<f32>().unwrap());
    let sample = |y: usize, x: usize| {
        let (y, x) = (y.checked_sub(op.pad.0)?, x.checked_sub(op.pad.1)?);
        (y < height && x < width).then(|| plane[y * width + x])
    };
    let mut result = Vec::new();
    for y in 0..op.output.0 {
        for x in 0..op.output.1 {
            let mut sum = bias.as_slice().unwrap()[channel];
            for tap in 0..9 {
                let seen = sample(y * op.stride + tap / 3, x * op.stride + tap % 3).unwrap_or(0.0);
                sum += seen * kernel[channel * 9 + tap];
            }
            result.push(if op.rectified { sum.max(0.0) } else { sum });
        }
    }
    result
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_shape_stride_and_padding_gives_what_the_definition_says(
        // Rows from 48 results on are computed in pairs.
        (height, width) in (3_usize..20, 3_usize..120),
        (top, left, bottom, right) in (0_usize..3, 0_usize..3, 0_usize..3, 0_usize..3),
        stride in 1_usize..=2,
        channels in 1_usize..4,
        rectified: bool,
        seed in 1_u32..1000,
    ) {
        let mut random = Random::new(seed);
        let op = Depthwise::new(
            &random.values(channels * 9),
            &random.values(channels),
            stride,
            (top, left),
            ((height + top + bottom - 3) / stride + 1, (width + left + right - 3) / stride + 1),
        ).unwrap().with_rectifier(rectified);
        let planes = random.values(channels * height * width);
        let input = Tensor::from_shape(&[1, channels, height, width], &planes).unwrap();
        let output = op.eval(&EvalContext::out_of_plan(), tvec!(input.into_tvalue())).unwrap();
        let output = output[0].to_plain_array_view::<f32>().unwrap();
        let expected = planes.chunks(height * width).enumerate()
            .flat_map(|(channel, plane)| by_definition(&op, plane, (height, width), channel));
        for (found, expected) in output.iter().zip(expected) {
            prop_assert!((found - expected).abs() < 1e-5, "{found} instead of {expected}");
        }
    }
}
