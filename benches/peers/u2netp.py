"""Writes an untrained network of U2NetP's published shape: what it costs, not what it sees.

Arguments: FILE. The shape is that of the paper (Qin et al., U2-Net, Pattern Recognition 106, 2020, table 1, the small
one): eleven residual U-blocks of 64 channels, 16 inside, at 320x320, and seven maps of which the first counts. Batch
norms are folded into their convolutions, as exporters do.
"""

import sys

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE_PX = 320
INSIDE, OUTSIDE = 16, 64


class Network:
    """A graph that grows: each method adds nodes and returns the name of its result."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.random = numpy.random.default_rng(1)

    def add(self, kind: str, inputs: list[str], **attributes: object) -> str:
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name, **attributes))
        return name

    def weight(self, values: numpy.ndarray) -> str:
        name = f"weight_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def convolve(self, source: str, channels: int, made: int, kernel: int = 3, dilation: int = 1) -> str:
        spread = (2.0 / (channels * kernel * kernel)) ** 0.5
        values = self.random.normal(0.0, spread, (made, channels, kernel, kernel)).astype(numpy.float32)
        weight, bias = self.weight(values), self.weight(numpy.zeros(made, numpy.float32))
        pad = kernel // 2 * dilation
        return self.add(
            "Conv", [source, weight, bias], kernel_shape=[kernel] * 2, pads=[pad] * 4, dilations=[dilation] * 2
        )

    def layer(self, source: str, channels: int, made: int, dilation: int = 1) -> str:
        return self.add("Relu", [self.convolve(source, channels, made, 3, dilation)])

    def halve(self, source: str) -> str:
        return self.add("MaxPool", [source], kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)

    def enlarge(self, source: str, channels: int, side_px: int) -> str:
        sizes = self.weight(numpy.array([1, channels, side_px, side_px], numpy.int64))
        return self.add(
            "Resize", [source, "", "", sizes], mode="linear", coordinate_transformation_mode="pytorch_half_pixel"
        )

    def join(self, one: str, other: str) -> str:
        return self.add("Concat", [one, other], axis=1)

    def block(self, source: str, channels: int, height: int, side_px: int) -> str:
        """A residual U-block that goes `height` levels down."""
        entry = self.layer(source, channels, OUTSIDE)
        down = [(self.layer(entry, OUTSIDE, INSIDE), side_px)]
        for _ in range(height - 2):
            side_px = (side_px + 1) // 2
            down.append((self.layer(self.halve(down[-1][0]), INSIDE, INSIDE), side_px))
        up = self.layer(down[-1][0], INSIDE, INSIDE, dilation=2)
        for level in range(height - 2, -1, -1):
            made = INSIDE if level else OUTSIDE
            up = self.layer(self.join(up, down[level][0]), 2 * INSIDE, made)
            if level:
                up = self.enlarge(up, INSIDE, down[level - 1][1])
        return self.add("Add", [up, entry])

    def flat_block(self, source: str, channels: int) -> str:
        """The same at one size, with wider and wider steps instead of smaller and smaller maps."""
        entry = self.layer(source, channels, OUTSIDE)
        one = self.layer(entry, OUTSIDE, INSIDE)
        two = self.layer(one, INSIDE, INSIDE, 2)
        three = self.layer(two, INSIDE, INSIDE, 4)
        up = self.layer(three, INSIDE, INSIDE, 8)
        up = self.layer(self.join(up, three), 2 * INSIDE, INSIDE, 4)
        up = self.layer(self.join(up, two), 2 * INSIDE, INSIDE, 2)
        up = self.layer(self.join(up, one), 2 * INSIDE, OUTSIDE)
        return self.add("Add", [up, entry])


def build() -> onnx.ModelProto:
    net = Network()
    sides_px = [SIDE_PX >> level for level in range(6)]
    heights = [7, 6, 5, 4]

    down: list[str] = []
    source, channels = "input", 3
    for level, side_px in enumerate(sides_px):
        if level:
            source, channels = net.halve(down[-1]), OUTSIDE
        flat = level >= len(heights)
        down.append(net.flat_block(source, channels) if flat else net.block(source, channels, heights[level], side_px))

    up = down[-1]
    results = [up]
    for level in range(len(sides_px) - 2, -1, -1):
        both = net.join(net.enlarge(up, OUTSIDE, sides_px[level]), down[level])
        flat = level >= len(heights)
        up = net.flat_block(both, 2 * OUTSIDE) if flat else net.block(both, 2 * OUTSIDE, heights[level], sides_px[level])
        results.insert(0, up)

    maps = [net.convolve(result, OUTSIDE, 1) for result in results]
    maps = [maps[0], *(net.enlarge(small, 1, SIDE_PX) for small in maps[1:])]
    maps.insert(0, net.convolve(net.add("Concat", maps, axis=1), len(maps), 1, kernel=1))
    outputs = [net.add("Sigmoid", [values]) for values in maps]

    def value(name: str, channels: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, SIDE_PX, SIDE_PX])

    graph = helper.make_graph(
        net.nodes, "u2netp", [value("input", 3)], [value(name, 1) for name in outputs], net.weights
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model


onnx.save(build(), sys.argv[1])
