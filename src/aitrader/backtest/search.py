"""Which combinations of values are tried: all of them, or some drawn by a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from math import prod

from aitrader.backtest.parameters import Axis, Value
from aitrader.model.errors import ConfigError

MOST_COMBINATIONS = 100_000


def size_of(axes: Sequence[Axis]) -> int:
    """Return how many combinations there are."""
    return prod(len(axis.values) for axis in axes)


def every(axes: Sequence[Axis]) -> Iterator[dict[str, Value]]:
    """Yield all combinations; the last axis turns fastest.

    Raises:
        ConfigError: There are more than anybody waits for.
    """
    count = size_of(axes)
    if count > MOST_COMBINATIONS:
        raise ConfigError(
            f"{count:,} combinations are more than {MOST_COMBINATIONS:,}; take fewer values, or "
            "some of them: --search random --tries 500"
        )
    return (nth(axes, number) for number in range(count))


def drawn(axes: Sequence[Axis], tries: int, *, seed: int) -> Iterator[dict[str, Value]]:
    """Yield `tries` different combinations, or all there are; the same seed, the same ones."""
    count = size_of(axes)
    source = random.Random(seed)
    if 2 * tries >= count:
        places = set(source.sample(range(count), min(tries, count)))
    else:
        places = set()
        while len(places) < tries:
            places.add(source.randrange(count))
    return (nth(axes, number) for number in sorted(places))


def nth(axes: Sequence[Axis], number: int) -> dict[str, Value]:
    """Return one combination by its number, 0 up to `size_of` - 1."""
    found: dict[str, Value] = {}
    for axis in reversed(axes):
        number, place = divmod(number, len(axis.values))
        found[axis.name] = axis.values[place]
    return {axis.name: found[axis.name] for axis in axes}
