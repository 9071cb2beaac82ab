"""Where an account is worth most between two stops of a run, for limits that count from the best.

A run stops where something happens; an account is worth something at every close. Between two stops
nothing is bought or sold, so its worth follows the candles alone, and only the highest close can
be a new best: that one is found here, and the run stops there too.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from aitrader.backtest.equity import Marks
from aitrader.backtest.record import Move
from aitrader.model.events import EquityMarked

DUST = 1e-9
"""What adding up in floats may leave of nothing."""


class Peaks:
    """The account of a run as its fills leave it, in floats: enough to find a close."""

    def __init__(self, marks: Marks, moves: Sequence[Move], *, start_cash: Decimal) -> None:
        """Watch `moves`, which grows with each fill, over the closes of `marks`."""
        self._marks, self._moves = marks, moves
        self._seen = 0
        self._cash = float(start_cash)
        self._held: dict[str, float] = {}
        self._best = float(start_cash)

    def observe(self, fact: EquityMarked) -> None:
        """Take note of what counts as the best by now."""
        self._best = float(fact.peak)

    def find(self, *, after_ms: int, until_ms: int) -> int | None:
        """Return the close in (after_ms, until_ms] that is worth most, if that is a new best."""
        first, stop = self._marks.place(after_ms + 1), self._marks.place(until_ms + 1)
        if first >= stop:
            return None
        self._take_moves()
        worth = np.full(stop - first, self._cash)
        for symbol, base in self._held.items():
            closes = self._marks.closes(symbol)
            if closes is not None:
                worth += base * closes[first:stop]
        place = int(worth.argmax())
        return int(self._marks.at_ms[first + place]) if worth[place] > self._best else None

    def _take_moves(self) -> None:
        for move in self._moves[self._seen :]:
            self._cash += float(move.quote)
            base = self._held.pop(move.symbol, 0.0) + float(move.base)
            if abs(base) > DUST:
                self._held[move.symbol] = base
        self._seen = len(self._moves)
