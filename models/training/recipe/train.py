"""Training from the weights of an exported model, on the photos that `prepare` chose."""

import copy
import math
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, IterableDataset

from . import losses, weights
from .augment import Drawer
from .chosen import Chosen
from .export import export
from .network import Network, Sides

# How often a source is drawn, for each of its photos.
SOURCE_WEIGHTS = {"caltech101": 1.0, "imagenet1k": 1.4, "ccp": 0.5, "clothing": 0.6, "grocery": 0.5}
# Layers that start from nothing learn faster than the decoder, the encoder slower.
ENCODER_RATE, DECODER_RATE, FRESH_RATE = 0.3, 1.0, 3.0
WARM_UP_STEPS = 40
DECAY = 0.995
CHECKPOINT_S = 180.0


@dataclass(frozen=True)
class Settings:
    init: Path
    side_px: int
    final_side_px: int
    final_share: float
    batch: int
    rate: float
    frozen: int
    fresh_steps: int
    minutes: float
    samples: int
    seed: int


class Kept:
    """Pictures that are read when they are first asked for, and kept: starting again costs nothing."""

    def __init__(self, readers: list[Callable[[], Image.Image]]):
        self.readers = readers
        self.read = {}

    def __getitem__(self, index: int) -> Image.Image:
        if index not in self.read:
            self.read[index] = self.readers[index]()
        return self.read[index]


class Batches(IterableDataset):
    """Batches without end, the same for the same seed and step."""

    def __init__(self, chosen: list[Chosen], settings: Settings, step: int, side: int):
        self.pictures = Kept([row.picture for row in chosen])
        self.mattes = Kept([row.matte for row in chosen])
        self.weights = [SOURCE_WEIGHTS[row.source] * row.weight for row in chosen]
        self.bare = [index for index, row in enumerate(chosen) if row.bare()]
        self.settings, self.step, self.side = settings, step, side

    def __iter__(self):
        rng = random.Random(f"{self.settings.seed} {self.step}")
        drawer = Drawer(self.pictures, self.mattes, self.weights, self.bare, rng)
        while True:
            samples = [drawer.sample(self.side) for _ in range(self.settings.batch)]
            pictures = np.stack([picture for picture, _ in samples]).transpose(0, 3, 1, 2)
            mattes = np.stack([matte for _, matte in samples])[:, None]
            yield (
                torch.from_numpy(np.ascontiguousarray(pictures, np.float32)) * 2 - 1,
                torch.from_numpy(np.ascontiguousarray(mattes, np.float32)),
            )


