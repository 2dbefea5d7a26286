"""Measures of a matte against a reference, both arrays in [0, 1] of one size."""

import numpy as np

# The weight of precision in the F-measure of salient object detection (Achanta et al., 2009).
BETA_SQUARED = 0.3
LEVELS = 256


def iou(matte: np.ndarray, reference: np.ndarray) -> float:
    """Intersection over union of what is over 0.5; 1 where neither has any."""
    ours, theirs = matte > 0.5, reference > 0.5
    union = (ours | theirs).sum()
    return float((ours & theirs).sum() / union) if union else 1.0


def mae(matte: np.ndarray, reference: np.ndarray) -> float:
    return float(np.abs(matte - reference).mean())


def f_curve(matte: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """The F-measure of the matte cut at each of 255 thresholds, against the reference cut at 0.5."""
    truth = reference > 0.5
    levels = (matte * (LEVELS - 1) + 0.5).astype(np.int64)
    hits = np.bincount(levels[truth], minlength=LEVELS)[::-1].cumsum()[::-1][1:]
    found = np.bincount(levels.ravel(), minlength=LEVELS)[::-1].cumsum()[::-1][1:]
    precision = hits / np.maximum(found, 1)
    recall = hits / max(truth.sum(), 1)
    return (1 + BETA_SQUARED) * precision * recall / np.maximum(BETA_SQUARED * precision + recall, 1e-9)
