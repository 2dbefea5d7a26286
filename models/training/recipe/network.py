"""The network of clearcut-s: pointwise and 3x3 depthwise convolutions, ReLU, nearest upsampling.

There is no batch normalization: weights are those of the exported file, where it was folded in, so that training can
go on from any exported model and what is trained is what runs.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# MobileNetV2 1.0 (Sandler et al., 2018, table 2): expansion, channels, repeats, stride of the first.
BLOCKS = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
# Blocks whose outputs the decoder takes: 1/2, 1/4, 1/8, 1/16 and 1/32 of the input.
TAPS = (0, 2, 5, 12, 16)
CONTEXT = 128
# Channels of the decoder at 1/16, 1/8, 1/4 and 1/2.
DECODER = (96, 64, 48, 32)


class Conv(nn.Conv2d):
    """A convolution with bias, "same" padding, and the field's asymmetric padding where it strides.

    With stride 2 the padding is one row below and one column to the right, as the encoder's weights were trained.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, depthwise: bool = False):
        groups = inputs if depthwise else 1
        super().__init__(inputs, outputs, kernel, stride, 0 if stride == 2 else kernel // 2, groups=groups)
        nn.init.kaiming_normal_(self.weight, nonlinearity="relu")
        nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        if self.stride == (2, 2):
            x = F.pad(x, (0, 1, 0, 1))
        return super().forward(x)


class Block(nn.Module):
    """An inverted residual: expand, filter, project without an activation."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int):
        super().__init__()
        hidden = inputs * expansion
        self.expand = Conv(inputs, hidden) if expansion > 1 else None
        self.filter = Conv(hidden, hidden, 3, stride, depthwise=True)
        self.project = Conv(hidden, outputs)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.expand(x)) if self.expand is not None else x
        y = self.project(F.relu(self.filter(y)))
        return x + y if self.residual else y


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = Conv(3, 32, 3, 2)
        self.blocks = nn.ModuleList()
        inputs = 32
        for expansion, outputs, repeats, stride in BLOCKS:
            for repeat in range(repeats):
                self.blocks.append(Block(inputs, outputs, stride if repeat == 0 else 1, expansion))
                inputs = outputs

    def forward(self, x: Tensor, frozen: int = 0) -> list[Tensor]:
        """Features at the taps; the stem and the first `frozen` blocks are not trained."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and frozen == 0):
            x = F.relu(self.stem(x))
        taps = []
        for index, block in enumerate(self.blocks):
            with torch.set_grad_enabled(torch.is_grad_enabled() and index >= frozen):
                x = block(x)
            if index in TAPS:
                taps.append(x)
        return taps


class Context(nn.Module):
    """What the whole picture shows, added to every place of it."""

    def __init__(self, inputs: int, channels: int):
        super().__init__()
        self.enter = Conv(inputs, channels)
        self.whole = Conv(channels, channels)
        self.body = nn.ModuleList(
            [
                Conv(channels, channels, 5, depthwise=True),
                Conv(channels, channels),
                Conv(channels, channels, 5, depthwise=True),
                Conv(channels, channels),
            ]
        )

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.enter(x))
        x = x + F.relu(self.whole(x.mean((2, 3), keepdim=True)))
        for conv in self.body:
            x = F.relu(conv(x))
        return x


class Stage(nn.Module):
    """One factor of two upwards, joined with the encoder's features there."""

    def __init__(self, inputs: int, skipped: int, channels: int):
        super().__init__()
        self.reduce = Conv(inputs, channels)
        self.skip = Conv(skipped, channels)
        self.body = nn.ModuleList(
            [
                Conv(2 * channels, 2 * channels, 3, depthwise=True),
                Conv(2 * channels, channels),
                Conv(channels, channels, 3, depthwise=True),
                Conv(channels, channels),
            ]
        )

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        x = F.interpolate(F.relu(self.reduce(x)), scale_factor=2, mode="nearest")
        x = torch.cat([x, F.relu(self.skip(skip))], 1)
        for conv in self.body:
            x = F.relu(conv(x))
        return x


class Network(nn.Module):
    """A picture in [-1, 1], N x 3 x H x W with sides that 32 divides, to the logits of its matte, N x 1 x H x W."""

    def __init__(self, last_width: int = DECODER[3]):
        super().__init__()
        self.encoder = Encoder()
        self.context = Context(320, CONTEXT)
        d4, d3, d2, d1 = (*DECODER[:3], last_width)
        self.stage4 = Stage(CONTEXT, 96, d4)
        self.stage3 = Stage(d4, 32, d3)
        self.stage2 = Stage(d3, 24, d2)
        self.stage1 = Stage(d2, 16, d1)
        # Four channels at half the input's size: the four pixels that depth-to-space makes of one.
        self.head = Conv(d1, 4, 3)

    def forward(self, x: Tensor, frozen: int = 0) -> tuple[Tensor, list[Tensor]]:
        """The logits, and the features of the three coarser stages for side losses."""
        half, quarter, eighth, sixteenth, least = self.encoder(x, frozen)
        x4 = self.stage4(self.context(least), sixteenth)
        x3 = self.stage3(x4, eighth)
        x2 = self.stage2(x3, quarter)
        x1 = self.stage1(x2, half)
        return F.pixel_shuffle(self.head(x1), 2), [x2, x3, x4]


class Sides(nn.Module):
    """Coarse mattes from the decoder's stages, only for training."""

    def __init__(self):
        super().__init__()
        d4, d3, d2, _ = DECODER
        self.heads = nn.ModuleList([nn.Conv2d(channels, 1, 1) for channels in (d2, d3, d4)])

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        return [head(feature) for head, feature in zip(self.heads, features, strict=True)]