class Run:
    """What a checkpoint holds."""

    def __init__(self, settings: Settings, device: torch.device, log):
        torch.manual_seed(settings.seed)
        self.settings, self.device = settings, device
        self.network = Network(weights.last_width(settings.init))
        self.fresh = set(weights.load(self.network, settings.init))
        log(f"{settings.init}: {len(self.fresh)} tensors start from nothing")
        self.network = self.network.to(device, memory_format=torch.channels_last)
        self.sides = Sides().to(device)
        self.average = copy.deepcopy(self.network)
        groups = {ENCODER_RATE: [], DECODER_RATE: [], FRESH_RATE: list(self.sides.parameters())}
        for name, parameter in self.network.named_parameters():
            rate = FRESH_RATE if name in self.fresh else ENCODER_RATE if name.startswith("encoder.") else DECODER_RATE
            if not name.startswith(frozen_names(settings.frozen)):
                groups[rate].append(parameter)
        self.optimizer = torch.optim.AdamW(
            [{"params": parameters, "factor": factor} for factor, parameters in groups.items()],
            lr=settings.rate,
            weight_decay=1e-4,
        )
        self.step, self.samples, self.elapsed_s, self.loss = 0, 0, 0.0, float("nan")

    def state(self) -> dict:
        return {
            "settings": {key: str(value) for key, value in asdict(self.settings).items()},
            "network": self.network.state_dict(),
            "sides": self.sides.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "progress": (self.step, self.samples, self.elapsed_s, self.loss),
        }

    def restore(self, state: dict) -> None:
        self.network.load_state_dict(state["network"])
        self.sides.load_state_dict(state["sides"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.samples, self.elapsed_s, self.loss = state["progress"]

    def share(self) -> float:
        """How much of the run is done, by time or by samples."""
        if self.settings.minutes:
            return self.elapsed_s / (60 * self.settings.minutes)
        return self.samples / self.settings.samples

    def learn(self, pictures: torch.Tensor, mattes: torch.Tensor) -> None:
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, self.share())))
        factor = min(1.0, (self.step + 1) / WARM_UP_STEPS) * (0.02 + 0.98 * cosine)
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.rate * group["factor"] * factor
        pictures = pictures.to(self.device).contiguous(memory_format=torch.channels_last)
        mattes = mattes.to(self.device)
        # At first only what starts from nothing learns: its noise would spoil the rest.
        only_fresh = bool(self.fresh) and self.step < self.settings.fresh_steps
        for name, parameter in self.network.named_parameters():
            wanted = name in self.fresh if only_fresh else not name.startswith(frozen_names(self.settings.frozen))
            parameter.requires_grad_(wanted)
        logits, features = self.network(pictures, self.settings.frozen)
        loss = losses.total(logits, self.sides(features), mattes)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
        self.optimizer.step()
        decay = min(DECAY, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for average, value in zip(self.average.parameters(), self.network.parameters(), strict=True):
                average.lerp_(value, 1 - decay)
        value = loss.item()
        self.loss = value if self.step == 0 else 0.98 * self.loss + 0.02 * value
        self.step += 1
        self.samples += len(pictures)


def frozen_names(blocks: int) -> tuple[str, ...]:
    return ("encoder.stem.", *(f"encoder.blocks.{block}." for block in range(blocks))) if blocks else ()


@torch.inference_mode()
def held_out(run: Run, chosen: list[Chosen], side: int) -> str:
    """Mean intersection over union of the averaged weights on photos that are not trained on."""
    by_source: dict[str, list[float]] = {}
    for row in chosen:
        picture = np.asarray(row.picture().resize((side, side), Image.BILINEAR), np.float32) / 127.5 - 1
        x = torch.from_numpy(picture.transpose(2, 0, 1)[None].copy()).to(run.device)
        ours = run.average(x)[0][0, 0].cpu() > 0
        theirs = torch.from_numpy(np.asarray(row.matte().resize((side, side), Image.BILINEAR)) > 127)
        union = (ours | theirs).sum().item()
        by_source.setdefault(row.source, []).append((ours & theirs).sum().item() / union if union else 1.0)
    return ", ".join(f"{source} {np.mean(values):.3f}" for source, values in sorted(by_source.items()))


def train(chosen: list[Chosen], settings: Settings, out: Path, device: torch.device, log) -> None:
    run = Run(settings, device, log)
    checkpoint = out / "checkpoint.pt"
    if checkpoint.exists():
        run.restore(torch.load(checkpoint, map_location=device))
        log(f"going on at step {run.step} after {run.elapsed_s / 60:.1f} minutes")
    kept = [row for row in chosen if row.held_out]
    learnt = [row for row in chosen if not row.held_out]
    log(f"{len(learnt)} photos to train on, {len(kept)} held out, on {device}")
    side = 0
    saved = time.monotonic()
    while run.share() < 1:
        wanted = settings.final_side_px if run.share() >= 1 - settings.final_share else settings.side_px
        if wanted != side:
            side = wanted
            log(f"step {run.step}: {side} px")
            source = Batches(learnt, settings, run.step, side)
            batches = iter(DataLoader(source, batch_size=None, num_workers=1, prefetch_factor=4))
        start = time.monotonic()
        run.learn(*next(batches))
        run.elapsed_s += time.monotonic() - start
        if run.step % 20 == 0:
            speed = run.samples / run.elapsed_s
            done = f"{100 * run.share():5.1f} %, step {run.step}, {run.samples} samples"
            log(f"{done}, {speed:.2f}/s, loss {run.loss:.4f}")
        if time.monotonic() - saved > CHECKPOINT_S or run.share() >= 1:
            part = checkpoint.with_suffix(".part")
            torch.save(run.state(), part)
            part.replace(checkpoint)
            export(run.average, out / "latest.onnx")
            log(f"step {run.step}: kept")
            saved = time.monotonic()
    log(f"held out: {held_out(run, kept, side)}")
    log(f"done: {run.step} steps, {run.samples} samples, {run.elapsed_s / 60:.1f} minutes")
