"""A narrower last stage from a wider one: the channels that matter most stay, and what reads them is fitted anew.

Channels are ranked by what the next layer takes from them, the root mean square of the channel times the norm of its
weights there. Each layer behind is then the least squares fit, on the narrowed network's own features, of what the
same layer of the wider network computes (the idea of ThiNet, Luo et al., 2017, and of He et al., 2017).
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from . import weights
from .network import Conv, Network, Stage

SIDE_PX = 320
# Places of each photo that a layer is fitted on.
PLACES = 1500
# Of the mean square of the features: keeps the fit from leaning on noise.
RIDGE = 1e-4


@torch.inference_mode()
def narrow(file: Path, width: int, pictures: list[Image.Image], log) -> Network:
    """The network of `file` with a last stage of `width` channels, as near to it as `pictures` tell."""
    wide = Network(weights.last_width(file))
    missing = weights.load(wide, file)
    if missing:
        raise ValueError(f"{file} lacks {missing[0]}")
    result = Network(width)
    for part in ("encoder", "context", "stage4", "stage3", "stage2"):
        getattr(result, part).load_state_dict(getattr(wide, part).state_dict())
    inputs = [stage_inputs(wide, picture) for picture in pictures]
    narrow_stage(wide, result, inputs)
    error = np.mean([difference(wide, result, *given) for given in inputs])
    log(f"{wide.stage1.reduce.out_channels} channels became {width}: mattes differ by {error:.4f} on average")
    return result


def stage_inputs(network: Network, picture: Image.Image) -> tuple[Tensor, Tensor]:
    """What the last stage gets for a picture."""
    pixels = np.asarray(picture.resize((SIDE_PX, SIDE_PX), Image.BILINEAR), np.float32) / 127.5 - 1
    half, quarter, eighth, sixteenth, least = network.encoder(torch.from_numpy(pixels.transpose(2, 0, 1)[None].copy()))
    x = network.stage4(network.context(least), sixteenth)
    return network.stage2(network.stage3(x, eighth), quarter), half


def narrow_stage(wide: Network, result: Network, inputs: list[tuple[Tensor, Tensor]]) -> None:
    width = result.stage1.reduce.out_channels
    old, new = wide.stage1, result.stage1
    features = [features_of(old, *given) for given in inputs]
    joined, between, last = (torch.stack([taken[index] for taken in features]) for index in range(3))
    count = old.reduce.out_channels
    above = strongest(joined[:, :, :count], old.body[1].weight[:, :count], width)
    beside = strongest(joined[:, :, count:], old.body[1].weight[:, count:], width)
    middle = strongest(between, old.body[3].weight, width)
    end = strongest(last, wide.head.weight, width)
    both = torch.cat([above, count + beside])
    for source, target, channels in [
        (old.reduce, new.reduce, above),
        (old.skip, new.skip, beside),
        (old.body[0], new.body[0], both),
        (old.body[2], new.body[2], middle),
    ]:
        target.weight.copy_(source.weight[channels])
        target.bias.copy_(source.bias[channels])
    for layer, kept in [(1, middle), (3, end)]:
        fit(
            new.body[layer],
            [features_of(new, *given)[layer // 2] for given in inputs],
            [old.body[layer](features_of(old, *given)[layer // 2])[:, kept] for given in inputs],
        )
    fit(
        result.head,
        [features_of(new, *given)[2] for given in inputs],
        [wide.head(features_of(old, *given)[2]) for given in inputs],
    )


def features_of(stage: Stage, x: Tensor, skip: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What the two pointwise layers of the stage's body and the layer behind the stage get."""
    x = F.interpolate(F.relu(stage.reduce(x)), scale_factor=2, mode="nearest")
    joined = F.relu(stage.body[0](torch.cat([x, F.relu(stage.skip(skip))], 1)))
    between = F.relu(stage.body[2](F.relu(stage.body[1](joined))))
    return joined, between, F.relu(stage.body[3](between))


def strongest(features: Tensor, next_weight: Tensor, count: int) -> Tensor:
    """The channels from which the next layer takes most, in their order. Features are photos x 1 x channels x ..."""
    strength = features.square().mean((0, 1, 3, 4)).sqrt() * next_weight.square().sum((0, 2, 3)).sqrt()
    return strength.topk(count).indices.sort().values


def fit(layer: Conv, features: list[Tensor], targets: list[Tensor]) -> None:
    """Sets weight and bias so that the layer's answers to `features` come nearest to `targets`."""
    kernel = layer.kernel_size[0]
    places = torch.Generator().manual_seed(0)
    rows, answers = [], []
    for feature, target in zip(features, targets, strict=True):
        columns = F.unfold(feature, kernel, padding=kernel // 2)[0]
        chosen = torch.randint(columns.shape[1], (PLACES,), generator=places)
        rows.append(F.pad(columns[:, chosen], (0, 0, 0, 1), value=1.0).double())
        answers.append(target[0].flatten(1)[:, chosen].double())
    x, y = torch.cat(rows, 1), torch.cat(answers, 1)
    moments = x @ x.T
    moments += RIDGE * moments.diagonal().mean() * torch.eye(len(x), dtype=x.dtype)
    solution = torch.linalg.solve(moments, x @ y.T).T.float()
    layer.weight.copy_(solution[:, :-1].reshape(layer.weight.shape))
    layer.bias.copy_(solution[:, -1])


def difference(wide: Network, narrowed: Network, x: Tensor, skip: Tensor) -> float:
    """Mean absolute difference of two networks' mattes from the last stage on."""
    mattes = [torch.sigmoid(network.head(network.stage1(x, skip))) for network in (wide, narrowed)]
    return (mattes[0] - mattes[1]).abs().mean().item()
