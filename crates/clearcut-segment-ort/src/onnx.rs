//! A look into an ONNX file before ONNX Runtime opens it.

use prost::Message;

/// The part of `onnx.proto3` that says where weights lie; everything else is skipped without a copy.
#[derive(Clone, PartialEq, Message)]
struct Model {
    #[prost(message, optional, tag = "7")]
    graph: Option<Graph>,
}

#[derive(Clone, PartialEq, Message)]
struct Graph {
    #[prost(message, repeated, tag = "1")]
    nodes: Vec<Node>,
    #[prost(message, repeated, tag = "5")]
    initializers: Vec<Weights>,
}

#[derive(Clone, PartialEq, Message)]
struct Node {
    #[prost(message, repeated, tag = "5")]
    attributes: Vec<Attribute>,
}

#[derive(Clone, PartialEq, Message)]
struct Attribute {
    #[prost(message, optional, tag = "5")]
    weights: Option<Weights>,
    #[prost(message, optional, boxed, tag = "6")]
    graph: Option<Box<Graph>>,
    #[prost(message, repeated, tag = "10")]
    several_weights: Vec<Weights>,
    #[prost(message, repeated, tag = "11")]
    graphs: Vec<Graph>,
}

#[derive(Clone, PartialEq, Message)]
struct Weights {
    #[prost(string, tag = "8")]
    name: String,
    #[prost(int32, tag = "14")]
    location: i32,
}

/// `TensorProto.DataLocation.EXTERNAL`.
const EXTERNAL: i32 = 1;

/// What keeps these bytes from being a network in one file, if anything.
///
/// Weights in other files are refused: their paths come from the model, and its digest would not cover them. So are
/// ONNX Runtime's other formats, whose weights would be used where they lie.
pub(crate) fn fault(onnx: &[u8]) -> Option<String> {
    let graph = match Model::decode(onnx) {
        Ok(model) => model.graph.filter(|graph| !graph.nodes.is_empty()),
        Err(error) => {
            return Some(format!("it is not an ONNX file, or it is cut off ({error}); download it again"));
        }
    };
    let Some(graph) = graph else {
        return Some("it holds no network; it is empty, cut off or not an ONNX file".to_owned());
    };
    external(&graph).map(|name| {
        format!("its weights ({name}) lie in a second file; save it as one file (onnx.save with save_as_external_data=False)")
    })
}

/// The name of weights that lie in another file.
fn external(graph: &Graph) -> Option<&str> {
    let attributes = || graph.nodes.iter().flat_map(|node| &node.attributes);
    let in_attributes = attributes().flat_map(|attribute| attribute.weights.iter().chain(&attribute.several_weights));
    let outside = graph.initializers.iter().chain(in_attributes).find(|weights| weights.location == EXTERNAL);
    let mut inner = attributes().flat_map(Attribute::graphs);
    outside.map(|weights| weights.name.as_str()).or_else(|| inner.find_map(external))
}

impl Attribute {
    fn graphs(&self) -> impl Iterator<Item = &Graph> {
        self.graph.as_deref().into_iter().chain(&self.graphs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(location: i32) -> Weights {
        Weights { name: "kernel".to_owned(), location }
    }

    fn graph(attributes: Vec<Attribute>, initializers: Vec<Weights>) -> Graph {
        Graph { nodes: vec![Node { attributes }], initializers }
    }

    fn fault_of(graph: Graph) -> Option<String> {
        fault(&Model { graph: Some(graph) }.encode_to_vec())
    }

    #[test]
    fn weights_elsewhere_are_found_wherever_the_network_names_them() {
        assert_eq!(fault_of(graph(Vec::new(), vec![weights(0)])), None);
        let inner = graph(Vec::new(), vec![weights(EXTERNAL)]);
        let places = [
            inner.clone(),
            graph(vec![Attribute { weights: Some(weights(EXTERNAL)), ..Attribute::default() }], Vec::new()),
            graph(vec![Attribute { several_weights: vec![weights(EXTERNAL)], ..Attribute::default() }], Vec::new()),
            graph(vec![Attribute { graph: Some(Box::new(inner.clone())), ..Attribute::default() }], Vec::new()),
            graph(vec![Attribute { graphs: vec![inner], ..Attribute::default() }], Vec::new()),
        ];
        for place in places {
            let fault = fault_of(place).expect("weights in another file");
            assert!(fault.starts_with("its weights (kernel) lie in a second file"), "{fault}");
        }
    }

    #[test]
    fn bytes_that_are_no_network_are_refused() {
        assert!(fault(b"").is_some_and(|fault| fault.contains("holds no network")));
        assert!(fault(b"# a readme\n").is_some_and(|fault| fault.contains("not an ONNX file")));
    }
}
