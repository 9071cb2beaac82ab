"""How a wired engine is, for metrics and health: its counters, its inbox, its market stream."""

from __future__ import annotations

from collections.abc import Mapping

from aitrader.engine.health import Cost, Health
from aitrader.engine.inbox import BoundedInbox
from aitrader.exchange.binance.feed import BinanceMarket


class EngineVitals:
    """What is read at the moment somebody asks."""

    def __init__(self, health: Health, *, inbox: BoundedInbox, market: BinanceMarket) -> None:
        self._health = health
        self._inbox = inbox
        self._market = market

    @property
    def store_fault(self) -> str:
        """Why the disk takes nothing now, "" while it does."""
        return self._health.store_fault

    @property
    def waiting(self) -> int:
        """Events in the engine's inbox."""
        return len(self._inbox)

    @property
    def reconnects(self) -> int:
        """Connections of the market stream that were opened again, since the start."""
        return self._market.reconnects

    @property
    def dropped(self) -> Mapping[str, int]:
        """Frames of the market stream that changed nothing, by reason."""
        return self._market.dropped

    def counts(self) -> Mapping[str, int]:
        """Return every counter; the names of errors begin with `error_`."""
        return self._health.counts()

    def cost(self) -> Cost:
        """Return what the process uses at this moment."""
        return self._health.cost()
