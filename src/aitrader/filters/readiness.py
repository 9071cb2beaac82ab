"""Which rows may be answered: those whose whole lookback of candles is there.

A row of a symbol is ready for a trader when, on every interval the trader reads, that symbol (and
each symbol the trader names) has as many unbroken known rows as the lookback asks for.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from aitrader.filters.compiled import CompiledTrader
from aitrader.filters.panel import Bools, Panel, Times
from aitrader.filters.scene import Scene


class Readiness:
    """The lengths of unbroken runs of known rows, per interval, computed once per run."""

    def __init__(self, scene: Scene, fields: Mapping[str, tuple[str, ...]]) -> None:
        self._scene = scene
        self._fields = fields
        self._lengths: dict[str, Times] = {}
        self._long_enough: dict[tuple[str, int, int], Bools] = {}
        self._answers: dict[tuple[object, ...], Bools] = {}

    def of(self, trader: CompiledTrader, last: int) -> Bools:
        """Return (S, last) where the trader's answer counts; the same array for the same needs."""
        key = (tuple(trader.lookback.items()), trader.reads, last)
        found = self._answers.get(key)
        if found is None:
            found = self._answers[key] = self._ready(trader, last)
        return found

    def _ready(self, trader: CompiledTrader, last: int) -> Bools:
        scene = self._scene
        ready = np.ones((len(scene.symbols), last), np.bool_)
        for interval, bars in trader.lookback.items():
            enough = self._enough(interval, bars, last)
            panel = scene.panels[interval]
            if (interval, "") in trader.reads:
                rows = scene.rows_of(interval)
                ready &= enough if rows is None else _chosen(enough, rows)
            for symbol in trader.symbols_named:
                if (interval, symbol) not in trader.reads:
                    continue
                known = symbol in panel.symbols
                place = panel.symbols.index(symbol) if known and len(enough) > 1 else 0
                ready &= enough[place] if known else False
        return ready

    def _enough(self, interval: str, bars: int, last: int) -> Bools:
        """Return (rows of that panel or 1, last) where `bars` unbroken rows had closed."""
        key = (interval, bars, last)
        found = self._long_enough.get(key)
        if found is None:
            found = self._long_enough[key] = self._measured(interval, bars, last)
        return found

    def _measured(self, interval: str, bars: int, last: int) -> Bools:
        if interval not in self._lengths:
            self._lengths[interval] = _run_lengths(
                self._scene.panels[interval], self._fields.get(interval, ())
            )
        lengths = self._lengths[interval]
        place = self._scene.columns(interval, self._scene.base)
        place = place[len(place) - last :]
        if lengths.shape[1] == 0:
            return np.zeros((lengths.shape[0], last), np.bool_)
        return (lengths[:, np.maximum(place, 0)] >= bars) & (place >= 0)


def _run_lengths(panel: Panel, fields: tuple[str, ...]) -> Times:
    """Return (S, T): how many rows up to this one are known without a break; (1, T) if all are."""
    place = np.arange(panel.bars)
    torn = [name for name in fields or ("close",) if not np.isfinite(panel.values[name].sum())]
    if not torn:
        return place[np.newaxis, :] + 1
    unknown = ~np.isfinite(panel.values[torn[0]])
    for name in torn[1:]:
        unknown |= ~np.isfinite(panel.values[name])
    return place - np.maximum.accumulate(np.where(unknown, place, -1), -1)


def _chosen(enough: Bools, rows: Times) -> Bools:
    row = np.maximum(rows, 0) if len(enough) > 1 else np.zeros_like(rows)
    return enough[row] & (rows >= 0)[:, np.newaxis]
