"""Panels: the closed rows of many symbols side by side, as the evaluation reads them.

A panel is a view: the market series own the memory. Missing rows are NaN in every field, so a gap
is seen as unknown and never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from aitrader.model.candle import INTERVAL_MS

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Times = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Panel:
    """Closed rows of one interval.

    `open_ms`: (T,) on the interval's grid, oldest first, no instant left out. `values`: per field
    of `ROW_FIELDS` an (S, T) float64 array whose rows are contiguous; NaN is a missing row.
    """

    interval: str
    symbols: tuple[str, ...]
    open_ms: Times
    values: Mapping[str, Floats]

    @property
    def bars(self) -> int:
        """Number of rows per symbol."""
        return int(self.open_ms.shape[0])


class PanelSource(Protocol):
    """Who keeps the rows."""

    def panel(self, interval: str, *, closed_ms: int, bars: int) -> Panel:
        """Return the last `bars` rows that closed at or before `closed_ms`, of all symbols."""
        ...


def until(panel: Panel, closed_ms: int) -> Panel:
    """Return the rows that closed at or before an instant, as a view."""
    length = INTERVAL_MS[panel.interval]
    stop = int(np.searchsorted(panel.open_ms + length, closed_ms, side="right"))
    values = {name: rows[:, :stop] for name, rows in panel.values.items()}
    return Panel(panel.interval, panel.symbols, panel.open_ms[:stop], values)


def newest(panel: Panel, bars: int) -> Panel:
    """Return the newest `bars` rows, as a view; the panel itself when it has no more."""
    if bars >= panel.bars:
        return panel
    values = {name: rows[:, -bars:] for name, rows in panel.values.items()}
    return Panel(panel.interval, panel.symbols, panel.open_ms[-bars:], values)


def only(panel: Panel, symbol: str, *others: str) -> Panel:
    """Return the rows of one symbol as a view, of several as a copy; `others` may be missing.

    Raises:
        ValueError: The panel has no such symbol.
    """
    if symbol not in panel.symbols:
        raise ValueError(f"expected one of {len(panel.symbols)} symbols, found {symbol}")
    place = panel.symbols.index(symbol)
    more = [panel.symbols.index(x) for x in others if x in panel.symbols and x != symbol]
    wanted = [place, *more] if more else slice(place, place + 1)
    values = {name: rows[wanted] for name, rows in panel.values.items()}
    return Panel(panel.interval, (symbol, *(panel.symbols[i] for i in more)), panel.open_ms, values)
