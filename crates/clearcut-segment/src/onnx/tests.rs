//! This crate's own operations in the place of tract's.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::optim::Optimizer;

use super::{Network, optimize};
use crate::ModelSpec;
use crate::testing_random::Random;

const SIDE_PX: usize = 320;

fn embedded() -> TypedModel {
    let onnx = include_bytes!("../../../../models/clearcut-s.onnx");
    let network = Network::read(&mut &onnx[..], ModelSpec::embedded()).unwrap();
    let fact = network.input_type.fact([1, 3, SIDE_PX, SIDE_PX]);
    network.model.with_input_fact(0, fact.into()).unwrap().into_typed().unwrap()
}

fn run(model: TypedModel, input: &Tensor) -> Vec<f32> {
    let outputs = model.into_runnable().unwrap().run(tvec!(input.clone().into())).unwrap();
    outputs[0].to_plain_array_view::<f32>().unwrap().iter().copied().collect()
}

#[test]
fn the_embedded_network_gives_the_same_matte_with_operations_of_our_own() {
    let mut tracts = embedded();
    Optimizer::declutter().optimize(&mut tracts).unwrap();
    tracts.optimize().unwrap();
    let ours = optimize(embedded(), false).unwrap();

    // All of them are in use, and nothing that they are made for is left.
    let names: Vec<String> = ours.nodes().iter().map(|node| node.op().name().into_owned()).collect();
    let count = |name: &str| names.iter().filter(|known| known.contains(name)).count();
    for used in ["Pointwise", "Depthwise3x3", "ExpandedDepthwise3x3"] {
        assert_ne!(count(used), 0, "no {used} in {names:?}");
    }
    assert_eq!([count("MatMul"), count("EinSum"), count("Concat")], [0; 3], "{names:?}");

    let values = Random::new(7).values(3 * SIDE_PX * SIDE_PX);
    let input = Tensor::from_shape(&[1, 3, SIDE_PX, SIDE_PX], &values).unwrap();
    let furthest = run(tracts, &input).iter().zip(run(ours, &input)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(furthest < 1e-3, "{furthest}");
}
