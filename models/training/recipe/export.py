"""The network as an ONNX file, node by node: no exporter decides what the graph looks like.

Kernels are stored as float16, which halves the file and hardly changes its figures; all arithmetic is float32.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .network import TAPS, Block, Conv, Network, Stage

SIDE_PX = 320
OPSET = 17


class Graph:
    """Nodes and weights as they are added; every method returns the name of what it added."""

    def __init__(self, network: Network):
        self.names = {module: name for name, module in network.named_modules()}
        self.nodes = []
        self.weights = []
        self.constant("double", np.array([1, 1, 2, 2], np.float32))

    def constant(self, name: str, value: np.ndarray) -> str:
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def halved(self, name: str, value: np.ndarray) -> str:
        """A constant that is stored in half precision and calculated with in single."""
        return self.node("Cast", [self.constant(name, value.astype(np.float16))], f"{name}.single", to=TensorProto.FLOAT)

    def node(self, kind: str, inputs: list[str], output: str, **attributes) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def conv(self, module: Conv, x: str, relu: bool = True) -> str:
        name = self.names[module]
        kernel, stride = module.kernel_size[0], module.stride[0]
        pads = [0, 0, 1, 1] if stride == 2 else [kernel // 2] * 4
        weight = self.halved(f"{name}.weight", module.weight.detach().cpu().numpy())
        bias = self.constant(f"{name}.bias", module.bias.detach().cpu().numpy())
        y = self.node(
            "Conv",
            [x, weight, bias],
            name,
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=pads,
            dilations=[1, 1],
            group=module.groups,
        )
        return self.node("Relu", [y], f"{name}.relu") if relu else y

    def block(self, block: Block, x: str) -> str:
        y = self.conv(block.expand, x) if block.expand is not None else x
        y = self.conv(block.project, self.conv(block.filter, y), relu=False)
        return self.node("Add", [x, y], f"{self.names[block]}.add") if block.residual else y

    def double(self, x: str) -> str:
        return self.node(
            "Resize",
            [x, "", "double"],
            f"{x}.double",
            mode="nearest",
            nearest_mode="floor",
            coordinate_transformation_mode="asymmetric",
        )

    def stage(self, stage: Stage, x: str, skip: str) -> str:
        x = self.double(self.conv(stage.reduce, x))
        x = self.node("Concat", [x, self.conv(stage.skip, skip)], f"{self.names[stage]}.join", axis=1)
        for module in stage.body:
            x = self.conv(module, x)
        return x


def export(network: Network, file: Path) -> None:
    """Writes the network for one picture of 320 x 320 px, the sigmoid in the graph."""
    graph = Graph(network)
    x = graph.conv(network.encoder.stem, "input")
    taps = []
    for index, block in enumerate(network.encoder.blocks):
        x = graph.block(block, x)
        if index in TAPS:
            taps.append(x)
    half, quarter, eighth, sixteenth, least = taps
    context = network.context
    x = graph.conv(context.enter, least)
    whole = graph.conv(context.whole, graph.node("GlobalAveragePool", [x], "context.mean"))
    x = graph.node("Add", [x, whole], "context.add")
    for module in context.body:
        x = graph.conv(module, x)
    x = graph.stage(network.stage4, x, sixteenth)
    x = graph.stage(network.stage3, x, eighth)
    x = graph.stage(network.stage2, x, quarter)
    x = graph.stage(network.stage1, x, half)
    x = graph.conv(network.head, x, relu=False)
    graph.node("Sigmoid", [graph.node("DepthToSpace", [x], "logits", blocksize=2, mode="CRD")], "alpha")
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "clearcut-s",
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, SIDE_PX, SIDE_PX])],
            [helper.make_tensor_value_info("alpha", TensorProto.FLOAT, [1, 1, SIDE_PX, SIDE_PX])],
            graph.weights,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        producer_name="clearcut models/training",
        ir_version=8,
    )
    onnx.checker.check_model(model, full_check=True)
    part = file.with_suffix(".part")
    onnx.save(model, part)
    part.replace(file)
