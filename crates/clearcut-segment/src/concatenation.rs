//! Keeps convolutions from copying planes only to lay them behind one another.
//!
//! Decoders concatenate the planes of a coarser stage with those of the encoder. A depthwise convolution treats every
//! channel by itself, so it may as well come before; a pointwise one can read its planes from several places.

use tract_onnx::tract_core::{
    internal::{DimLike as _, TractResult, TypedModel, TypedModelPatch, TypedNode},
    ops::array::TypedConcat,
};

use crate::depthwise::Depthwise;
use crate::pointwise::Pointwise;
use crate::successor;

/// Moves concatenations of channels behind depthwise convolutions and into pointwise ones. To be called after both
/// were put in place.
pub(crate) fn rewrite(model: &mut TypedModel) -> TractResult<()> {
    for id in 0..model.nodes().len() {
        let node = model.node(id);
        if let (Some(op), Some(parts)) = (node.op_as::<Depthwise>(), parts(model, node)?) {
            let mut patch = TypedModelPatch::default();
            let mut convolved = Vec::new();
            let mut first = 0;
            for (index, part) in parts.inputs.iter().enumerate() {
                let channels = model.outlet_fact(*part)?.shape[1].to_usize()?;
                let input = patch.tap_model(model, *part)?;
                let op = op.channels(first..first + channels)?;
                convolved.extend(patch.wire_node(format!("{}.{index}", node.name), op, &[input])?);
                first += channels;
            }
            let output = patch.wire_node(&node.name, TypedConcat::new(1), &convolved)?[0];
            patch.shunt_outside(model, id.into(), output)?;
            patch.apply(model)?;
        }
    }
    for id in 0..model.nodes().len() {
        let node = model.node(id);
        if let (Some(op), Some(parts)) = (node.op_as::<Pointwise>(), parts(model, node)?) {
            let mut patch = TypedModelPatch::default();
            let inputs = parts.inputs.iter().chain(&node.inputs[1..]);
            let inputs: Vec<_> = inputs.map(|input| patch.tap_model(model, *input)).collect::<TractResult<_>>()?;
            let mut op = op.clone();
            op.parts = parts.inputs.len();
            let output = patch.wire_node(&node.name, op, &inputs)?[0];
            patch.shunt_outside(model, id.into(), output)?;
            patch.apply(model)?;
        }
    }
    model.compact()
}

/// The node that concatenates channels for this one alone.
fn parts<'a>(model: &'a TypedModel, node: &TypedNode) -> TractResult<Option<&'a TypedNode>> {
    let Some(input) = node.inputs.first() else { return Ok(None) };
    let before = model.node(input.node);
    let concatenates = before.op_as::<TypedConcat>().is_some_and(|op| op.axis == 1);
    let alone = successor::only(model, before)?.is_some_and(|next| next.id == node.id);
    let varies = |node: &TypedNode| -> TractResult<bool> {
        let facts = model.node_input_facts(node.id)?;
        Ok(facts.iter().all(|fact| fact.konst.is_none() && fact.shape.as_concrete().is_some()))
    };
    Ok(if concatenates && alone && varies(before)? { Some(before) } else { None })
}
