"""The language's functions by name: every table joined, names found in any case."""

from __future__ import annotations

from collections.abc import Mapping

from aitrader.filters.averages import AVERAGES
from aitrader.filters.library import Function
from aitrader.filters.oscillators import OSCILLATORS
from aitrader.filters.plain import PLAIN
from aitrader.filters.timing import TIMING
from aitrader.filters.trend import TREND
from aitrader.filters.volatility import VOLATILITY
from aitrader.filters.volume import VOLUME

GROUPS: Mapping[str, tuple[Function, ...]] = {
    "Averages": AVERAGES,
    "Oscillators and momentum": OSCILLATORS,
    "Volatility": VOLATILITY,
    "Volume": VOLUME,
    "Trend and structure": TREND,
    "Helpers in time": TIMING,
    "Plain": PLAIN,
}

FUNCTIONS: Mapping[str, Function] = {f.name: f for group in GROUPS.values() for f in group}

_BY_NAME: Mapping[str, str] = {
    **{alias: f.name for f in FUNCTIONS.values() for alias in f.aliases},
    **{name: name for name in FUNCTIONS},
}

NAMES: tuple[str, ...] = tuple(_BY_NAME)


def find_function(name: str) -> Function | None:
    """Return the function of this name or alias in any case, None when there is none."""
    found = _BY_NAME.get(name) or _BY_NAME.get(name.lower())
    return FUNCTIONS[found] if found else None
