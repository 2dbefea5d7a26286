"""Losses on alpha, its gradient, and the region."""

import torch
import torch.nn.functional as F
from torch import Tensor

# Added to both sides of the soft intersection over union, as a share of the pixels: an empty reference then still has
# a slope, and a handful of pixels weighs little.
SMOOTHING = 0.01
SIDE_WEIGHTS = (0.4, 0.3, 0.3)


def region(alpha: Tensor, reference: Tensor) -> Tensor:
    """One minus the soft intersection over union."""
    pad = SMOOTHING * alpha[0].numel()
    both = (alpha * reference).sum((1, 2, 3))
    union = (alpha + reference - alpha * reference).sum((1, 2, 3))
    return 1 - ((both + pad) / (union + pad)).mean()


def edges(reference: Tensor) -> Tensor:
    """Where the reference changes within three pixels, in [0, 1]."""
    return greatest(reference) + greatest(-reference)


def greatest(planes: Tensor) -> Tensor:
    """The greatest value within three pixels: along rows, then along columns, which is sooner than both at once."""
    return F.max_pool2d(F.max_pool2d(planes, (1, 7), 1, (0, 3)), (7, 1), 1, (3, 0))


def gradient(alpha: Tensor, reference: Tensor) -> Tensor:
    """Mean difference of the slopes along rows and columns."""
    error = alpha - reference
    return error.diff(dim=2).abs().mean() + error.diff(dim=3).abs().mean()


def total(logits: Tensor, sides: list[Tensor], reference: Tensor) -> Tensor:
    alpha = torch.sigmoid(logits)
    loss = F.binary_cross_entropy_with_logits(logits, reference) + region(alpha, reference)
    loss = loss + 0.5 * ((alpha - reference).abs() * (1 + 4 * edges(reference))).mean() + gradient(alpha, reference)
    for weight, side in zip(SIDE_WEIGHTS, sides, strict=True):
        coarse = F.interpolate(reference, side.shape[2:], mode="area")
        coarse_loss = F.binary_cross_entropy_with_logits(side, coarse) + region(torch.sigmoid(side), coarse)
        loss = loss + weight * coarse_loss
    return loss
