"""Measures on mattes whose values are known."""

import unittest

import numpy as np

from recipe import metrics


class Metrics(unittest.TestCase):
    def test_half_covered(self):
        reference = np.zeros((4, 4))
        reference[:2] = 1
        matte = np.zeros((4, 4))
        matte[:1] = 0.8
        self.assertAlmostEqual(metrics.iou(matte, reference), 0.5)
        self.assertAlmostEqual(metrics.mae(matte, reference), (4 * 0.2 + 4) / 16)
        # Precision 1, recall 1/2 at every threshold up to 0.8, nothing found above.
        curve = metrics.f_curve(matte, reference)
        self.assertAlmostEqual(curve[0], 1.3 * 0.5 / (0.3 + 0.5))
        self.assertEqual(curve[-1], 0)

    def test_nothing_and_nothing_agree(self):
        empty = np.zeros((3, 5))
        self.assertEqual(metrics.iou(empty, empty), 1.0)
        self.assertEqual(metrics.iou(empty + 0.6, empty), 0.0)


if __name__ == "__main__":
    unittest.main()
