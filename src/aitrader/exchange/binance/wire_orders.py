"""What Binance says about orders, trades and money, as typed structs.

As `wire` is for the market: a body or frame is decoded once, straight into these structs; numbers
are exact (Decimal). What does not fit raises `Refused`. Binance's words end here.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias, TypeVar

import msgspec
from msgspec import field

from aitrader.exchange.binance.wire import Milliseconds, WireError
from aitrader.model.errors import Refused
from aitrader.model.money import ZERO

NO_LIST = -1
"""The number of the list of an order that is in none."""


class PlacedFill(msgspec.Struct, rename="camel"):
    """One execution in the answer to an order; its time is the answer's."""

    price: Decimal
    qty: Decimal
    commission: Decimal
    commission_asset: str
    trade_id: int

    def __post_init__(self) -> None:
        _need_sound(self.price, self.qty, self.commission)


class OrderAnswer(msgspec.Struct, rename="camel"):
    """One order: as placed, as canceled, or as it stands.

    A canceled one has our id in `orig_client_order_id`. An acknowledgement has no status.
    """

    symbol: str
    order_id: int
    client_order_id: str
    orig_client_order_id: str = ""
    order_list_id: int = NO_LIST
    transact_time: Milliseconds = 0
    update_time: Milliseconds = 0
    status: str = "NEW"
    type: str = ""
    side: str = ""
    price: Decimal = ZERO
    stop_price: Decimal = ZERO
    orig_qty: Decimal = ZERO
    executed_qty: Decimal = ZERO
    expiry_reason: str = ""
    fills: list[PlacedFill] = []

    def __post_init__(self) -> None:
        _need_sound(self.price, self.stop_price, self.orig_qty, self.executed_qty)

    @property
    def name(self) -> str:
        """The id that its client gave it."""
        return self.orig_client_order_id or self.client_order_id

    @property
    def at_ms(self) -> int:
        """When it last changed."""
        return self.transact_time or self.update_time


class ListAnswer(msgspec.Struct, rename="camel"):
    """One list with its orders: as placed or as canceled."""

    order_list_id: int
    list_client_order_id: str
    order_reports: list[OrderAnswer]


class TradeRow(msgspec.Struct, rename="camel"):
    """One execution as the account's history has it."""

    id: int
    order_id: int
    price: Decimal
    qty: Decimal
    commission: Decimal
    commission_asset: str
    time: Milliseconds

    def __post_init__(self) -> None:
        _need_sound(self.price, self.qty, self.commission)


class BalanceRow(msgspec.Struct):
    """One asset of the account."""

    asset: str
    free: Decimal
    locked: Decimal

    def __post_init__(self) -> None:
        _need_sound(self.free, self.locked)


class AccountAnswer(msgspec.Struct, rename="camel"):
    """The account: what it may do and what it has."""

    balances: list[BalanceRow]
    can_trade: bool = True
    can_withdraw: bool = False
    account_type: str = "SPOT"


class Restrictions(msgspec.Struct, rename="camel"):
    """What an API key may do (/sapi/v1/account/apiRestrictions); testnets have no such page."""

    enable_withdrawals: bool = False
    enable_spot_and_margin_trading: bool = True
    ip_restrict: bool = False


class OrderLimit(msgspec.Struct, rename="camel"):
    """One limit of requests or orders, with the count of its window where it is told."""

    rate_limit_type: str
    interval: str
    interval_num: int
    limit: int
    count: int = 0


# -- user data ----------------------------------------------------------------------------------


class ExecutionReport(msgspec.Struct, tag_field="e", tag="executionReport"):
    """One change of an order."""

    symbol: str = field(name="s")
    client_order_id: str = field(name="c")
    orig_client_order_id: str = field(name="C")
    side: str = field(name="S")
    type: str = field(name="o")
    quantity: Decimal = field(name="q")
    price: Decimal = field(name="p")
    stop_price: Decimal = field(name="P")
    order_list_id: int = field(name="g")
    execution: str = field(name="x")
    status: str = field(name="X")
    reject_reason: str = field(name="r")
    order_id: int = field(name="i")
    last_quantity: Decimal = field(name="l")
    filled: Decimal = field(name="z")
    last_price: Decimal = field(name="L")
    commission: Decimal = field(name="n")
    commission_asset: str | None = field(name="N")
    at_ms: Milliseconds = field(name="T")
    trade_id: int = field(name="t")
    expiry_reason: str = field(name="eR", default="")

    def __post_init__(self) -> None:
        _need_sound(self.quantity, self.last_quantity, self.filled, self.last_price)
        _need_sound(self.price, self.stop_price, self.commission)

    @property
    def name(self) -> str:
        """The id that its client gave it; a cancellation has a name of its own in `c`."""
        return self.orig_client_order_id or self.client_order_id


class AssetRow(msgspec.Struct):
    """One changed asset."""

    asset: str = field(name="a")
    free: Decimal = field(name="f")
    locked: Decimal = field(name="l")

    def __post_init__(self) -> None:
        _need_sound(self.free, self.locked)


class AccountPosition(msgspec.Struct, tag_field="e", tag="outboundAccountPosition"):
    """Balances that an order has changed."""

    at_ms: Milliseconds = field(name="E")
    balances: list[AssetRow] = field(name="B")


