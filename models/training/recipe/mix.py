"""Between two models of one run: a mean of their weights often does better than either."""

from pathlib import Path

import torch

from . import weights
from .network import Network


@torch.no_grad()
def mix(file: Path, other: Path, share: float) -> Network:
    """The network of `file` with every weight moved by `share` of the way to that of `other`.

    Means make sense only between models of which one was trained from the other, or both from a third.
    """
    networks = []
    for model in (file, other):
        network = Network(weights.last_width(model))
        missing = weights.load(network, model)
        if missing:
            raise ValueError(f"{model} has no {missing[0]}")
        networks.append(network)
    ours, theirs = networks
    if ours.head.weight.shape != theirs.head.weight.shape:
        raise ValueError(f"the last stages of {file} and {other} differ in width")
    for value, of_other in zip(ours.parameters(), theirs.parameters(), strict=True):
        value.lerp_(of_other, share)
    return ours
