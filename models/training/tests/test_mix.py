"""Means of weights; needs PyTorch."""

import tempfile
import unittest
from pathlib import Path

try:
    import torch
except ModuleNotFoundError:
    torch = None


@unittest.skipIf(torch is None, "PyTorch is not installed")
class Mix(unittest.TestCase):
    def setUp(self):
        from recipe.export import export
        from recipe.network import Network

        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.files = []
        for seed, width in enumerate((16, 16, 32)):
            torch.manual_seed(seed)
            self.files.append(Path(folder.name) / f"{seed}.onnx")
            export(Network(width), self.files[-1])

    def test_each_weight_lies_between(self):
        from recipe import weights
        from recipe.mix import mix
        from recipe.network import Network

        first, second, _ = self.files
        ends = []
        for file in (first, second):
            network = Network(16)
            weights.load(network, file)
            ends.append(network.state_dict())
        for name, value in mix(first, second, 0.25).state_dict().items():
            torch.testing.assert_close(value, 0.75 * ends[0][name] + 0.25 * ends[1][name])

    def test_networks_of_different_widths_have_no_mean(self):
        from recipe.mix import mix

        with self.assertRaisesRegex(ValueError, "differ in width"):
            mix(self.files[0], self.files[2], 0.5)


if __name__ == "__main__":
    unittest.main()
