"""How long positions stood without a stop, by the exchange's own record.

The record is exact (`/simulator/exposure`); here only that is taken from it in which nobody could
have acted: no engine ran, or stood still (SIGSTOP), or the fate of an order of that symbol was
unclear, since its answer had been lost on purpose and nobody may order again before its window has
passed. What is taken away is reported beside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

LIMIT_MS = 5_000
Interval = tuple[int, int]


class BareTime(msgspec.Struct, kw_only=True):
    """What one world's record says, in the exchange's milliseconds."""

    spans: int = 0
    worst_ms: int = 0
    """The longest that counts."""
    worst_of: str = ""
    worst_raw_ms: int = 0
    """The longest in all."""
    bare_ms: int = 0
    """All spans together, as they are."""
    downtime_ms: int = 0
    window_ms: int = 0
    """So much of `bare_ms` is not counted: nobody ran, or only that an order was unclear."""

    def findings(self) -> list[str]:
        """Return what stood without a stop for too long."""
        if self.worst_ms <= LIMIT_MS:
            return []
        return [f"unprotected: {self.worst_ms / 1000:.1f} s without a stop: {self.worst_of}"]


def measured(record: Mapping[str, Any], down: Sequence[Interval]) -> BareTime:
    """Return what counts of a record, of which `down` was without an engine."""
    found = BareTime()
    windows: dict[str, list[Interval]] = {}
    for row in record["windows"]:
        windows.setdefault(row["symbol"], []).append((row["from_ms"], row["until_ms"]))
    for row in record["spans"]:
        from_ms, until_ms = row["from_ms"], row["until_ms"] or record["at_ms"]
        length_ms = until_ms - from_ms
        down_ms = covered_ms((from_ms, until_ms), down)
        excused = [*down, *windows.get(row["symbol"], [])]
        counted_ms = length_ms - covered_ms((from_ms, until_ms), excused)
        found.spans += 1
        found.bare_ms += length_ms
        found.downtime_ms += down_ms
        found.window_ms += length_ms - counted_ms - down_ms
        found.worst_raw_ms = max(found.worst_raw_ms, length_ms)
        if counted_ms > found.worst_ms:
            found.worst_ms = counted_ms
            found.worst_of = f"{row['quantity']} {row['symbol']} from {from_ms} to {until_ms}"
            found.worst_of += f", {down_ms} ms of it without an engine"
    return found


def covered_ms(span: Interval, parts: Iterable[Interval]) -> int:
    """Return how much of a span these intervals cover together."""
    total, reached = 0, span[0]
    for from_ms, until_ms in sorted(parts):
        begin, end = max(from_ms, reached), min(until_ms, span[1])
        if end > begin:
            total += end - begin
            reached = end
    return total
