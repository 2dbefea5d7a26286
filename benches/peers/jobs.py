"""Gives jobs to a Clearcut server.

Usage: jobs.py latency URL PHOTO RUNS   a photo whose cut-out is known, by a direct call and as a job, in turns;
                                        prints {"direct_ms": [...], "job_ms": [...]}
       jobs.py fill URL PHOTO COUNT     gives the photo in COUNT times and waits for none of it; prints the seconds
       jobs.py drain URL FOLDER         gives every photo of a folder in and waits for all; prints the seconds
"""

import http.client
import json
import sys
import threading
import time
import urllib.parse
from pathlib import Path

# Between two questions for a job's status; far below what is measured.
PAUSE_S = 0.0005


class Server:
    """One connection that stays open."""

    def __init__(self, url: str) -> None:
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=300)

    def ask(self, verb: str, path: str, body: bytes | None = None) -> bytes:
        headers = {"Content-Type": "image/jpeg"} if body else {}
        self.connection.request(verb, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status not in (200, 202):
            raise RuntimeError(f"{verb} {path}: {answer.status} {text[:200]!r}")
        return text

    def enqueue(self, photo: bytes) -> str:
        return json.loads(self.ask("POST", "/v1/jobs?format=png", photo))["job_id"]

    def wait(self, job: str, pause_s: float) -> None:
        while (status := json.loads(self.ask("GET", f"/v1/jobs/{job}"))["status"]) != "done":
            if status not in ("queued", "running"):
                raise RuntimeError(f"job {job} is {status}")
            time.sleep(pause_s)


def milliseconds(work) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e3


def latency(server: Server, photo: bytes, runs: int) -> dict:
    direct = lambda: server.ask("POST", "/v1/cutouts?format=png", photo)
    job = lambda: server.wait(server.enqueue(photo), PAUSE_S)
    direct(), job()
    taken = [(milliseconds(direct), milliseconds(job)) for _ in range(runs)]
    return {"direct_ms": [direct for direct, _ in taken], "job_ms": [job for _, job in taken]}


def fill(url: str, photo: bytes, count: int, clients: int = 4) -> float:
    def work(share: int) -> None:
        server = Server(url)
        for _ in range(share):
            server.enqueue(photo)

    threads = [threading.Thread(target=work, args=(count // clients,)) for _ in range(clients)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - began


def drain(server: Server, folder: Path) -> float:
    photos = [path.read_bytes() for path in sorted(folder.glob("*.jpg"))]
    began = time.monotonic()
    jobs = [server.enqueue(photo) for photo in photos]
    for job in jobs:
        # Rarely: whoever asks takes time from the workers.
        server.wait(job, 0.05)
    return time.monotonic() - began


def main() -> None:
    what, url, path = sys.argv[1:4]
    if what == "latency":
        answer = latency(Server(url), Path(path).read_bytes(), int(sys.argv[4]))
    elif what == "fill":
        answer = fill(url, Path(path).read_bytes(), int(sys.argv[4]))
    else:
        answer = drain(Server(url), Path(path))
    print(json.dumps(answer))


main()
