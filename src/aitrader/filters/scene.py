"""The panels of one run: how their rows and columns correspond to the symbols that are answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from aitrader.filters.panel import Floats, Panel, Times
from aitrader.model.candle import INTERVAL_MS


@dataclass(slots=True)
class Scene:
    """The panels of one run and how their rows and columns correspond."""

    panels: Mapping[str, Panel]
    base: str
    _columns: dict[tuple[str, str], Times] = field(default_factory=dict)
    _rows: dict[str, Times | None] = field(default_factory=dict)

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols that are answered, in order."""
        return self.panels[self.base].symbols

    def columns(self, slow: str, fast: str) -> Times:
        """Return per bar of `fast` the newest column of `slow` that had closed by its close."""
        found = self._columns.get((slow, fast))
        if found is None and slow == fast:
            found = self._columns[slow, fast] = np.arange(self.panels[slow].bars)
        elif found is None:
            slow_close = self.panels[slow].open_ms + INTERVAL_MS[slow]
            fast_close = self.panels[fast].open_ms + INTERVAL_MS[fast]
            found = np.searchsorted(slow_close, fast_close, side="right") - 1
            self._columns[slow, fast] = found
        return found

    def rows_of(self, interval: str) -> Times | None:
        """Return the panel's row per answered symbol (-1: none), None when they are the same."""
        if interval not in self._rows:
            panel = self.panels[interval]
            place = {symbol: i for i, symbol in enumerate(panel.symbols)}
            same = panel.symbols == self.symbols
            self._rows[interval] = (
                None
                if same
                else np.array([place.get(symbol, -1) for symbol in self.symbols], np.int64)
            )
        return self._rows[interval]

    def read(self, name: str, symbol: str, interval: str, *, rows: slice) -> Floats:
        """Return one field of a block, or of a named symbol as (1, T)."""
        panel = self.panels[interval]
        values: Floats = panel.values[name]
        if symbol:
            if symbol not in panel.symbols:
                return np.full((1, panel.bars), np.nan)
            place = panel.symbols.index(symbol)
            return values[place : place + 1]
        wanted = self.rows_of(interval)
        if wanted is None:
            return values[rows]
        chosen = wanted[rows]
        taken: Floats = np.full((len(chosen), panel.bars), np.nan)
        if len(values):
            taken[:] = values[np.maximum(chosen, 0)]
        taken[chosen < 0] = np.nan
        return taken
