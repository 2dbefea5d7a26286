//! The operation against the definition of a convolution.

use proptest::prelude::*;
use tract_onnx::tract_core::internal::{EvalContext, EvalOp as _, IntoTValue as _, TValue, Tensor, tvec};

use super::Pointwise;
use crate::testing_random::Random;

/// The definition, one sum at a time.
fn by_definition(weights: &[f32], bias: &[f32], planes: &[f32], plane_len: usize) -> Vec<f32> {
    let channels = planes.len() / plane_len;
    let mut result = Vec::new();
    for (weights, bias) in weights.chunks_exact(channels).zip(bias) {
        for pixel in 0..plane_len {
            let products = weights.iter().zip(planes.chunks_exact(plane_len)).map(|(w, plane)| w * plane[pixel]);
            result.push(bias + products.sum::<f32>());
        }
    }
    result
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_shape_gives_what_the_definition_says(
        (height, width) in (1_usize..24, 1_usize..24),
        (input_channels, output_channels) in (1_usize..20, 1_usize..20),
        images in 1_usize..3,
        rectified: bool,
        added: bool,
        seed in 1_u32..1000,
    ) {
        let mut random = Random::new(seed);
        let plane_len = height * width;
        let weights = random.values(output_channels * input_channels);
        let bias = random.values(output_channels);
        let op = Pointwise { rectified, added, ..Pointwise::new(&weights, &bias, input_channels).unwrap() };
        let planes = random.values(images * input_channels * plane_len);
        let addend = random.values(images * output_channels * plane_len);
        let tensor = |channels: usize, values: &[f32]| -> TValue {
            Tensor::from_shape(&[images, channels, height, width], values).unwrap().into_tvalue()
        };
        let mut inputs = tvec!(tensor(input_channels, &planes));
        if added {
            inputs.push(tensor(output_channels, &addend));
        }
        let output = op.eval(&EvalContext::out_of_plan(), inputs).unwrap();
        let output = output[0].to_plain_array_view::<f32>().unwrap();
        let expected = planes
            .chunks_exact(input_channels * plane_len)
            .flat_map(|planes| by_definition(&weights, &bias, planes, plane_len))
            .zip(addend)
            .map(|(sum, addend)| if added { sum + addend } else { sum })
            .map(|sum| if rectified { sum.max(0.0) } else { sum });
        for (found, expected) in output.iter().zip(expected) {
            prop_assert!((found - expected).abs() < 1e-4, "{found} instead of {expected}");
        }
    }
}
