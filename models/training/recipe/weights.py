"""Weights between ONNX files and the network."""

import re
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from .network import Network

# Names in the first version of the model (SHA-256 f9d7cf44...), which other scripts exported.
FIRST_VERSION = [
    (r"^e\.stem\.0\.", "encoder.stem."),
    (r"^e\.b\.0\.c\.0\.0\.", "encoder.blocks.0.filter."),
    (r"^e\.b\.0\.c\.1\.0\.", "encoder.blocks.0.project."),
    (r"^e\.b\.(\d+)\.c\.0\.0\.", r"encoder.blocks.\1.expand."),
    (r"^e\.b\.(\d+)\.c\.1\.0\.", r"encoder.blocks.\1.filter."),
    (r"^e\.b\.(\d+)\.c\.2\.0\.", r"encoder.blocks.\1.project."),
    (r"^ctx\.0\.", "context.enter."),
    (r"^g\.1\.", "context.whole."),
    (r"^cm\.(\d)\.0\.", r"context.body.\1."),
    (r"^d([1-4])\.r\.0\.", r"stage\1.reduce."),
    (r"^d([1-4])\.s\.0\.", r"stage\1.skip."),
    (r"^d([1-4])\.m\.(\d)\.0\.", r"stage\1.body.\2."),
    (r"^o1\.", "head."),
]


def load(network: Network, file: Path) -> list[str]:
    """Takes over every weight of the file that has a name and shape of the network's; the names that stay untrained."""
    tensors = onnx.load(file).graph.initializer
    arrays = {renamed(tensor.name): numpy_helper.to_array(tensor).astype(np.float32) for tensor in tensors}
    stored = {name: torch.from_numpy(array) for name, array in arrays.items()}
    state = network.state_dict()
    fitting = {name: value for name, value in stored.items() if name in state and state[name].shape == value.shape}
    if not fitting:
        raise ValueError(f"{file} has no weight of this network")
    network.load_state_dict(fitting, strict=False)
    return [name for name in state if name not in fitting]


def last_width(file: Path) -> int:
    """The channels of the file's last stage."""
    for tensor in onnx.load(file).graph.initializer:
        if renamed(tensor.name) == "stage1.reduce.weight":
            return tensor.dims[0]
    raise ValueError(f"{file} has no last stage of this network")


def renamed(name: str) -> str:
    for pattern, replacement in FIRST_VERSION:
        if re.match(pattern, name):
            return re.sub(pattern, replacement, name)
    return name
