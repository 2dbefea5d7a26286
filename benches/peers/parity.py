"""rembg's masks of several photos, by a network of the caller's.

Arguments: SESSION MODEL FOLDER PHOTO... Writes one PNG for each photo into FOLDER and prints their names as a JSON
list.
"""

import json
import sys
from pathlib import Path

import rembg
from PIL import Image

session_name, model, folder, photos = sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4:]
session = rembg.new_session(session_name, model_path=model)

names = []
for number, photo in enumerate(photos):
    name = f"{number:03}.png"
    rembg.remove(Image.open(photo), session=session, only_mask=True).save(folder / name)
    names.append(name)
print(json.dumps(names))
