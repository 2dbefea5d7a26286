"""Asks for remove.bg's ZIP and composes it as its Ruby and Go clients do: arguments are the server and a photo."""

import io
import sys
import zipfile

import requests
from PIL import Image

server, photo = sys.argv[1:]
with open(photo, "rb") as file:
    answer = requests.post(
        f"{server}/v1.0/removebg",
        files={"image_file": file},
        data={"size": "auto", "format": "zip"},
        headers={"X-Api-Key": "any-key"},
        timeout=60,
    )
answer.raise_for_status()
with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
    color = Image.open(archive.open("color.jpg"))
    alpha = Image.open(archive.open("alpha.png"))
    assert (color.mode, alpha.mode) == ("RGB", "L"), (color.mode, alpha.mode)
    color.putalpha(alpha)
    color.save("zip.png")
