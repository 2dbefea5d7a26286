"""Photos with reference mattes, as the data folder lists them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image


@dataclass(frozen=True)
class Photo:
    name: str
    source: str
    folder: Path

    def picture(self) -> Image.Image:
        return Image.open(self.folder / f"{self.name}.jpg").convert("RGB")

    def matte(self) -> np.ndarray:
        """The reference in [0, 1]."""
        return np.asarray(Image.open(self.folder / f"{self.name}.png").convert("L"), np.float32) / 255


def listed(data: Path, share: str) -> list[Photo]:
    """The photos of a share (`train` or `eval`), in the order of `list.tsv`."""
    rows = [line.split("\t") for line in (data / "list.tsv").read_text().splitlines()]
    return [Photo(row[0], row[1], data / share) for row in rows if row[2] == share]
