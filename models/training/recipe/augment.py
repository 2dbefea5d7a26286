"""Samples for training: a crop, pasted subjects, or a picture without one, then what cameras and the web do to it.

A sample is an RGB picture and its matte, arrays in [0, 1] of one square size.
"""

import io
import random
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageFilter

Sample = tuple[np.ndarray, np.ndarray]
# A region counts as background where no pixel of its matte is over this, of 255.
BACKGROUND = 25
# The least side of a piece of background.
STRIP_PX = 48
# How often a sample has no subject, and how often it is pasted together.
EMPTY_SHARE = 0.26
PASTED_SHARE = 0.22


class Drawer:
    """Draws samples from photos, in which subjects and backgrounds are known; the `bare` ones have no subject."""

    def __init__(
        self, pictures: Sequence, mattes: Sequence, weights: list[float], bare: Sequence[int], rng: random.Random
    ):
        self.pictures, self.mattes, self.bare = pictures, mattes, bare
        self.reach = np.cumsum(weights)
        self.rng = rng
        self.numbers = np.random.default_rng(rng.getrandbits(32))

    def sample(self, side: int) -> Sample:
        kind = self.rng.random()
        if kind < EMPTY_SHARE:
            picture, matte = self.empty(side), np.zeros((side, side), np.float32)
        elif kind < EMPTY_SHARE + PASTED_SHARE:
            picture, matte = self.pasted(side)
        else:
            picture, matte = self.crop(self.index(), side)
        if self.rng.random() < 0.5:
            picture, matte = picture[:, ::-1], matte[:, ::-1]
        return self.developed(picture), matte

    def index(self) -> int:
        return int(np.searchsorted(self.reach, self.rng.random() * self.reach[-1], side="right"))

    def crop(self, index: int, side: int) -> Sample:
        picture, matte = self.pictures[index], self.mattes[index]
        box = self.box(picture.size, self.rng.uniform(0.5, 1.0) if self.rng.random() < 0.6 else 1.0)
        return pixels(picture, side, box), pixels(matte, side, box)

    def box(self, size: tuple[int, int], share: float) -> tuple[float, float, float, float]:
        """A window of that share of the sides, its aspect changed by up to a seventh."""
        width = min(1.0, share * self.rng.uniform(0.93, 1.07)) * size[0]
        height = min(1.0, share * self.rng.uniform(0.93, 1.07)) * size[1]
        left, top = self.rng.uniform(0, size[0] - width), self.rng.uniform(0, size[1] - height)
        return left, top, left + width, top + height

    def empty(self, side: int) -> np.ndarray:
        kind = self.rng.random()
        if kind < 0.3 and self.bare:
            return self.heap(side)
        if kind < 0.75:
            return self.background(side)
        if kind < 0.83:
            return self.drawn(side)
        return self.blurred(side)

    def heap(self, side: int) -> np.ndarray:
        """A window, often a small one, of a photo without a subject: many things, none of which is the one."""
        picture = self.pictures[self.rng.choice(self.bare)]
        return pixels(picture, side, self.box(picture.size, self.rng.uniform(0.3, 1.0)))

    def background(self, side: int) -> np.ndarray:
        """A window of a photo beside its subject; something drawn where none is found."""
        for _ in range(8):
            index = self.index()
            picture, matte = self.pictures[index], self.mattes[index]
            subject = matte.point(lambda value: 255 if value > BACKGROUND else 0).getbbox()
            strips = [strip for strip in beside(subject, picture.size) if min(width_and_height(strip)) >= STRIP_PX]
            if strips:
                left, top, right, bottom = self.rng.choice(strips)
                window = self.box((right - left, bottom - top), self.rng.uniform(0.6, 1.0))
                shifts = (left, top, left, top)
                return pixels(picture, side, tuple(part + shift for part, shift in zip(window, shifts, strict=True)))
        return self.drawn(side)

    def blurred(self, side: int) -> np.ndarray:
        """A photo far out of focus: colours without a thing, and now and then the discs that lights become there."""
        index = self.index()
        small = self.pictures[index].resize((self.rng.randint(2, 7),) * 2, Image.BILINEAR)
        picture = pixels(small, side, resample=Image.BICUBIC)
        return self.lit(picture) if self.rng.random() < 0.6 else picture

    def lit(self, picture: np.ndarray) -> np.ndarray:
        """The picture with discs of light, each of one colour, with an edge of a pixel or more."""
        side = len(picture)
        y, x = np.mgrid[0:side, 0:side].astype(np.float32)
        radius = self.rng.uniform(0.015, 0.06) * side
        for _ in range(self.rng.randint(2, 24)):
            distance = np.hypot(x - self.rng.uniform(0, side), y - self.rng.uniform(0, side))
            reach = radius * self.rng.uniform(0.7, 1.4)
            disc = ((reach - distance) / self.rng.uniform(1, 3) + 0.5).clip(0, 1) * self.rng.uniform(0.1, 0.9)
            colour = self.numbers.uniform(0.4, 1.0, 3).astype(np.float32)
            picture = picture + (colour - picture) * disc[..., None]
        return picture

    def drawn(self, side: int) -> np.ndarray:
        """A plain colour, a gradient, stripes or grain."""
        y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
        angle = self.rng.uniform(0, 2 * np.pi)
        along = x * np.cos(angle) + y * np.sin(angle)
        first, second = self.numbers.random((2, 3), np.float32)
        kind = self.rng.random()
        if kind < 0.3:
            mix = np.zeros_like(along)
        elif kind < 0.65:
            mix = (along - along.min()) / np.ptp(along)
        elif kind < 0.8:
            mix = 0.5 + 0.5 * np.sin(along * self.rng.uniform(10, 150))
        else:
            cells = self.rng.choice([8, 16, 32, 64, side])
            grain = Image.fromarray(self.numbers.random((cells, cells), np.float32))
            mix = np.asarray(grain.resize((side, side), Image.BILINEAR))
        return first + (second - first) * mix[..., None]

    def scene(self, side: int) -> np.ndarray:
        kind = self.rng.random()
        return self.background(side) if kind < 0.6 else self.drawn(side) if kind < 0.7 else self.blurred(side)

    def pasted(self, side: int) -> Sample:
        """One to three subjects, large and small, on another background."""
        picture = self.scene(side)
        matte = np.zeros((side, side), np.float32)
        for _ in range(self.rng.choice([1, 1, 1, 2, 2, 3])):
            index = self.index()
            box = self.mattes[index].point(lambda value: 255 if value > BACKGROUND else 0).getbbox()
            if box is None:
                continue
            room = self.rng.uniform(0.2, 1.1) * side
            scale = room / max(box[2] - box[0], box[3] - box[1])
            size = tuple(max(8, int((high - low) * scale)) for low, high in zip(box[:2], box[2:], strict=True))
            subject = np.asarray(self.pictures[index].resize(size, Image.BILINEAR, box), np.float32) / 255
            alpha = np.asarray(self.mattes[index].resize(size, Image.BILINEAR, box), np.float32) / 255
            left = self.rng.randint(-size[0] // 4, max(side - 3 * size[0] // 4, 1 - size[0] // 4))
            top = self.rng.randint(-size[1] // 4, max(side - 3 * size[1] // 4, 1 - size[1] // 4))
            there = slice(max(top, 0), min(top + size[1], side)), slice(max(left, 0), min(left + size[0], side))
            here = tuple(
                slice(part.start - offset, part.stop - offset) for part, offset in zip(there, (top, left), strict=True)
            )
            alpha = alpha[here]
            picture = picture.copy()
            picture[there] += (subject[here] - picture[there]) * alpha[..., None]
            matte[there] = 1 - (1 - matte[there]) * (1 - alpha)
        return picture, matte

    def developed(self, picture: np.ndarray) -> np.ndarray:
        """Exposure, contrast, saturation, white balance, then now and then gray, blur, noise and JPEG."""
        uniform, chance = self.rng.uniform, self.rng.random
        if chance() < 0.8:
            picture = picture * (uniform(0.65, 1.35) * self.numbers.uniform(0.9, 1.1, 3)).astype(np.float32)
            mean = picture.mean()
            picture = (picture - mean) * np.float32(uniform(0.7, 1.3)) + mean
            gray = picture.mean(2, keepdims=True)
            picture = gray + (picture - gray) * np.float32(uniform(0.3, 1.4))
        if chance() < 0.06:
            picture = np.repeat(picture.mean(2, keepdims=True), 3, 2)
        if chance() < 0.12:
            picture = picture + self.numbers.standard_normal(picture.shape, np.float32) * np.float32(uniform(0, 0.06))
        picture = picture.clip(0, 1)
        if chance() < 0.2:
            image = Image.fromarray((picture * 255 + 0.5).astype(np.uint8))
            if chance() < 0.5:
                image = image.filter(ImageFilter.GaussianBlur(uniform(0.3, 1.6)))
            else:
                stored = io.BytesIO()
                image.save(stored, "JPEG", quality=self.rng.randint(25, 85))
                image = Image.open(stored)
            picture = np.asarray(image, np.float32) / 255
        return picture


def beside(subject: tuple | None, size: tuple[int, int]) -> list[tuple[int, int, int, int]]:
    """The parts of a picture left of, above, right of and below its subject; all of it where there is none."""
    width, height = size
    if subject is None:
        return [(0, 0, width, height)]
    left, top, right, bottom = subject
    return [(0, 0, left, height), (0, 0, width, top), (right, 0, width, height), (0, bottom, width, height)]


def width_and_height(box: tuple[int, int, int, int]) -> tuple[int, int]:
    return box[2] - box[0], box[3] - box[1]


def pixels(image: Image.Image, side: int, box=None, resample=Image.BILINEAR) -> np.ndarray:
    return np.asarray(image.resize((side, side), resample, box), np.float32) / 255
