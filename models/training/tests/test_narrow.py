"""A narrower last stage from the committed model."""

import unittest
from pathlib import Path

import numpy as np
from PIL import Image

try:
    import torch
except ModuleNotFoundError:
    torch = None

MODEL = Path(__file__).parents[2] / "clearcut-s.onnx"


@unittest.skipIf(torch is None, "PyTorch is not installed")
class Narrow(unittest.TestCase):
    def test_half_the_channels_give_nearly_the_same_mattes(self):
        from recipe import narrow, weights
        from recipe.network import Network

        rows, columns = np.mgrid[0:320, 0:320]
        pictures = []
        for center in (120, 200):
            disc = (rows - center) ** 2 + (columns - 160) ** 2 < 80**2
            pixels = np.where(disc[..., None], [200, 60, 40], [90, 110, 130]) + (rows % 7)[..., None]
            pictures.append(Image.fromarray(pixels.astype(np.uint8)))
        torch.manual_seed(0)
        with torch.inference_mode():
            width = weights.last_width(MODEL)
            wide = Network(width)
            weights.load(wide, MODEL)
            narrowed = narrow.narrow(MODEL, width // 2, pictures, lambda _: None)
            self.assertEqual(narrowed.stage1.reduce.out_channels, width // 2)
            untrained = Network(width // 2)
            for part in ("encoder", "context", "stage4", "stage3", "stage2"):
                getattr(untrained, part).load_state_dict(getattr(wide, part).state_dict())
            inputs = narrow.stage_inputs(wide, pictures[0])
            near = narrow.difference(wide, narrowed, *inputs)
            self.assertLess(near, 0.05)
            self.assertLess(near, 0.25 * narrow.difference(wide, untrained, *inputs))
