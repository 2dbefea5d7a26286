"""Room for tensors on the processor."""

import ctypes
import sys

# Of glibc's malloc.h.
TRIM_THRESHOLD, MMAP_MAX = -1, -4


def keep_freed() -> None:
    """Lets the process keep what it frees.

    glibc gives large pieces back to the system at once, so that each step's tensors are mapped, and filled with zeros,
    page by page anew: a quarter of a step's time. Elsewhere than on glibc nothing happens.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(TRIM_THRESHOLD, 2**31 - 1)
        mallopt(MMAP_MAX, 0)
