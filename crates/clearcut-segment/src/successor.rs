//! What stands behind a node of a network and can be computed along with it.

use tract_onnx::tract_core::{
    internal::{Datum, OutletId, TractResult, TypedModel, TypedNode},
    ops::{
        binary::TypedBinOp,
        math::{Add, Max},
    },
};

/// The node that alone reads this one's result, unless the result is also one of the network's.
pub(crate) fn only<'a>(model: &'a TypedModel, node: &TypedNode) -> TractResult<Option<&'a TypedNode>> {
    let is_result = model.output_outlets()?.iter().any(|outlet| outlet.node == node.id);
    if is_result { Ok(None) } else { model.single_succ(node.id) }
}

/// Whether a node is `max(x, 0)`.
pub(crate) fn is_rectifier(model: &TypedModel, node: &TypedNode) -> bool {
    let takes_larger = node.op_as::<TypedBinOp>().is_some_and(|TypedBinOp(op, _)| op.is::<Max>());
    let is_zero = |outlet: &OutletId| {
        let konst = model.outlet_fact(*outlet).ok().and_then(|fact| fact.konst.as_ref());
        konst.is_some_and(|konst| konst.len() == 1 && konst.cast_to_scalar::<f32>().is_ok_and(|value| value == 0.0))
    };
    takes_larger && node.inputs.iter().any(is_zero)
}

/// The other summand, if a node adds something to the result of `summand`.
pub(crate) fn other_summand(node: &TypedNode, summand: &TypedNode) -> Option<OutletId> {
    let adds = node.op_as::<TypedBinOp>().is_some_and(|TypedBinOp(op, _)| op.is::<Add>());
    match *node.inputs {
        [one, other] if adds && one.node == summand.id && other.node != summand.id => Some(other),
        [other, one] if adds && one.node == summand.id && other.node != summand.id => Some(other),
        _ => None,
    }
}

/// Whether the values are single precision.
pub(crate) fn is_single(datum_type: tract_onnx::prelude::DatumType) -> bool {
    datum_type == f32::datum_type()
}
