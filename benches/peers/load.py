"""Posts every photo of a folder to a server that speaks rembg's wire, from several clients at once.

Usage: load.py URL FOLDER CLIENTS [NAME=VALUE ...]. The values are sent in the query and in the form, because
rembg reads some of them here and some there.
Prints the seconds it took as JSON.
"""

import json
import queue
import sys
import threading
import time
import urllib.parse
import urllib.request
import uuid
from pathlib import Path


def post(url: str, photo: bytes, fields: list[str]) -> None:
    boundary = uuid.uuid4().hex
    head = ""
    for field in fields:
        name, value = field.split("=", 1)
        head += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
    head += f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n'
    body = head.encode() + b"Content-Type: image/jpeg\r\n\r\n" + photo + f"\r\n--{boundary}--\r\n".encode()
    request = urllib.request.Request(url, data=body, method="POST")
    request.add_header("Content-Type", f"multipart/form-data; boundary={boundary}")
    with urllib.request.urlopen(request, timeout=300) as answer:
        if not answer.read().startswith(b"\x89PNG"):
            raise RuntimeError("the answer is no PNG")


def main() -> None:
    url, folder, clients, fields = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
    if fields:
        url += "?" + urllib.parse.urlencode(dict(field.split("=", 1) for field in fields))
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    for path in sorted(folder.glob("*.jpg")):
        waiting.put(path.read_bytes())
    failures: list[Exception] = []

    def work() -> None:
        while not failures:
            try:
                photo = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                post(url, photo, fields)
            except Exception as error:
                failures.append(error)

    started = time.monotonic()
    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    print(json.dumps(time.monotonic() - started))


main()
