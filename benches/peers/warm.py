"""rembg as a library: one session, the same photo again and again.

Arguments: MODEL PHOTO RUNS. Prints the milliseconds of each run as a JSON list. A run takes the bytes of a JPEG and
gives the bytes of a PNG, as the measured run of Clearcut does.
"""

import json
import sys
import time

import rembg

model, photo, runs = sys.argv[1], sys.argv[2], int(sys.argv[3])
with open(photo, "rb") as file:
    jpeg = file.read()
session = rembg.new_session("u2net_custom", model_path=model)
rembg.remove(jpeg, session=session)

milliseconds = []
for _ in range(runs):
    start = time.perf_counter()
    png = rembg.remove(jpeg, session=session)
    milliseconds.append((time.perf_counter() - start) * 1000)
    assert png.startswith(b"\x89PNG")
print(json.dumps(milliseconds))
