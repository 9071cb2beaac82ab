"""What the exchange keeps of orders, lists and trades, and who is told when they change."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

import msgspec
from msgspec import structs

from aitrader.model.money import ZERO
from aitrader.model.order import OrderKind, Side

KINDS: dict[str, OrderKind] = {
    "MARKET": OrderKind.MARKET,
    "LIMIT": OrderKind.LIMIT,
    "LIMIT_MAKER": OrderKind.LIMIT,
    "STOP_LOSS": OrderKind.STOP_LOSS,
    "STOP_LOSS_LIMIT": OrderKind.STOP_LOSS,
    "TAKE_PROFIT": OrderKind.TAKE_PROFIT,
    "TAKE_PROFIT_LIMIT": OrderKind.TAKE_PROFIT,
}
OPEN_STATUSES = frozenset({"NEW", "PARTIALLY_FILLED"})


class NewOrder(msgspec.Struct, frozen=True):
    """What a client asks for; `quantity` may be 0 for a MARKET order by `quote_quantity`.

    It is also 0 for a pending order that takes what its list's working order has received.
    """

    symbol: str
    side: Side
    type: str
    client_order_id: str
    quantity: Decimal = ZERO
    quote_quantity: Decimal = ZERO
    price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: str = "GTC"

    @property
    def kind(self) -> OrderKind:
        """What the venue does with it."""
        return KINDS[self.type]

    @property
    def is_stop_limit(self) -> bool:
        """True if it becomes a limit order when its trigger is reached."""
        return self.type in {"STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"}

    def triggered(self) -> NewOrder:
        """Return the limit order that a stop limit becomes."""
        return structs.replace(self, type="LIMIT", stop_price=None)


class VenueFill(msgspec.Struct, frozen=True):
    """One execution; `fee` in `fee_asset`."""

    trade_id: int
    at_ms: int
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_asset: str
    is_maker: bool = False


class VenueOrder(msgspec.Struct):
    """One order as the exchange keeps it; `status` is Binance's word.

    `live` is what a price meets: `asked`, or the limit order that a stop limit has become.
    `working_ms` is -1 until it is on the book. `list_id` is -1 for a single order.
    """

    order_id: int
    asked: NewOrder
    quantity: Decimal
    created_ms: int
    updated_ms: int
    live: NewOrder
    status: str = "NEW"
    fills: tuple[VenueFill, ...] = ()
    list_id: int = -1
    working_ms: int = -1
    expiry_reason: str = ""

    @property
    def executed(self) -> Decimal:
        """Base units executed."""
        return sum((fill.quantity for fill in self.fills), ZERO)

    @property
    def remaining(self) -> Decimal:
        """Base units not executed."""
        return self.quantity - self.executed

    @property
    def executed_quote(self) -> Decimal:
        """Quote units exchanged."""
        return sum((fill.quantity * fill.price for fill in self.fills), ZERO)

    @property
    def is_open(self) -> bool:
        """True while it may still fill."""
        return self.status in OPEN_STATUSES

    @property
    def is_done(self) -> bool:
        """True once nothing more can happen to it."""
        return not self.is_open and self.status != "PENDING_NEW"

    @property
    def is_waiting_stop(self) -> bool:
        """True while its trigger has not been reached."""
        return self.live.stop_price is not None


class VenueList(msgspec.Struct):
    """Orders that belong together.

    The orders of `pair` end each other. They wait for `working`, if there is one; with
    `takes_received` they then sell what it has received.
    """

    list_id: int
    client_list_id: str
    symbol: str
    contingency: str
    created_ms: int
    updated_ms: int
    pair: tuple[VenueOrder, ...]
    working: VenueOrder | None = None
    takes_received: bool = False
    status: str = "EXECUTING"

    @property
    def orders(self) -> tuple[VenueOrder, ...]:
        """All its orders, the working one first."""
        return self.pair if self.working is None else (self.working, *self.pair)


class NewList(msgspec.Struct, frozen=True):
    """What a client asks for with one request."""

    client_list_id: str
    pair: tuple[NewOrder, ...]
    working: NewOrder | None = None
    takes_received: bool = False


class VenueListener(Protocol):
    """Who is told what happens on the account."""

    def on_order(
        self, order: VenueOrder, execution: str, *, fill: VenueFill | None, cancel_id: str
    ) -> None:
        """Take note of one change; `execution` is Binance's word (NEW, TRADE, CANCELED ..)."""
        ...

    def on_list(self, order_list: VenueList) -> None:
        """Take note that a list began or ended."""
        ...

    def on_balances(self, assets: tuple[str, ...]) -> None:
        """Take note that the account has more or less of these."""
        ...


class News:
    """Passes what happens on to everybody who listens."""

    def __init__(self) -> None:
        self.listeners: list[VenueListener] = []

    def on_order(
        self,
        order: VenueOrder,
        execution: str,
        *,
        fill: VenueFill | None = None,
        cancel_id: str = "",
    ) -> None:
        """Tell of one change of an order."""
        for listener in self.listeners:
            listener.on_order(order, execution, fill=fill, cancel_id=cancel_id)

    def on_list(self, order_list: VenueList) -> None:
        """Tell that a list began or ended."""
        for listener in self.listeners:
            listener.on_list(order_list)

    def on_balances(self, assets: tuple[str, ...]) -> None:
        """Tell which balances have changed, if any."""
        for listener in self.listeners if assets else ():
            listener.on_balances(assets)
