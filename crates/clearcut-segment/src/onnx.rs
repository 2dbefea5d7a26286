//! Reading an ONNX file, and refusing what cannot work with a reason.

use std::io::{self, Read};

use tract_onnx::Onnx;
use tract_onnx::pb::tensor_proto::DataLocation;
use tract_onnx::pb::{GraphProto, ModelProto};
use tract_onnx::prelude::*;
use tract_onnx::tract_core::floats::FloatPrecisionTranslator;
use tract_onnx::tract_core::optim::Optimizer;
use tract_onnx::tract_core::transform::ModelTransform;
use tract_onnx::tract_hir::infer::Factoid;

use crate::spec::{InputSize, ModelSpec};
use crate::{concatenation, depthwise, expanded, pointwise};

/// A network before its input size is fixed, with the one output that holds the matte.
#[derive(Debug, Clone)]
pub(crate) struct Network {
    model: InferenceModel,
    input_type: DatumType,
    /// Whether the network changes the order of its axes.
    transposes: bool,
}

impl Network {
    /// Reads the network and checks its signature against `spec`; the error is the reason alone.
    pub(crate) fn read(onnx: &mut dyn Read, spec: &ModelSpec) -> Result<Self, String> {
        let framework = tract_onnx::onnx();
        let proto = framework.proto_model_for_read(onnx).map_err(|error| {
            // Reading and decoding share one error type.
            error.downcast_ref::<io::Error>().map_or_else(
                || format!("it is not an ONNX file, or it is cut off ({error}); download it again"),
                |error| format!("it cannot be read ({error})"),
            )
        })?;
        let graph = proto
            .graph
            .as_ref()
            .filter(|graph| !graph.node.is_empty())
            .ok_or("it holds no network; it is empty, cut off or not an ONNX file")?;
        refuse_external_data(graph)?;
        refuse_unknown_operators(graph, &framework)?;
        let mut model = parse(&framework, &proto)?;
        let input_type = check_input(&model, spec)?;
        let outputs = model.output_outlets().map_err(|error| brief(&error))?.to_vec();
        let index = spec.processing.output.index;
        let output = outputs.get(index).copied().ok_or_else(|| {
            format!(
                "it has {} outputs, and the matte was expected in number {index}; choose another family",
                outputs.len()
            )
        })?;
        model.select_output_outlets(&[output]).map_err(|error| brief(&error))?;
        let transposes = graph.node.iter().any(|node| node.op_type == "Transpose");
        Ok(Self { model, input_type, transposes })
    }

    /// The network for inputs of one size, optimized and ready to run.
    pub(crate) fn plan(self, width_px: u32, height_px: u32) -> Result<Arc<TypedRunnableModel>, String> {
        let shape = [1, 3, height_px as usize, width_px as usize];
        self.model
            .with_input_fact(0, self.input_type.fact(shape).into())
            .and_then(|model| optimize(model.into_typed()?, self.transposes))
            .and_then(TypedModel::into_runnable)
            .map_err(|error| format!("it does not work at {width_px}x{height_px} px: {}", brief(&error)))
    }
}

/// What `into_optimized` does, in single precision throughout, and without the search for a better order of axes where
/// the network never changes it: in a plain convolutional network that search finds nothing and takes a third of the
/// load time.
fn optimize(mut model: TypedModel, transposes: bool) -> TractResult<TypedModel> {
    let mut declutter = Optimizer::declutter();
    if !transposes {
        declutter.passes.retain(|pass| format!("{pass:?}") != "ChangeAxes");
    }
    declutter.optimize(&mut model)?;
    if model.nodes().iter().flat_map(|node| &node.outputs).any(|output| output.fact.datum_type == DatumType::F16) {
        // Few processors multiply half-precision matrices; on all others tract does it value by value, a hundred times
        // as slowly as in single precision.
        FloatPrecisionTranslator::new(DatumType::F16, DatumType::F32).transform(&mut model)?;
        declutter.optimize(&mut model)?;
    }
    pointwise::rewrite(&mut model)?;
    depthwise::rewrite(&mut model)?;
    concatenation::rewrite(&mut model)?;
    expanded::rewrite(&mut model)?;
    model.optimize()?;
    Ok(model)
}