class BalanceUpdate(msgspec.Struct, tag_field="e", tag="balanceUpdate"):
    """Something came in or went out by another way: a deposit, a withdrawal."""

    at_ms: Milliseconds = field(name="E")
    asset: str = field(name="a")


class ListStatus(msgspec.Struct, tag_field="e", tag="listStatus"):
    """A list began or ended; its orders tell it too."""

    at_ms: Milliseconds = field(name="E")
    symbol: str = field(name="s")


class LockUpdate(msgspec.Struct, tag_field="e", tag="externalLockUpdate"):
    """Another product of the exchange locked or freed some of an asset."""

    at_ms: Milliseconds = field(name="E")


class StreamTerminated(msgspec.Struct, tag_field="e", tag="eventStreamTerminated"):
    """This subscription ends: a key was revoked, or the server wants us to subscribe anew."""

    at_ms: Milliseconds = field(name="E")


class ServerShutdown(msgspec.Struct, tag_field="e", tag="serverShutdown"):
    """The server will end this connection soon."""

    at_ms: Milliseconds = field(name="E")


UserEvent: TypeAlias = (
    ExecutionReport
    | AccountPosition
    | BalanceUpdate
    | ListStatus
    | LockUpdate
    | StreamTerminated
    | ServerShutdown
)
"""Everything that a user data stream tells us."""


class RetryData(msgspec.Struct, frozen=True, rename="camel"):
    """When the exchange wants to hear from us again."""

    retry_after: Milliseconds = 0


class SocketError(WireError):
    """A refusal of the WebSocket API."""

    data: RetryData = RetryData()


class SocketMessage(msgspec.Struct, rename="camel"):
    """One message of the WebSocket API: an answer (by its `id`), or an event."""

    id: int | str | None = None
    status: int = 0
    result: msgspec.Raw = msgspec.Raw(b"")
    error: SocketError | None = None
    rate_limits: list[OrderLimit] = []
    event: msgspec.Raw = msgspec.Raw(b"")


T = TypeVar("T")
_UNFIT = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError)
_orders = msgspec.json.Decoder(OrderAnswer, strict=False)
_order_lists = msgspec.json.Decoder(list[OrderAnswer], strict=False)
_lists = msgspec.json.Decoder(ListAnswer, strict=False)
_trades = msgspec.json.Decoder(list[TradeRow], strict=False)
_accounts = msgspec.json.Decoder(AccountAnswer, strict=False)
_restrictions = msgspec.json.Decoder(Restrictions)
_order_limits = msgspec.json.Decoder(list[OrderLimit])
_events: msgspec.json.Decoder[UserEvent] = msgspec.json.Decoder(UserEvent, strict=False)
_messages = msgspec.json.Decoder(SocketMessage, strict=False)


def read_order(body: bytes) -> OrderAnswer:
    """Return one order as it was answered.

    Raises:
        Refused: The body is something else.
    """
    return _read(_orders, body, "an order")


def read_orders(body: bytes) -> list[OrderAnswer]:
    """Return many orders.

    Raises:
        Refused: The body is something else.
    """
    return _read(_order_lists, body, "orders")


def read_reports(body: bytes) -> list[OrderAnswer]:
    """Return the orders of an answer that is one order or a whole list of them.

    Raises:
        Refused: The body is something else.
    """
    try:
        return _lists.decode(body).order_reports
    except _UNFIT:
        return [read_order(body)]


def read_trades(body: bytes) -> list[TradeRow]:
    """Return executions.

    Raises:
        Refused: The body is something else.
    """
    return _read(_trades, body, "trades")


def read_account(body: bytes) -> AccountAnswer:
    """Return the account.

    Raises:
        Refused: The body is something else.
    """
    return _read(_accounts, body, "the account")


def read_restrictions(body: bytes) -> Restrictions:
    """Return what a key may do.

    Raises:
        Refused: The body is something else.
    """
    return _read(_restrictions, body, "the key's restrictions")


def read_order_limits(body: bytes) -> list[OrderLimit]:
    """Return how many orders may be sent, and how many of them have been.

    Raises:
        Refused: The body is something else.
    """
    return _read(_order_limits, body, "limits of orders")


def read_event(payload: bytes) -> UserEvent:
    """Return one event of the account.

    Raises:
        Refused: It is of a kind we do not know, or not of that kind's form.
    """
    return _read(_events, payload, "an event of the account")


def read_message(payload: bytes) -> SocketMessage:
    """Return one message of the WebSocket API.

    Raises:
        Refused: It is no message.
    """
    return _read(_messages, payload, "an answer or an event")


def _read(decoder: msgspec.json.Decoder[T], body: bytes, what: str) -> T:
    try:
        return decoder.decode(body)
    except _UNFIT as error:
        raise Refused(0, f"expected {what} of the exchange, found {error}") from error


def _need_sound(*values: Decimal) -> None:
    """Refuse what is no amount; msgspec makes a ValidationError of it."""
    if not all(value.is_finite() and value >= ZERO for value in values):
        raise ValueError("expected amounts of zero or more")
