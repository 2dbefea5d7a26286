"""Chooses the photos to train on: mistrusts references that a student disagrees with, and makes the worst again.

The references at hand come from a teacher that saw too small a picture. Where a student, trained on all of them, agrees
with one, it is kept. Where not, the teacher looks again at a larger size, the worst first and for as long as there is
time; what it had no time for, or is unsure of, is left out.
"""

import hashlib
import os
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from . import chosen, metrics
from .chosen import SHELVES, Chosen, bare
from .evaluate import Model
from .photos import Photo, listed
from .teacher import BATCH, Teacher

# Sources whose references people made, or helped to make.
TRUSTED = {"ccp"}
# Outside of these a reference shows no subject, no background, or a teacher that was unsure (mean of p (1 - p)).
LEAST_COVERAGE, MOST_COVERAGE, MOST_UNSURE = 0.015, 0.97, 0.06
HELD_OUT_IN = 40


def usable(matte: np.ndarray) -> bool:
    unsure = (matte * (1 - matte)).mean()
    return LEAST_COVERAGE <= matte.mean() <= MOST_COVERAGE and unsure <= MOST_UNSURE


def agreements(data: Path, student: Path, out: Path, log) -> dict[str, float]:
    """How far the student agrees with each reference, kept in `agreement.tsv` as it goes."""
    file = out / "agreement.tsv"
    known = {}
    if file.exists():
        known = {name: float(value) for name, value in (line.split("\t") for line in file.read_text().splitlines())}
    missing = [photo for photo in listed(data, "train") if photo.source not in TRUSTED and photo.name not in known]
    model = Model(student, threads=os.cpu_count() or 1)
    with file.open("a") as lines:
        for index, photo in enumerate(missing):
            known[photo.name] = metrics.iou(model.matte(photo.picture()), photo.matte())
            lines.write(f"{photo.name}\t{known[photo.name]:.4f}\n")
            lines.flush()
            if index % 200 == 0:
                log(f"student: {index} of {len(missing)}")
    return known


def relabel(photos: list[Photo], teacher: Teacher, labels: Path, minutes: float, log) -> None:
    """Mattes of the teacher for photos that have none yet, in their order, until the time is over."""
    labels.mkdir(exist_ok=True)
    missing = [photo for photo in photos if not (labels / f"{photo.name}.png").exists()]
    start = time.monotonic()
    for first in range(0, len(missing), BATCH):
        if time.monotonic() - start > 60 * minutes:
            log(f"teacher: out of time, {len(missing) - first} photos are left as they are")
            return
        batch = missing[first : first + BATCH]
        for photo, matte in zip(batch, teacher.mattes([photo.picture() for photo in batch]), strict=True):
            part = labels / f"{photo.name}.part"
            Image.fromarray((matte * 255 + 0.5).astype(np.uint8)).save(part, "PNG")
            part.replace(labels / f"{photo.name}.png")
        log(f"teacher: {first + len(batch)} of {len(missing)}, {time.monotonic() - start:.0f} s")


def choose(data: Path, agreement: dict[str, float], agreed: float, labels: Path) -> list[Chosen]:
    rows = []
    for photo in listed(data, "train"):
        given = photo.folder / f"{photo.name}.png"
        made = labels / f"{photo.name}.png"
        held_out = int(hashlib.sha256(photo.name.encode()).hexdigest(), 16) % HELD_OUT_IN == 0
        row = None
        if made.exists():
            if usable(np.asarray(Image.open(made), np.float32) / 255):
                row = made
        elif bare(photo.source, photo.matte()):
            # Where the student sees a subject in a heap of fruit, it has something to learn.
            row = given
        elif (photo.source in TRUSTED or agreement[photo.name] >= agreed) and usable(photo.matte()):
            row = given
        if row is not None:
            picture = photo.folder / f"{photo.name}.jpg"
            rows.append(Chosen(photo.source, picture, row, 2.0 if row == made else 1.0, held_out))
    return rows


def prepare(
    data: Path,
    student: Path,
    agreed: float,
    teacher: Path,
    side_px: int,
    minutes: float,
    out: Path,
    device: torch.device,
    log,
) -> None:
    """Writes the table of chosen photos; a reference is trusted if the student agrees with it to `agreed`."""
    out.mkdir(parents=True, exist_ok=True)
    agreement = agreements(data, student, out, log)
    suspects = [photo for photo in listed(data, "train") if photo.source not in TRUSTED | SHELVES]
    suspects = [photo for photo in suspects if agreement[photo.name] < agreed or not usable(photo.matte())]
    suspects.sort(key=lambda photo: (round(agreement[photo.name] * 5), photo.name[-6:]))
    log(f"{len(suspects)} references are not trusted")
    if minutes > 0 and suspects:
        relabel(suspects, Teacher(teacher, side_px, device), out / "labels", minutes, log)
    rows = choose(data, agreement, agreed, out / "labels")
    chosen.write(rows, out)
    for source in sorted({row.source for row in rows}):
        of_source = [row for row in rows if row.source == source]
        again = sum(row.matte_file.parent == out / "labels" for row in of_source)
        held_out = sum(row.held_out for row in of_source)
        log(f"{source}: {len(of_source)} photos, {again} with new references, {held_out} held out")
