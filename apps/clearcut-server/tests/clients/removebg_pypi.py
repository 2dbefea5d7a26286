"""Runs the client `removebg` of PyPI: arguments are the server, a photo and the photo's address."""

import base64
import logging
import sys

import requests
from removebg import RemoveBg, removebg

server, photo, photo_url = sys.argv[1:]
# The client has no setting for its host; this constant is all that is changed.
removebg.API_ENDPOINT = removebg.API_ENDPOINT.replace("https://api.remove.bg", server)

client = RemoveBg("any-key", "errors.log")
client.remove_background_from_img_file(photo)
with open(photo, "rb") as file:
    client.remove_background_from_base64_img(base64.b64encode(file.read()), new_file_name="base64.png")
client.remove_background_from_img_url(photo_url, size="auto", new_file_name="url.png")

# The client raises for a refusal; what it would log is what its own error path reads from the answer.
try:
    client.remove_background_from_img_file("flat.png")
    sys.exit("a picture without a subject was not refused")
except requests.HTTPError as error:
    print(error.response.status_code, error.response.json()["errors"][0]["title"])
    client.__output_file__(error.response, "refused.png")
logging.shutdown()
