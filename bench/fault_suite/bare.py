"""How long positions stood without a stop, by the exchange's own record.

The record is exact (`/simulator/exposure`); here only that is taken from it in which nobody could
have acted: no engine ran, or stood still (SIGSTOP), or the fate of an order of that symbol was
unclear, since its answer had been lost on purpose and nobody may order again before its window has
passed. What counts is the longest stretch of one engine's life: a death begins another. What is
taken away, and a span's stretches added up over the deaths in it, are reported beside.

Nor does what closed positions left over because it was too little for an order: the exchange sees
one holding, which the leftovers of several may make large enough, but each is of a position.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from fault_suite.books import Leftover

LIMIT_MS = 5_000
Interval = tuple[int, int]


class BareTime(msgspec.Struct, kw_only=True):
    """What one world's record says, in the exchange's milliseconds."""

    spans: int = 0
    worst_ms: int = 0
    """The longest stretch that counts."""
    worst_of: str = ""
    worst_added_ms: int = 0
    """The most that the stretches of one span are together."""
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


def measured(
    record: Mapping[str, Any], down: Sequence[Interval], leftovers: Sequence[Leftover]
) -> BareTime:
    """Return what counts of a record, of which `down` was without an engine."""
    found = BareTime()
    windows: dict[str, list[Interval]] = {}
    for row in record["windows"]:
        windows.setdefault(row["symbol"], []).append((row["from_ms"], row["until_ms"]))
    for span in record["spans"]:
        left = [each for each in leftovers if each.symbol == span["symbol"]]
        for stretch in stretches(span, left, record["at_ms"]):
            _count(found, stretch, down=down, unclear=windows.get(span["symbol"], []))
    return found


class Stretch(msgspec.Struct, frozen=True):
    """A time in which this much, at its most, had no stop."""

    symbol: str
    from_ms: int
    until_ms: int
    quantity: Decimal


def stretches(
    span: Mapping[str, Any], leftovers: Sequence[Leftover], now_ms: int
) -> Iterable[Stretch]:
    """Yield the parts of a recorded span in which there was more than leftovers."""
    from_ms, most = None, Decimal(0)
    for step in span["steps"]:
        least = Decimal(step["least"])
        bare = Decimal(step["quantity"]) - sum(
            each.quantity
            for each in leftovers
            if each.from_ms <= step["at_ms"] and each.quantity < least
        )
        if bare >= least:
            from_ms, most = step["at_ms"] if from_ms is None else from_ms, max(most, bare)
        elif from_ms is not None:
            yield Stretch(span["symbol"], from_ms, step["at_ms"], most)
            from_ms, most = None, Decimal(0)
    if from_ms is not None:
        yield Stretch(span["symbol"], from_ms, span["until_ms"] or now_ms, most)


def _count(
    found: BareTime, stretch: Stretch, *, down: Sequence[Interval], unclear: Sequence[Interval]
) -> None:
    from_ms, until_ms = stretch.from_ms, stretch.until_ms
    length_ms = until_ms - from_ms
    down_ms = covered_ms((from_ms, until_ms), down)
    counted = [
        end - begin - covered_ms((begin, end), unclear)
        for begin, end in between((from_ms, until_ms), down)
    ]
    found.spans += 1
    found.bare_ms += length_ms
    found.downtime_ms += down_ms
    found.window_ms += length_ms - sum(counted) - down_ms
    found.worst_raw_ms = max(found.worst_raw_ms, length_ms)
    found.worst_added_ms = max(found.worst_added_ms, sum(counted))
    if max(counted, default=0) > found.worst_ms:
        found.worst_ms = max(counted)
        found.worst_of = f"{stretch.quantity} {stretch.symbol} from {from_ms} to {until_ms}"
        found.worst_of += f", {down_ms} ms of it without an engine"


def between(span: Interval, parts: Iterable[Interval]) -> list[Interval]:
    """Return the stretches of a span that none of these intervals covers."""
    found, reached = [], span[0]
    for from_ms, until_ms in sorted(parts):
        if from_ms > reached and reached < span[1]:
            found.append((reached, min(from_ms, span[1])))
        reached = max(reached, until_ms)
    return [*found, (reached, span[1])] if reached < span[1] else found


def covered_ms(span: Interval, parts: Iterable[Interval]) -> int:
    """Return how much of a span these intervals cover together."""
    total, reached = 0, span[0]
    for from_ms, until_ms in sorted(parts):
        begin, end = max(from_ms, reached), min(until_ms, span[1])
        if end > begin:
            total += end - begin
            reached = end
    return total
