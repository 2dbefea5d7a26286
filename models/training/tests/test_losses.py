"""The weights of edges against their definition; needs PyTorch."""

import unittest

try:
    import torch
except ModuleNotFoundError:
    torch = None


@unittest.skipIf(torch is None, "PyTorch is not installed")
class Edges(unittest.TestCase):
    def test_an_edge_is_what_changes_within_three_pixels_in_any_direction(self):
        from recipe.losses import edges

        reference = torch.rand(2, 1, 20, 23, generator=torch.Generator().manual_seed(5))
        found = edges(reference)
        for y, x in ((0, 0), (3, 4), (10, 11), (19, 22)):
            window = reference[:, 0, max(y - 3, 0) : y + 4, max(x - 3, 0) : x + 4].flatten(1)
            torch.testing.assert_close(found[:, 0, y, x], window.amax(1) - window.amin(1))


if __name__ == "__main__":
    unittest.main()
