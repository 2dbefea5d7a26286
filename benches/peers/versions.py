"""Prints what the peers are, on one line; fails where one is missing."""

import platform
from importlib.metadata import version

import onnxruntime
import rembg  # noqa: F401  (only that it can be imported)

print(f"rembg {version('rembg')}, onnxruntime {onnxruntime.__version__}, Python {platform.python_version()}")
