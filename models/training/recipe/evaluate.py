"""The table of an ONNX file, per subset, through ONNX Runtime and as the model's card says."""

from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

from . import metrics
from .photos import listed

PEOPLE = "ccp"


class Model:
    def __init__(self, file: Path, threads: int = 1):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0]

    def matte(self, picture: Image.Image) -> np.ndarray:
        """The matte in [0, 1], of the picture's size."""
        height, width = self.input.shape[2:]
        pixels = np.asarray(picture.resize((width, height), Image.BILINEAR), np.float32) / 127.5 - 1
        matte = self.session.run(None, {self.input.name: pixels.transpose(2, 0, 1)[None].copy()})[0][0, 0]
        return np.asarray(Image.fromarray(matte).resize(picture.size, Image.BILINEAR)).clip(0, 1)


def evaluate(file: Path, data: Path, log) -> None:
    model = Model(file)
    rows: dict[str, list] = {}
    for photo in listed(data, "eval"):
        matte, reference = model.matte(photo.picture()), photo.matte()
        row = metrics.iou(matte, reference), metrics.mae(matte, reference), metrics.f_curve(matte, reference)
        rows.setdefault(photo.source, []).append(row)
    log("| subset | photos | mean IoU at 0.5 | MAE | max F |")
    log("|---|---|---|---|---|")
    others = [row for source, of_source in rows.items() if source != PEOPLE for row in of_source]
    for name, of_name in [*sorted(rows.items()), ("all without people", others)]:
        ious, maes, curves = zip(*of_name, strict=True)
        best = np.mean(curves, 0).max()
        log(f"| {name} | {len(of_name)} | {np.mean(ious):.4f} | {np.mean(maes):.4f} | {best:.4f} |")
    shares = []
    for path in sorted((data / "empty").glob("*.jpg")):
        shares.append((model.matte(Image.open(path).convert("RGB")) > 0.5).mean())
    over = sum(share > 0.02 for share in shares)
    log(f"| empty | {len(shares)} | {100 * np.mean(shares):.2f} % of pixels over 0.5, {over} pictures over 2 % | | |")
