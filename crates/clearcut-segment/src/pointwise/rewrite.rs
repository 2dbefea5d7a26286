//! Finds the convolutions of a network that [`Pointwise`] computes, and puts it in their place.

use tract_onnx::tract_core::{
    internal::{InOut, OutletId, Tensor, TractErrorContext, TractResult, TypedModel, TypedModelPatch, TypedNode},
    ops::einsum::EinSum,
};

use super::Pointwise;
use crate::successor;

/// A convolution, and the nodes behind it that become part of it.
struct Found<'a> {
    op: Pointwise,
    input: OutletId,
    addend: Option<OutletId>,
    /// The last of the nodes that are replaced.
    last: &'a TypedNode,
}

/// Replaces every pointwise convolution, together with the bias, the sum and the rectifier behind it. To be called on
/// a network in tract's core operations, before it is made ready to run.
pub(crate) fn rewrite(model: &mut TypedModel) -> TractResult<()> {
    for id in 0..model.nodes().len() {
        if let Some(Found { op, input, addend, last }) = find(model, model.node(id))? {
            let mut patch = TypedModelPatch::default();
            let mut inputs = vec![patch.tap_model(model, input)?];
            if let Some(addend) = addend {
                inputs.push(patch.tap_model(model, addend)?);
            }
            let output = patch.wire_node(&last.name, op, &inputs)?[0];
            patch.shunt_outside(model, last.id.into(), output)?;
            patch.apply(model)?;
        }
    }
    model.compact()
}

fn find<'a>(model: &'a TypedModel, node: &'a TypedNode) -> TractResult<Option<Found<'a>>> {
    let Some((input, weights)) = product(model, node)? else { return Ok(None) };
    let [output_channels, input_channels] = *weights.shape() else { return Ok(None) };
    let mut last = node;
    let mut bias = vec![0.0; output_channels];
    if let Some((adding, values)) = bias_behind(model, node, output_channels)? {
        (last, bias) = (adding, values);
    }
    let weights = weights.to_plain_array_view::<f32>()?;
    let mut op = Pointwise::new(weights.as_slice().context("weights lie in one piece")?, &bias, input_channels)?;
    let mut addend = None;
    if let Some(next) = successor::only(model, last)?
        && let Some(other) = successor::other_summand(next, last)
        && model.outlet_fact(other)? == model.outlet_fact(last.id.into())?
    {
        (last, addend, op.added) = (next, Some(other), true);
    }
    if let Some(next) = successor::only(model, last)?.filter(|next| successor::is_rectifier(model, next)) {
        (last, op.rectified) = (next, true);
    }
    Ok(Some(Found { op, input, addend, last }))
}

/// The planes and the weights of a node that multiplies all channels of a pixel by a constant matrix.
fn product<'a>(model: &'a TypedModel, node: &TypedNode) -> TractResult<Option<(OutletId, &'a Tensor)>> {
    let Some(EinSum { axes, q_params: None, .. }) = node.op_as::<EinSum>() else { return Ok(None) };
    let &[planes, matrix] = &*node.inputs else { return Ok(None) };
    let (planes_fact, matrix_fact) = (model.outlet_fact(planes)?, model.outlet_fact(matrix)?);
    let Some(weights) = &matrix_fact.konst else { return Ok(None) };
    let single = successor::is_single(planes_fact.datum_type) && successor::is_single(weights.datum_type());
    if !single || planes_fact.rank() != 4 || weights.rank() != 2 || planes_fact.shape.as_concrete().is_none() {
        return Ok(None);
    }
    let stays = |place: usize| -> TractResult<bool> {
        let axis = axes.axis((InOut::In(0), place))?;
        Ok(axis.inputs[0][..] == [place] && axis.inputs[1].is_empty() && axis.outputs[0][..] == [place])
    };
    let (summed, kept) = (axes.axis((InOut::In(1), 1))?, axes.axis((InOut::In(1), 0))?);
    let fits = stays(0)?
        && stays(2)?
        && stays(3)?
        && summed.inputs[0][..] == [1]
        && summed.outputs[0].is_empty()
        && kept.inputs[0].is_empty()
        && kept.outputs[0][..] == [1];
    Ok(fits.then_some((planes, weights)))
}

/// The node that adds a constant to each channel of this node's result, and the constants.
fn bias_behind<'a>(
    model: &'a TypedModel,
    node: &TypedNode,
    channels: usize,
) -> TractResult<Option<(&'a TypedNode, Vec<f32>)>> {
    let Some(next) = successor::only(model, node)? else { return Ok(None) };
    let Some(other) = successor::other_summand(next, node) else { return Ok(None) };
    let Some(values) = &model.outlet_fact(other)?.konst else { return Ok(None) };
    if *values.shape() != [1, channels, 1, 1] || !successor::is_single(values.datum_type()) {
        return Ok(None);
    }
    Ok(Some((next, values.to_plain_array_view::<f32>()?.iter().copied().collect())))
}
