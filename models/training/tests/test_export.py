"""The exported file against the network, and back; needs PyTorch and ONNX Runtime."""

import tempfile
import unittest
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

from recipe import weights
from recipe.export import SIDE_PX, export
from recipe.network import Network

FOR_TRACT = {"Conv", "Relu", "Add", "Resize", "Concat", "GlobalAveragePool", "DepthToSpace", "Sigmoid"}
STORED = {"Cast"}


class Export(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        torch.manual_seed(1)
        cls.network = Network()
        with torch.no_grad():
            for value in cls.network.parameters():
                # What a file can hold.
                value.copy_(value.half().float())
        cls.folder = tempfile.TemporaryDirectory()
        cls.file = Path(cls.folder.name) / "network.onnx"
        export(cls.network, cls.file)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_the_file_computes_what_the_network_does(self):
        x = torch.rand(1, 3, SIDE_PX, SIDE_PX) * 2 - 1
        with torch.inference_mode():
            expected = torch.sigmoid(self.network(x)[0]).numpy()
        session = onnxruntime.InferenceSession(self.file, providers=["CPUExecutionProvider"])
        (ours,) = session.run(["alpha"], {"input": x.numpy()})
        np.testing.assert_allclose(ours, expected, atol=2e-4)

    def test_the_weights_come_back(self):
        other = Network()
        self.assertEqual(weights.load(other, self.file), [])
        for name, value in self.network.state_dict().items():
            self.assertTrue(torch.equal(value, other.state_dict()[name]), name)

    def test_the_graph_keeps_to_what_the_card_promises(self):
        graph = onnx.load(self.file).graph
        self.assertEqual({node.op_type for node in graph.node} - FOR_TRACT - STORED, set())
        self.assertLess(sum(value.numel() for value in self.network.parameters()), 3_000_000)
        self.assertLess(self.file.stat().st_size, 6_000_000)

    def test_a_file_of_another_network_is_refused(self):
        strange = Path(self.folder.name) / "strange.onnx"
        model = onnx.load(self.file)
        for tensor in model.graph.initializer:
            tensor.name = f"strange.{tensor.name}"
        onnx.save(model, strange)
        with self.assertRaisesRegex(ValueError, "no weight of this network"):
            weights.load(Network(), strange)


if __name__ == "__main__":
    unittest.main()
