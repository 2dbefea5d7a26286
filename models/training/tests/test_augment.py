"""Samples from drawn photos: NumPy and Pillow are enough."""

import random
import unittest

import numpy as np
from PIL import Image, ImageDraw

from recipe import augment
from recipe.augment import Drawer

SIDE = 64


def drawer(seed: int = 1) -> Drawer:
    """One photo: a red disk, whose matte is exact, on green."""
    picture, matte = Image.new("RGB", (160, 120), "green"), Image.new("L", (160, 120), 0)
    ImageDraw.Draw(picture).ellipse((60, 20, 110, 70), "red")
    ImageDraw.Draw(matte).ellipse((60, 20, 110, 70), 255)
    return Drawer([picture], [matte], [1.0], [], random.Random(seed))


class Augment(unittest.TestCase):
    def test_samples_are_pictures_and_mattes(self):
        source = drawer()
        for _ in range(200):
            picture, matte = source.sample(SIDE)
            self.assertEqual((picture.shape, matte.shape), ((SIDE, SIDE, 3), (SIDE, SIDE)))
            for values in (picture, matte):
                self.assertTrue(np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1)

    def test_backgrounds_have_nothing_of_the_subject(self):
        source = drawer()
        for _ in range(50):
            red, green, _ = np.moveaxis(source.background(SIDE), 2, 0)
            # Resampling may take a little of the pixel next to the window.
            self.assertLess(red.mean(), 0.01)
            self.assertGreater(green.mean(), 0.49)

    def test_a_photo_out_of_focus_has_discs_of_light_now_and_then(self):
        gray, empty = Image.new("RGB", (160, 120), "gray"), Image.new("L", (160, 120), 0)
        source = Drawer([gray], [empty], [1.0], [], random.Random(1))
        pictures = [source.blurred(SIDE) for _ in range(100)]
        self.assertTrue(30 < sum(np.ptp(picture) > 0.01 for picture in pictures) < 90)
        self.assertTrue(all(picture.min() >= 0 and picture.max() <= 1 for picture in pictures))

    def test_a_heap_is_one_of_the_photos_without_a_subject(self):
        fills = [("RGB", "red"), ("RGB", "lime"), ("L", 0)]
        red, green, empty = (Image.new(mode, (160, 120), fill) for mode, fill in fills)
        source = Drawer([red, green], [empty, empty], [1.0, 1.0], [1], random.Random(1))
        heaps = 0
        for _ in range(100):
            self.assertEqual(source.heap(SIDE).mean((0, 1)).tolist(), [0, 1, 0])
            heaps += source.empty(SIDE).mean((0, 1)).tolist() == [0, 1, 0]
        # Half of the backgrounds are green too.
        self.assertTrue(30 < heaps < 80, heaps)

    def test_crops_keep_picture_and_matte_together(self):
        source = drawer()
        for _ in range(50):
            picture, matte = source.crop(0, SIDE)
            self.assertLess(np.abs(picture[..., 0] - matte).mean(), 0.02)

    def test_the_same_seed_draws_the_same(self):
        for ours, theirs in zip(drawer(7).sample(SIDE), drawer(7).sample(SIDE), strict=True):
            np.testing.assert_array_equal(ours, theirs)

    def test_there_is_background_on_four_sides(self):
        self.assertEqual(
            augment.beside((10, 20, 30, 40), (100, 80)),
            [(0, 0, 10, 80), (0, 0, 100, 20), (30, 0, 100, 80), (0, 40, 100, 80)],
        )


if __name__ == "__main__":
    unittest.main()
