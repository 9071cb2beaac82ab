"""The exchange's side of orders: one account, open orders, and what prices do to them.

Orders are checked by `rules`, filled by `fills`, and told in Binance's words. As Binance does, a
BUY pays its fee from what it receives and a SELL from its proceeds, a resting order locks what it
would spend, a stop that the market has already passed is refused, and a client order id is unique
among open orders only. Every order fills whole. State is in memory and ends with the process.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import count

import msgspec

from aitrader.exchange.simulated import fills, rules
from aitrader.exchange.simulated.source import Listing
from aitrader.model.errors import Refused
from aitrader.model.money import ZERO, decimal_from_float, quantity_to_step
from aitrader.model.order import OrderKind, Side

KINDS: dict[str, OrderKind] = {
    "MARKET": OrderKind.MARKET,
    "LIMIT": OrderKind.LIMIT,
    "LIMIT_MAKER": OrderKind.LIMIT,
    "STOP_LOSS": OrderKind.STOP_LOSS,
    "TAKE_PROFIT": OrderKind.TAKE_PROFIT,
}
MAX_OPEN_ORDERS = 200
MAX_STOP_ORDERS = 5
UNKNOWN_SYMBOL, CANCEL_REJECTED, NO_SUCH_ORDER = -1121, -2011, -2013


class NewOrder(msgspec.Struct, frozen=True):
    """What a client asks for; `quantity` may be 0 for a MARKET order by `quote_quantity`."""

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


class VenueFill(msgspec.Struct, frozen=True):
    """One execution; `fee` in `fee_asset`."""

    trade_id: int
    at_ms: int
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_asset: str


class VenueOrder(msgspec.Struct):
    """One order as the exchange keeps it; `status` is Binance's word."""

    order_id: int
    asked: NewOrder
    quantity: Decimal
    created_ms: int
    updated_ms: int
    status: str = "NEW"
    fills: tuple[VenueFill, ...] = ()

    @property
    def executed(self) -> Decimal:
        """Base units executed."""
        return sum((fill.quantity for fill in self.fills), ZERO)

    @property
    def executed_quote(self) -> Decimal:
        """Quote units exchanged."""
        return sum((fill.quantity * fill.price for fill in self.fills), ZERO)

    @property
    def is_open(self) -> bool:
        """True while it may still fill."""
        return self.status == "NEW"


class Balance(msgspec.Struct):
    """What the account has of one asset."""

    free: Decimal = ZERO
    locked: Decimal = ZERO


class VenueSettings(msgspec.Struct, frozen=True):
    """What trading here costs, the account starts with, and how many orders are remembered."""

    start_quote: Decimal = Decimal(10_000)
    quote: str = "USDT"
    fee_bps: Decimal = Decimal(10)
    slippage_bps: Decimal = Decimal(1)
    kept_orders: int = 50_000


