"""Who is not screened for now, and why: faulty traders, and symbols a trader must not touch."""

from __future__ import annotations

from aitrader.model.ids import TraderId


class Quarantine:
    """Faulty traders, and (trader, symbol) pairs, until the trader is saved anew."""

    def __init__(self) -> None:
        """Begin with nobody in it."""
        self._faults: dict[TraderId, str] = {}
        self._pairs: set[tuple[TraderId, str]] = set()

    def put_trader(self, trader_id: TraderId, reason: str) -> bool:
        """Take a trader out of screening; return whether this is news."""
        is_news = trader_id not in self._faults
        self._faults.setdefault(trader_id, reason)
        return is_news

    def free_trader(self, trader_id: TraderId) -> None:
        """Screen a trader again: it was changed or is gone."""
        self._faults.pop(trader_id, None)
        self._pairs = {pair for pair in self._pairs if pair[0] != trader_id}

    def put_symbol(self, trader_id: TraderId, symbol: str) -> None:
        """Let a trader find no more entries on this symbol."""
        self._pairs.add((trader_id, symbol))

    def has_trader(self, trader_id: TraderId) -> bool:
        """Return whether the trader is out."""
        return trader_id in self._faults

    def has_symbol(self, trader_id: TraderId, symbol: str) -> bool:
        """Return whether the trader must not enter this symbol."""
        return (trader_id, symbol) in self._pairs
