"""Numbers in Prometheus's text format: counters, gauges and histograms, written by hand.

The library would cost every daemon a megabyte for an HTTP server that it brings along, and every
request a lock; a test has the library read what is written here.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

Labels = Mapping[str, str]

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Histogram:
    """How often a value was at most so much, by labels; `bounds` rise."""

    def __init__(
        self, name: str, text: str, bounds: Sequence[float], *, labels: Sequence[str] = ()
    ) -> None:
        """Begin with nothing; without labels there is one timer, from the start."""
        self._name = name
        self._text = text
        self._bounds = tuple(bounds)
        self._labels = tuple(labels)
        self._timers: dict[tuple[str, ...], Timer] = {}
        if not labels:
            self.timer()

    def timer(self, *values: str) -> Timer:
        """Return where values are taken for these labels' values."""
        found = self._timers.get(values)
        if found is None:
            found = self._timers[values] = Timer(self._bounds)
        return found

    def lines(self) -> Iterable[str]:
        """Yield its lines."""
        yield from _head(self._name, self._text, "histogram")
        for values, timer in self._timers.items():
            labels = dict(zip(self._labels, values, strict=True))
            count = 0
            for bound, number in zip((*self._bounds, None), timer.numbers, strict=True):
                count += number
                edge = "+Inf" if bound is None else str(float(bound))
                yield _line(f"{self._name}_bucket", float(count), {**labels, "le": edge})
            yield _line(f"{self._name}_count", float(count), labels)
            yield _line(f"{self._name}_sum", timer.total, labels)


class Timer:
    """One row of a histogram: `numbers` by bucket, the last without a bound."""

    __slots__ = ("_bounds", "numbers", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self.numbers = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Take a value."""
        self.numbers[bisect_left(self._bounds, value)] += 1
        self.total += value


def counter_lines(name: str, text: str, rows: Iterable[tuple[Labels, float]]) -> Iterable[str]:
    """Yield the lines of what only grows; its name ends with `_total` on the wire."""
    yield from _head(f"{name}_total", text, "counter")
    for labels, value in rows:
        yield _line(f"{name}_total", float(value), labels)


def gauge_lines(name: str, text: str, value: float) -> Iterable[str]:
    """Yield the lines of what rises and falls."""
    yield from _head(name, text, "gauge")
    yield _line(name, value, {})


def text_of(lines: Iterable[str]) -> bytes:
    """Return lines as they are sent."""
    return "".join(f"{line}\n" for line in lines).encode()


def _head(name: str, text: str, kind: str) -> tuple[str, str]:
    return f"# HELP {name} {text}", f"# TYPE {name} {kind}"


def _line(name: str, value: float, labels: Labels) -> str:
    pairs = ",".join(f'{key}="{found.translate(_ESCAPES)}"' for key, found in labels.items())
    return f"{name}{{{pairs}}} {value}" if pairs else f"{name} {value}"
