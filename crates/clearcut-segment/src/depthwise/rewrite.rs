//! Finds the convolutions of a network that [`Depthwise`] computes, and puts it in their place.

use tract_onnx::tract_core::{
    internal::{TractErrorContext, TractResult, TypedModel, TypedModelPatch, TypedNode},
    ops::{
        cnn::{Conv, KernelFormat},
        nn::DataFormat,
    },
};

use super::Depthwise;
use crate::successor;

/// Replaces every depthwise 3 by 3 convolution, together with the rectifier behind it. To be called on a network in
/// tract's core operations, before it is made ready to run.
pub(crate) fn rewrite(model: &mut TypedModel) -> TractResult<()> {
    for id in 0..model.nodes().len() {
        let node = model.node(id);
        if let Some(op) = replacement(model, node)? {
            replace(model, node, op)?.apply(model)?;
        }
    }
    model.compact()
}

/// The node's convolution, if it is one that can be replaced.
fn replacement(model: &TypedModel, node: &TypedNode) -> TractResult<Option<Depthwise>> {
    let Some(Conv { pool_spec, kernel_fmt: KernelFormat::OIHW, group, q_params: None }) = node.op_as::<Conv>() else {
        return Ok(None);
    };
    let channels = pool_spec.output_channels;
    let (strides, dilations) = (pool_spec.strides(), pool_spec.dilations());
    let fits = *group == channels
        && pool_spec.input_channels == channels
        && pool_spec.data_format == DataFormat::NCHW
        && *pool_spec.kernel_shape == [3, 3]
        && matches!(*strides, [1, 1] | [2, 2])
        && *dilations == [1, 1];
    let [input, kernel, bias] = &*model.node_input_facts(node.id)? else { return Ok(None) };
    let (Some(kernel), Some(bias)) = (&kernel.konst, &bias.konst) else { return Ok(None) };
    let Some(shape) = input.shape.as_concrete().filter(|shape| shape.len() == 4) else { return Ok(None) };
    let single = [input.datum_type, kernel.datum_type(), bias.datum_type()].into_iter().all(successor::is_single);
    if !fits || !single || kernel.len() != channels * 9 || ![1, channels].contains(&bias.len()) {
        return Ok(None);
    }
    let padding = pool_spec.computed_padding(&shape[2..]);
    let bias = match bias.len() {
        1 => vec![bias.cast_to_scalar::<f32>()?; channels],
        _ => bias.to_plain_array_view::<f32>()?.iter().copied().collect(),
    };
    let kernel = kernel.to_plain_array_view::<f32>()?;
    let kernel = kernel.as_slice().context("weights lie in one piece")?;
    let (pad, output) =
        ((padding[0].pad_before, padding[1].pad_before), (padding[0].convoluted, padding[1].convoluted));
    Depthwise::new(kernel, &bias, strides[0], pad, output).map(Some)
}

fn replace(model: &TypedModel, node: &TypedNode, op: Depthwise) -> TractResult<TypedModelPatch> {
    let rectifier = successor::only(model, node)?.filter(|next| successor::is_rectifier(model, next));
    let mut patch = TypedModelPatch::default();
    let input = patch.tap_model(model, node.inputs[0])?;
    let replaced = rectifier.unwrap_or(node);
    let op = op.with_rectifier(rectifier.is_some());
    let output = patch.wire_node(&replaced.name, op, &[input])?[0];
    patch.shunt_outside(model, replaced.id.into(), output)?;
    Ok(patch)
}
