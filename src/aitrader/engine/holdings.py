"""Which symbols we hold: an observer of the loop that the market edge asks whose price matters."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from aitrader.model.events import Event, PositionClosed, PositionOpened, Started
from aitrader.model.ids import PositionId


class Holdings:
    """The symbols of all open positions, of every account."""

    def __init__(self) -> None:
        self._symbols: dict[PositionId, str] = {}

    def update(self, facts: Sequence[Event]) -> None:
        """Take note of what was opened and closed."""
        for fact in facts:
            if isinstance(fact, PositionOpened):
                self._symbols[fact.position.position_id] = fact.position.symbol
            elif isinstance(fact, PositionClosed):
                self._symbols.pop(fact.position.position_id, None)
            elif isinstance(fact, Started):
                self._symbols = {row.position_id: row.symbol for row in fact.saved.positions}

    def symbols(self) -> Collection[str]:
        """Return the symbols with an open position."""
        return set(self._symbols.values())
