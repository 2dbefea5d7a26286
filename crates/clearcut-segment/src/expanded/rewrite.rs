//! Finds the pairs of convolutions that [`Expanded`] computes, and puts it in their place.

use tract_onnx::tract_core::internal::{TractResult, TypedModel, TypedModelPatch};

use super::Expanded;
use crate::depthwise::Depthwise;
use crate::pointwise::Pointwise;
use crate::successor;

/// Replaces every pointwise convolution that widens its planes for a depthwise one alone. To be called after both kinds
/// were put in place.
pub(crate) fn rewrite(model: &mut TypedModel) -> TractResult<()> {
    for id in 0..model.nodes().len() {
        let node = model.node(id);
        let Some(widen) = node.op_as::<Pointwise>().filter(|widen| widens(widen)) else { continue };
        let Some(next) = successor::only(model, node)? else { continue };
        let Some(spread) = next.op_as::<Depthwise>() else { continue };
        let mut patch = TypedModelPatch::default();
        let input = patch.tap_model(model, node.inputs[0])?;
        let op = Expanded { widen: widen.clone(), spread: spread.clone() };
        let output = patch.wire_node(&next.name, op, &[input])?[0];
        patch.shunt_outside(model, next.id.into(), output)?;
        patch.apply(model)?;
    }
    model.compact()
}

/// Whether there are more planes behind it: otherwise padding those before it would cost more than it saves.
fn widens(op: &Pointwise) -> bool {
    op.output_channels > op.input_channels && op.parts == 1 && !op.added
}
