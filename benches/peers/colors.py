"""pymatting's foreground colors for exact mattes.

Arguments: FOLDER RUNS NAME... For each name FOLDER has NAME.photo.png and NAME.alpha.png; NAME.foreground.png is
written. Prints for each name the milliseconds of processor time of all runs, as JSON.
"""

import json
import sys
import time
from pathlib import Path

import numpy
from PIL import Image
from pymatting import estimate_foreground_ml

folder, runs, names = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
# Compiles.
estimate_foreground_ml(numpy.zeros((8, 8, 3)), numpy.zeros((8, 8)))

times = []
for name in names:
    photo = numpy.asarray(Image.open(folder / f"{name}.photo.png").convert("RGB")) / 255.0
    alpha = numpy.asarray(Image.open(folder / f"{name}.alpha.png").convert("L")) / 255.0
    milliseconds = []
    for _ in range(runs):
        start = time.process_time()
        foreground = estimate_foreground_ml(photo, alpha)
        milliseconds.append((time.process_time() - start) * 1000)
    times.append(milliseconds)
    pixels = numpy.round(foreground.clip(0, 1) * 255).astype(numpy.uint8)
    Image.fromarray(pixels).save(folder / f"{name}.foreground.png")
print(json.dumps(times))
