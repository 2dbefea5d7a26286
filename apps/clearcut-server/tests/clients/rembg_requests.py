"""Calls `/api/remove` as users of rembg's server do: arguments are the server, a photo and the photo's address."""

import sys

import requests

server, photo, photo_url = sys.argv[1:]
endpoint = f"{server}/api/remove"
with open(photo, "rb") as file:
    answer = requests.post(endpoint, files={"file": file}, data={"model": "u2net", "a": "true", "af": 240}, timeout=60)
answer.raise_for_status()
with open("post.png", "wb") as out:
    out.write(answer.content)
answer = requests.get(endpoint, params={"url": photo_url, "model": "u2net"}, timeout=60)
answer.raise_for_status()
with open("get.png", "wb") as out:
    out.write(answer.content)
refused = requests.post(endpoint, files={"file": b"no picture"}, timeout=60)
print(refused.status_code, refused.json()["detail"])
