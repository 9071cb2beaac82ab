"""What was, as faces read it from the disk: the account's worth, what happened, one position."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from aitrader.model.ledger import uncounted_fees
from aitrader.model.money import trimmed
from aitrader.model.order import Order
from aitrader.model.position import Position
from aitrader.model.signal import Signal


class EquityPoint(msgspec.Struct, frozen=True):
    """The account's worth at one instant, in quote."""

    at_ms: int
    equity: Decimal
    cash: Decimal
    open_positions: int


class PastEvent(msgspec.Struct, frozen=True):
    """One durable event as it was written down; `body` is its JSON text."""

    seq: int
    at_ms: int
    kind: str
    body: str


class PositionStory(msgspec.Struct, frozen=True):
    """One position from its signal to its last fill; orders oldest first."""

    position: Position
    signal: Signal | None
    orders: tuple[Order, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of its numbers, in sentences."""
        return tuple(
            f"fees of {trimmed(fee)} {asset} are not counted: their price was not known"
            for asset, fee in uncounted_fees(self.orders).items()
        )
