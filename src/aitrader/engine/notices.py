"""The one sentence of the header: what a person should know now, the most pressing first."""

from __future__ import annotations

from collections.abc import Sequence

from aitrader.model.found import FoundOrder
from aitrader.model.ids import TraderId


class Notices:
    """What is wrong with the market, with a trader's symbol, or strange at the exchange."""

    def __init__(self) -> None:
        self.feed = ""
        self._alone: dict[TraderId, str] = {}
        self._strange = ""

    def leave_alone(self, trader_id: TraderId, text: str) -> None:
        """Say why a trader leaves a symbol alone; the newest reason of each trader stands."""
        self._alone.pop(trader_id, None)
        self._alone[trader_id] = text

    def forgive(self, trader_id: TraderId) -> None:
        """A person has saved or removed a trader."""
        self._alone.pop(trader_id, None)

    def find_strange(self, orders: Sequence[FoundOrder]) -> None:
        """Say which open orders at the exchange are not ours."""
        symbols = sorted({row.symbol for row in orders if not row.is_ours})
        self._strange = ""
        if symbols:
            self._strange = f"open orders that are not ours are left alone: {' '.join(symbols)}"

    def text(self) -> str:
        """Return the most pressing one, "" when there is none."""
        feed = f"market stream down, no new entries: {self.feed}" if self.feed else ""
        newest = next(reversed(self._alone.values()), "")
        return feed or newest or self._strange
