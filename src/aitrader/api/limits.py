"""How often somebody may ask: a bucket of tokens per key that fills up at a steady rate."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

MOST_KEYS = 1_000
"""The key that asked longest ago is forgotten first, which gives it a full bucket."""


class Limiter:
    """At most `per_min` requests a minute per key, a burst of as many; 0 sets no limit."""

    def __init__(self, per_min: int, now_s: Callable[[], float]) -> None:
        self._per_min = per_min
        self._now_s = now_s
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Return 0.0 if the request may go on, else in how many seconds it may."""
        if not self._per_min:
            return 0.0
        left = self._left(key)
        wait_s = 0.0 if left >= 1.0 else (1.0 - left) * 60 / self._per_min
        self._buckets[key] = (left if wait_s else left - 1.0, self._now_s())
        self._buckets.move_to_end(key)
        if len(self._buckets) > MOST_KEYS:
            self._buckets.popitem(last=False)
        return wait_s

    def _left(self, key: str) -> float:
        left, at_s = self._buckets.get(key, (float(self._per_min), self._now_s()))
        return min(left + (self._now_s() - at_s) * self._per_min / 60, float(self._per_min))
