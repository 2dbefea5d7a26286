"""rembg's cut-outs from mattes that are given: its default, and `-a`.

Arguments: FOLDER NAME... For each name FOLDER has NAME.photo.png and NAME.coarse.png, a network's answer;
NAME.default.png and NAME.matting.png are written. Prints the milliseconds that `-a` took for each as a JSON list.
"""

import json
import sys
import time
from pathlib import Path

import rembg
from PIL import Image


class Answer:
    """A session that gives out one answer, enlarged as rembg's own sessions do."""

    def __init__(self, coarse: Image.Image) -> None:
        self.coarse = coarse

    def predict(self, photo, *_, **__):
        return [self.coarse.resize(photo.size, Image.Resampling.LANCZOS)]


folder, names = Path(sys.argv[1]), sys.argv[2:]
milliseconds = []
for name in names:
    photo = Image.open(folder / f"{name}.photo.png").convert("RGB")
    session = Answer(Image.open(folder / f"{name}.coarse.png").convert("L"))
    rembg.remove(photo, session=session).save(folder / f"{name}.default.png")
    start = time.perf_counter()
    cutout = rembg.remove(photo, session=session, alpha_matting=True)
    milliseconds.append((time.perf_counter() - start) * 1000)
    cutout.save(folder / f"{name}.matting.png")
print(json.dumps(milliseconds))
