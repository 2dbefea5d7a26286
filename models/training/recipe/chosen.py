"""Which photos are trained on and with which matte: the table that `prepare` writes and `train` reads."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

TABLE = "chosen.tsv"
# Sources with pictures of many things, none of which is the subject.
SHELVES = {"grocery"}
# Under this coverage such a picture has no subject, which is worth knowing.
NO_SUBJECT = 0.015


def bare(source: str, matte: np.ndarray) -> bool:
    """Whether a photo with this matte, in [0, 1], shows things and no subject."""
    return source in SHELVES and float(matte.mean()) < NO_SUBJECT


@dataclass(frozen=True)
class Chosen:
    source: str
    picture_file: Path
    matte_file: Path
    weight: float
    held_out: bool

    def picture(self) -> Image.Image:
        return Image.open(self.picture_file).convert("RGB")

    def matte(self) -> Image.Image:
        return Image.open(self.matte_file).convert("L")

    def bare(self) -> bool:
        return bare(self.source, np.asarray(self.matte(), np.float32) / 255)


def write(rows: list[Chosen], out: Path) -> None:
    lines = [
        f"{row.source}\t{row.picture_file}\t{row.matte_file}\t{row.weight}\t{int(row.held_out)}\n" for row in rows
    ]
    part = out / f"{TABLE}.part"
    part.write_text("".join(lines))
    part.replace(out / TABLE)


def read(out: Path) -> list[Chosen]:
    rows = [line.split("\t") for line in (out / TABLE).read_text().splitlines()]
    return [Chosen(row[0], Path(row[1]), Path(row[2]), float(row[3]), row[4] == "1") for row in rows]
