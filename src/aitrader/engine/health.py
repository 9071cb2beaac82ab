"""How the engine is: counters that only grow, and what the process costs."""

from __future__ import annotations

import asyncio
import resource
import sys
from collections import Counter
from pathlib import Path

import msgspec

from aitrader.engine.clock import cpu_s

STATM = Path("/proc/self/statm")
LAG_EVERY_S = 0.5


class Cost(msgspec.Struct, frozen=True):
    """What the process uses; `lag_ms` is how late the loop came to a sleeper lately."""

    cpu_s: float
    rss_mb: float
    lag_ms: float


class Health:
    """Counters by name. An error is something a person should look into; a count is not."""

    def __init__(self) -> None:
        self._errors: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()
        self._lag_ms = 0.0
        self.store_fault = ""
        """Why the disk takes nothing now, "" while it does."""

    def count(self, name: str, by: int = 1) -> None:
        """Count something that happens."""
        self._counts[name] += by

    def count_error(self, name: str) -> None:
        """Count something that should not happen."""
        self._errors[name] += 1

    @property
    def errors(self) -> int:
        """How many errors there were in all."""
        return self._errors.total()

    def counts(self) -> dict[str, int]:
        """Return every counter; the names of errors begin with `error_`."""
        errors = {f"error_{name}": number for name, number in self._errors.items()}
        return {**self._counts, **errors}

    def cost(self) -> Cost:
        """Return what the process uses at this moment."""
        return Cost(cpu_s=cpu_s(), rss_mb=rss_mb(), lag_ms=self._lag_ms)

    async def watch_lag(self, every_s: float = LAG_EVERY_S) -> None:
        """Measure for ever how late the loop wakes a sleeper; an average that forgets."""
        loop = asyncio.get_running_loop()
        while True:
            due_s = loop.time() + every_s
            await asyncio.sleep(every_s)
            late_ms = max(loop.time() - due_s, 0.0) * 1000
            self._lag_ms += (late_ms - self._lag_ms) / 8


def rss_mb(statm: Path = STATM) -> float:
    """Return the process's resident memory in MB (where the system hides it: its peak)."""
    try:
        pages = int(statm.read_text().split()[1])
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 2**20 if sys.platform == "darwin" else peak / 2**10
    return pages * resource.getpagesize() / 2**20