class Venue:
    """One account's orders at the simulated exchange."""

    def __init__(
        self,
        listings: tuple[Listing, ...],
        *,
        last_price: Callable[[int], float],
        now_ms: Callable[[], int],
        settings: VenueSettings | None = None,
    ) -> None:
        self._listings = listings
        self._ranks = {each.symbol: rank for rank, each in enumerate(listings)}
        self._last_price = last_price
        self._now_ms = now_ms
        self._settings = settings or VenueSettings()
        self._numbers, self._trade_numbers = count(1), count(1)
        self._orders: dict[int, VenueOrder] = {}
        self._open: dict[int, dict[int, VenueOrder]] = {}
        start = Balance(free=self._settings.start_quote)
        self.balances: dict[str, Balance] = {self._settings.quote: start}

    # -- what prices do -------------------------------------------------------------------------

    def watched(self) -> tuple[int, ...]:
        """Return the ranks of symbols that have open orders."""
        return tuple(self._open)

    def on_price(self, rank: int, price: float, at_ms: int) -> None:
        """Fill what this price touches."""
        exact = decimal_from_float(price)
        resting = self._open.get(rank, {}).values()
        for order in sorted(resting, key=lambda order: fills.urgency(order.asked)):
            found = fills.fill_price_on_tick(
                order.asked,
                exact,
                slippage_bps=self._settings.slippage_bps,
                tick_size=self._listings[rank].instrument.tick_size,
            )
            if found is not None:
                self._release(order)
                self._fill(order, found, at_ms)

    # -- what clients ask -----------------------------------------------------------------------

    def rank_of(self, symbol: str) -> int:
        """Return a symbol's index.

        Raises:
            Refused: There is no such symbol.
        """
        try:
            return self._ranks[symbol]
        except KeyError:
            raise Refused(UNKNOWN_SYMBOL, "Invalid symbol.") from None

    def place(self, asked: NewOrder) -> VenueOrder:
        """Accept an order and fill it at once if the market is there.

        Raises:
            Refused: A rule, the balance or the state of the market is against it.
        """
        rank, last = self.rank_of(asked.symbol), self._last(asked.symbol)
        quantity = asked.quantity or quantity_to_step(
            asked.quote_quantity / last, self._listings[rank].instrument.step_size
        )
        self._check(asked, quantity, last)
        found = fills.fill_price_on_arrival(
            asked,
            last,
            slippage_bps=self._settings.slippage_bps,
            tick_size=self._listings[rank].instrument.tick_size,
        )
        self._check_balance(asked, quantity, found or asked.price or asked.stop_price or last)
        now_ms = self._now_ms()
        order = VenueOrder(next(self._numbers), asked, quantity, now_ms, now_ms)
        self._orders[order.order_id] = order
        if found is not None:
            self._fill(order, found, now_ms)
        elif asked.time_in_force in ("IOC", "FOK"):
            order.status = "EXPIRED"
        else:
            self._open.setdefault(rank, {})[order.order_id] = order
            self._lock(order, 1)
        self._forget_oldest()
        return order

    def cancel(self, symbol: str, *, order_id: int | None, client_order_id: str) -> VenueOrder:
        """Take an open order off.

        Raises:
            Refused: It is not open.
        """
        rank = self.rank_of(symbol)
        for order in self._open.get(rank, {}).values():
            if _is_named(order, order_id, client_order_id):
                self._release(order)
                order.status, order.updated_ms = "CANCELED", self._now_ms()
                return order
        raise Refused(CANCEL_REJECTED, "Unknown order sent.")

    def find(self, symbol: str, *, order_id: int | None, client_order_id: str) -> VenueOrder:
        """Return the newest order of that name.

        Raises:
            Refused: There is none.
        """
        self.rank_of(symbol)
        for order in reversed(self._orders.values()):
            is_there = order.asked.symbol == symbol
            if is_there and _is_named(order, order_id, client_order_id):
                return order
        raise Refused(NO_SUCH_ORDER, "Order does not exist.")

    def open_orders(self, symbol: str | None) -> list[VenueOrder]:
        """Return what is open, of one symbol or of all, oldest first."""
        ranks = self._open if symbol is None else {self.rank_of(symbol): None}
        found = [order for rank in ranks for order in self._open.get(rank, {}).values()]
        return sorted(found, key=lambda order: order.order_id)

    # -- checks ---------------------------------------------------------------------------------

    def _last(self, symbol: str) -> Decimal:
        return decimal_from_float(self._last_price(self.rank_of(symbol)))

    def _check(self, asked: NewOrder, quantity: Decimal, last: Decimal) -> None:
        rank = self.rank_of(asked.symbol)
        instrument = self._listings[rank].instrument
        rules.check(asked, quantity, instrument=instrument, last_price=last)
        resting = list(self._open.get(rank, {}).values())
        if any(order.asked.client_order_id == asked.client_order_id for order in resting):
            raise Refused(rules.ORDER_REJECTED, "Duplicate order sent.")
        if len(resting) >= MAX_OPEN_ORDERS:
            raise Refused(rules.FILTER_FAILURE, "Filter failure: MAX_NUM_ORDERS")
        if asked.stop_price is not None:
            stops = sum(order.asked.stop_price is not None for order in resting)
            if stops >= MAX_STOP_ORDERS:
                raise Refused(rules.FILTER_FAILURE, "Filter failure: MAX_NUM_ALGO_ORDERS")
            if fills.is_triggered(asked, last):
                raise Refused(rules.ORDER_REJECTED, "Order would trigger immediately.")
        if asked.type == "LIMIT_MAKER" and self._would_take(asked, last):
            raise Refused(rules.ORDER_REJECTED, "Order would immediately match and take.")

    def _would_take(self, asked: NewOrder, last: Decimal) -> bool:
        limit = asked.price or ZERO
        return last <= limit if asked.side is Side.BUY else last >= limit

    def _check_balance(self, asked: NewOrder, quantity: Decimal, price: Decimal) -> None:
        instrument = self._listings[self.rank_of(asked.symbol)].instrument
        is_buy = asked.side is Side.BUY
        needed = quantity * price if is_buy else quantity
        if needed > self._balance(instrument.quote if is_buy else instrument.base).free:
            raise Refused(rules.ORDER_REJECTED, rules.NO_BALANCE)

    # -- the account ----------------------------------------------------------------------------

    def _balance(self, asset: str) -> Balance:
        return self.balances.setdefault(asset, Balance())

    def _lock(self, order: VenueOrder, sign: int) -> None:
        """Move what a resting order would spend between free and locked."""
        asked = order.asked
        instrument = self._listings[self.rank_of(asked.symbol)].instrument
        is_buy = asked.side is Side.BUY
        worth = order.quantity * (asked.price or asked.stop_price or ZERO)
        amount = sign * (worth if is_buy else order.quantity)
        balance = self._balance(instrument.quote if is_buy else instrument.base)
        balance.free -= amount
        balance.locked += amount

    def _release(self, order: VenueOrder) -> None:
        rank = self.rank_of(order.asked.symbol)
        del self._open[rank][order.order_id]
        if not self._open[rank]:
            del self._open[rank]
        self._lock(order, -1)

    def _fill(self, order: VenueOrder, price: Decimal, at_ms: int) -> None:
        instrument = self._listings[self.rank_of(order.asked.symbol)].instrument
        base, quote = self._balance(instrument.base), self._balance(instrument.quote)
        quantity, fee_bps = order.quantity, self._settings.fee_bps
        if order.asked.side is Side.BUY:
            fee, asset = fills.fee_in_base(quantity, fee_bps=fee_bps), instrument.base
            quote.free -= quantity * price
            base.free += quantity - fee
        else:
            fee, asset = fills.fee_in_quote(quantity, price, fee_bps=fee_bps), instrument.quote
            base.free -= quantity
            quote.free += quantity * price - fee
        trade = VenueFill(next(self._trade_numbers), at_ms, quantity, price, fee, asset)
        order.fills, order.status, order.updated_ms = (trade,), "FILLED", at_ms

    def _forget_oldest(self) -> None:
        if len(self._orders) > self._settings.kept_orders:
            ended = (key for key, order in self._orders.items() if not order.is_open)
            oldest = next(ended, None)
            if oldest is not None:
                del self._orders[oldest]


def _is_named(order: VenueOrder, order_id: int | None, client_order_id: str) -> bool:
    if order_id is not None:
        return order.order_id == order_id
    return order.asked.client_order_id == client_order_id
