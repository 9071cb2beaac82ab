"""What is left of a candle for positions that were entered within it.

A venue that is shown whole candles fills an entry at a limit somewhere within one. The protection
that follows, and the bands, come when that candle is over; what is certain to have come after the
entry is kept for them here, until the instant has passed.
"""

from __future__ import annotations

from aitrader.exchange.simulated.fills import PriceRange, rest_of_candle
from aitrader.model.ids import PositionId
from aitrader.model.order import Fill, Leg, Order, OrderKind

ENTRY, LIMIT = Leg.ENTRY, OrderKind.LIMIT


class CandleRests:
    """The rest of the candle that ended last, by position."""

    def __init__(self) -> None:
        self._at_ms = -1
        self._rests: dict[PositionId, PriceRange] = {}

    def note(self, order: Order, fill: Fill, candle: PriceRange) -> None:
        """Keep what comes after this fill in its candle, which ends at the fill's instant."""
        if order.leg is not ENTRY or order.kind is not LIMIT:
            return
        if fill.at_ms != self._at_ms:
            self._rests.clear()
            self._at_ms = fill.at_ms
        self._rests[order.position_id] = rest_of_candle(order, candle, fill.price)

    def find(self, position_id: PositionId, at_ms: int) -> PriceRange | None:
        """Return what is left at this instant for a position, None if that is nothing."""
        return self._rests.get(position_id) if at_ms == self._at_ms else None
