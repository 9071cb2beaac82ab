"""How glibc hands out memory, where there is glibc: one arena, and large pieces apart.

By default each thread that allocates while another does gets an arena of its own, and what is freed
in one is not used by the others. The engine's threads (the writer's, the screener's) are few and
rarely meet: one arena costs them nothing and saves 1 to 3 MB.

A large piece comes from the system and goes back to it when it is freed, until the first was freed:
from then on glibc takes pieces of that size from the heap, and each that is freed leaves a hole
there. The candles of an interval are such a piece, and they move to a new one now and then
(`market/series.py`). So what is large is fixed here.
"""

from __future__ import annotations

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
"""glibc's malloc.h."""

LARGE_BYTES = 768 * 1024
"""More than an array of a screening has up to 3,900 bars, or each would be mapped anew."""

TOP_BYTES = 2 * 1024 * 1024
"""So much that is free at the heap's end is kept; with half of it a screening of 3,000 bars takes a
tenth longer."""


def spare_memory(platform: str = sys.platform) -> bool:
    """Tell glibc all this, for threads that begin from now on; False where nobody can say."""
    if platform != "linux":
        return False
    wishes = (
        (M_ARENA_MAX, 1),
        (M_MMAP_THRESHOLD, LARGE_BYTES),
        (M_TRIM_THRESHOLD, TOP_BYTES),
    )
    try:
        libc = ctypes.CDLL(None)
        return all(libc.mallopt(wish, value) for wish, value in wishes)
    except (OSError, AttributeError):  # another C library
        return False