fn parse(framework: &Onnx, proto: &ModelProto) -> Result<InferenceModel, String> {
    framework.model_for_proto_model(proto).map_err(|error| brief(&error))
}

/// The type of the network's one picture input.
fn check_input(model: &InferenceModel, spec: &ModelSpec) -> Result<DatumType, String> {
    let inputs = model.input_outlets().map_err(|error| brief(&error))?;
    let &[input] = inputs else {
        return Err(format!("it has {} inputs, where one picture was expected", inputs.len()));
    };
    let fact = model.outlet_fact(input).map_err(|error| brief(&error))?;
    if let Some(rank) = fact.shape.rank().concretize().filter(|&rank| rank != 4) {
        return Err(format!("its input has {rank} dimensions, where 1 x 3 x height x width was expected"));
    }
    let declared: Vec<Option<i64>> =
        fact.shape.dims().map(|dim| dim.concretize().and_then(|dim| dim.to_i64().ok())).collect();
    let (width_px, height_px) = match spec.processing.input.size {
        InputSize::Square { side_px } | InputSize::Letterbox { side_px } => (Some(side_px), Some(side_px)),
        InputSize::ShortSide { .. } => (None, None),
    };
    let expected = [Some(1), Some(3), height_px.map(i64::from), width_px.map(i64::from)];
    if declared.iter().zip(expected).any(|(declared, expected)| declared.is_some_and(|d| Some(d) != expected)) {
        let write = |dims: &[Option<i64>]| {
            dims.iter().map(|dim| dim.map_or("?".to_owned(), |d| d.to_string())).collect::<Vec<_>>().join(" x ")
        };
        return Err(format!(
            "its input is {}, and the family {} feeds {}; choose the family that fits it",
            write(&declared),
            spec.family,
            write(&expected),
        ));
    }
    match fact.datum_type.concretize().unwrap_or(DatumType::F32) {
        known @ (DatumType::F32 | DatumType::F16) => Ok(known),
        other => Err(format!("its input is of type {other:?}, where float32 or float16 was expected")),
    }
}

/// Weights in other files are refused: their paths come from the model, and its digest would not cover them.
fn refuse_external_data(graph: &GraphProto) -> Result<(), String> {
    let external = Some(DataLocation::External as i32);
    match graph.initializer.iter().find(|tensor| tensor.data_location == external) {
        Some(tensor) => Err(format!(
            "its weights ({}) lie in a second file; save it as one file (onnx.save with save_as_external_data=False)",
            tensor.name
        )),
        None => Ok(()),
    }
}

fn refuse_unknown_operators(graph: &GraphProto, framework: &Onnx) -> Result<(), String> {
    let mut unknown: Vec<&str> = graph
        .node
        .iter()
        .map(|node| node.op_type.as_str())
        .filter(|operator| !framework.op_register.0.contains_key(*operator))
        .collect();
    unknown.sort_unstable();
    unknown.dedup();
    match unknown[..] {
        [] => Ok(()),
        _ => Err(format!(
            "it uses operators that the tract runtime does not know ({}); export it with standard operators",
            unknown.join(", ")
        )),
    }
}

/// The ends of an error's chain: where it happened and why. What lies between repeats both at length.
fn brief(error: &TractError) -> String {
    const LONGEST: usize = 300;
    let (place, cause) = (error.to_string(), error.root_cause().to_string());
    let mut text = if place == cause { place } else { format!("{place}: {cause}") };
    if let Some((cut, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(cut);
        text.push('…');
    }
    text.replace('\n', " ")
}

#[cfg(test)]
#[cfg(feature = "embedded-model")]
mod tests;
