"""IS-Net (Qin et al., 2022) from its ONNX file, run by PyTorch at any size that 64 divides, on CPU or GPU.

ONNX Runtime would run the file as it is, at 1024 px and nothing else. PyTorch runs it at any size, on a GPU where there
is one, and on processors that multiply bfloat16 in half the time.
"""

from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper
from PIL import Image

# The size that the sizes in the file are for.
EXPORTED_PX = 1024
# Pictures that are looked at together.
BATCH = 4


class Teacher:
    def __init__(self, file: Path, side_px: int, device: torch.device):
        if side_px % 64 or not 256 <= side_px <= 2048:
            raise ValueError(f"the teacher runs at a multiple of 64 px from 256 to 2048, not at {side_px}")
        graph = onnx.load(file).graph
        self.side_px = side_px
        self.device = device
        # The file's weights have no more than half precision either.
        self.number = torch.bfloat16 if has_bfloat16(device) else torch.float32
        self.input = graph.input[0].name
        self.output = graph.output[0].name
        self.constants = {
            tensor.name: self.own(torch.from_numpy(numpy_helper.to_array(tensor).astype(np.float32)))
            for tensor in graph.initializer
        }
        self.sizes = {
            node.output[0]: numpy_helper.to_array(node.attribute[0].t)
            for node in graph.node
            if node.op_type == "Constant"
        }
        self.nodes = needed(graph.node, self.output)
        producers = {name: node for node in graph.node for name in node.output}
        self.targets = {
            node.output[0]: self.target(producers[node.input[3]]) for node in self.nodes if node.op_type == "Resize"
        }
        self.last_uses = {name: index for index, node in enumerate(self.nodes) for name in node.input}

    def target(self, concat: onnx.NodeProto) -> int:
        """The side that a Resize leads to: in the file it is the batch's shape, joined with a constant size."""
        return int(self.sizes[concat.input[1]][0]) * self.side_px // EXPORTED_PX

    def own(self, tensor: torch.Tensor) -> torch.Tensor:
        """The tensor where the network runs, in its numbers and, if it is planes, with a pixel's channels together."""
        layout = torch.channels_last if tensor.dim() == 4 else torch.contiguous_format
        return tensor.to(self.device, self.number).contiguous(memory_format=layout)

    @torch.inference_mode()
    def mattes(self, pictures: list[Image.Image]) -> list[np.ndarray]:
        """Mattes in [0, 1], each of its picture's size."""
        side = (self.side_px, self.side_px)
        pixels = np.stack([np.asarray(picture.resize(side, Image.BILINEAR), np.float32) for picture in pictures])
        x = self.own(torch.from_numpy((pixels - 128) / 256).permute(0, 3, 1, 2))
        mattes = self.run(x)[:, 0].float().cpu().numpy()
        return [
            np.asarray(Image.fromarray(matte).resize(picture.size, Image.BILINEAR)).clip(0, 1)
            for matte, picture in zip(mattes, pictures, strict=True)
        ]

    def run(self, x: torch.Tensor) -> torch.Tensor:
        values = {self.input: x}
        for index, node in enumerate(self.nodes):
            names = node.input[:1] if node.op_type == "Resize" else node.input
            inputs = [values[name] if name in values else self.constants[name] for name in names]
            values[node.output[0]] = OPERATIONS[node.op_type](self, node, inputs)
            del inputs
            for name in node.input:
                if self.last_uses[name] == index:
                    values.pop(name, None)
        return values[self.output]

    def convolve(self, node, inputs):
        at = attributes(node)
        pads, dilations = at["pads"], at["dilations"]
        return F.conv2d(*inputs, stride=at["strides"], padding=pads[:2], dilation=dilations, groups=at["group"])

    def pool(self, node, inputs):
        at = attributes(node)
        ceil = bool(at.get("ceil_mode", 0))
        return F.max_pool2d(inputs[0], at["kernel_shape"], at["strides"], at["pads"][:2], ceil_mode=ceil)

    def enlarge(self, node, inputs):
        side = self.targets[node.output[0]]
        return F.interpolate(inputs[0], size=(side, side), mode="bilinear", align_corners=False)


OPERATIONS = {
    "Conv": Teacher.convolve,
    "MaxPool": Teacher.pool,
    "Resize": Teacher.enlarge,
    "Relu": lambda _, node, inputs: inputs[0].relu_(),
    "Sigmoid": lambda _, node, inputs: inputs[0].sigmoid(),
    "Add": lambda _, node, inputs: inputs[0] + inputs[1],
    "Concat": lambda _, node, inputs: torch.cat(inputs, 1),
    "Cast": lambda _, node, inputs: inputs[0],
}


def has_bfloat16(device: torch.device) -> bool:
    """Whether a processor, which is not to emulate it, multiplies bfloat16."""
    return device.type == "cpu" and bool(torch.cpu.get_capabilities().get("avx512_bf16"))


def attributes(node: onnx.NodeProto) -> dict:
    return {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}


def needed(nodes, output: str) -> list:
    """The nodes that the output's pixels come from, sorted so that each follows its inputs.

    The file's own order is not that, and what a Resize takes besides its picture is arithmetic of shapes.
    """
    producers = {name: node for node in nodes for name in node.output}
    order, done, stack = [], set(), [output]
    while stack:
        name = stack[-1]
        node = producers.get(name)
        inputs = [] if node is None else list(node.input[:1] if node.op_type == "Resize" else node.input)
        missing = [value for value in inputs if value in producers and value not in done]
        if missing:
            stack += missing
            continue
        stack.pop()
        if name not in done and node is not None:
            order.append(node)
        done.add(name)
    return order
