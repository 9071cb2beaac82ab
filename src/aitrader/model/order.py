"""Orders and fills. An order is what we asked for; its fills are what the venue did."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import msgspec

from aitrader.model.account import PAPER
from aitrader.model.ids import ClientOrderId, FillId, PositionId, TraderId
from aitrader.model.money import ZERO


class Side(Enum):
    """Of an order."""

    BUY = "BUY"
    SELL = "SELL"


class OrderKind(Enum):
    """STOP_LOSS and TAKE_PROFIT become market orders when the price reaches `stop_price`."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP_LOSS = "STOP_LOSS"
    TAKE_PROFIT = "TAKE_PROFIT"


class Leg(Enum):
    """Whether an order opens or closes a position."""

    ENTRY = "ENTRY"
    EXIT = "EXIT"


class ExitReason(Enum):
    """Why a position is left. BY_HAND: its coins were sold or moved without us."""

    STOP_LOSS = "STOP_LOSS"
    TAKE_PROFIT = "TAKE_PROFIT"
    TRAILING = "TRAILING"
    MAX_AGE = "MAX_AGE"
    EXIT_CONDITIONS = "EXIT_CONDITIONS"
    MANUAL = "MANUAL"
    UNPROTECTED = "UNPROTECTED"
    BY_HAND = "BY_HAND"


class OrderStatus(Enum):
    """ "Partly filled" is 0 < filled < quantity, not a status. PENDING: no answer is on record."""

    __hash__ = object.__hash__  # members are one of a kind, and Enum's own is slow

    PENDING = "PENDING"
    OPEN = "OPEN"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


_PENDING, _OPEN = OrderStatus.PENDING, OrderStatus.OPEN

DONE = frozenset(
    {OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.REJECTED, OrderStatus.EXPIRED}
)


class Fill(msgspec.Struct, frozen=True):
    """One execution of part of an order; `fee` is in units of `fee_asset`.

    `fee_quote`: what a fee in a third coin was worth in quote then, None if nobody knew.
    """

    fill_id: FillId
    at_ms: int
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_asset: str
    fee_quote: Decimal | None = None


class Order(msgspec.Struct, frozen=True):
    """One order, from intent to its end.

    `list_id` joins the two orders of an order list (one cancels the other), "" for a single
    order. `price` is the limit, `stop_price` the trigger; None where the kind has none.
    `not_after_ms`: after this instant of exchange time the venue cannot accept it any more.
    `account`: whose money it moves, and so which venue it goes to.
    """

    client_order_id: ClientOrderId
    trader_id: TraderId
    position_id: PositionId
    leg: Leg
    symbol: str
    side: Side
    kind: OrderKind
    quantity: Decimal
    planned_ms: int
    not_after_ms: int
    price: Decimal | None = None
    stop_price: Decimal | None = None
    list_id: str = ""
    reason: ExitReason | None = None
    status: OrderStatus = OrderStatus.PENDING
    fills: tuple[Fill, ...] = ()
    venue_order_id: str = ""
    note: str = ""
    account: str = PAPER

    @property
    def filled(self) -> Decimal:
        """Base units executed so far."""
        return filled_by(self.fills) if self.fills else ZERO

    @property
    def remaining(self) -> Decimal:
        """Base units not executed."""
        return self.quantity - filled_by(self.fills) if self.fills else self.quantity

    @property
    def is_done(self) -> bool:
        """True once the venue will do no more with it."""
        # As `status in DONE`, without looking into Enums: this is asked most of all.
        return self.status is not _PENDING and self.status is not _OPEN


def filled_by(fills: tuple[Fill, ...]) -> Decimal:
    """Return the base units of these fills together."""
    if len(fills) == 1:
        return fills[0].quantity
    return sum((fill.quantity for fill in fills), ZERO)
