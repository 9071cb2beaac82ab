"""Paper trading: a venue inside the process that fills orders from the prices of the stream.

Orders rest in memory; `on_price` sees every price and asks `simulated.fills` what it does to them.
A MARKET order waits for the next price of its symbol, as a backtest fills at the next open. A stop
that the market has already passed fills at the next price too (Binance would refuse it). Fees are
charged in quote. Shorts are allowed: a position that sells first must have 100 % of its worth in
free cash, which stays locked until it is bought back.

Nothing here is on disk: `recover` rebuilds the venue from what the engine has recorded, so an
answer that was not recorded never happened. An order without any recorded answer (PENDING) is
unknown here after a start, as an order that never arrived would be.

Nothing lies between the engine and this venue, so an order is not late because a simulated clock
leapt between its plan and its submission. But once the venue has said that it does not know an
order, one that comes after its `not_after_ms` is refused: then "not found" is the last word.

Invariants: an order is reported filled exactly once per fill (`fill_id` is the order's id and a
number); of one list at most one order fills; what a position's exits may sell or buy back never
exceeds what it holds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import TypedDict

import msgspec
from msgspec import structs

from aitrader.exchange.simulated import fills, rules
from aitrader.model.commands import CancelOrders, QueryOrder, SubmitOrder
from aitrader.model.errors import Refused
from aitrader.model.events import (
    Event,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderNotFound,
    OrderRejected,
    Saved,
)
from aitrader.model.ids import ClientOrderId, FillId, PositionId
from aitrader.model.instrument import Instrument
from aitrader.model.money import ZERO, decimal_from_float, money_to_step
from aitrader.model.order import Fill, Leg, Order, OrderKind, OrderStatus, Side
from aitrader.model.ports import Clock, Inbox

TOO_LATE = -1021
UNKNOWN_SYMBOL = -1121
KEPT_DONE = 5_000
"""How many ended orders stay known to `query`; the oldest are forgotten first."""

Valuer = Callable[[Order], Decimal]
"""What one base unit of an entry is worth in quote."""


class Terms(TypedDict):
    """What a fill costs besides its fee, and the grid its price is on."""

    slippage_bps: Decimal
    tick_size: Decimal


FindPrice = Callable[[Order, bool, Terms], Decimal | None]
"""At what an order fills, None if it does not; True: it has met no price before."""


class PaperSettings(msgspec.Struct, frozen=True):
    """What paper trading costs and starts with; cash in `quote`."""

    start_cash: Decimal = Decimal(10_000)
    fee_bps: Decimal = Decimal(10)
    slippage_bps: Decimal = Decimal(2)
    quote: str = "USDT"


class PaperAccount:
    """Cash and holdings of the paper account, and what orders may still use of them."""

    def __init__(self, cash: Decimal) -> None:
        self.cash = cash
        self._holdings: dict[PositionId, Decimal] = {}
        self._locked: dict[PositionId, Decimal] = {}

    @property
    def free_cash(self) -> Decimal:
        """What may be spent: cash without the proceeds and the collateral of open shorts."""
        return self.cash - 2 * sum(self._locked.values(), ZERO)

    def held(self, position_id: PositionId) -> Decimal:
        """Return the base units of one position, below zero for a short."""
        return self._holdings.get(position_id, ZERO)

    def pay(self, order: Order, fill: Fill) -> None:
        """Book the cash of one fill; its fee is in quote."""
        notional = fill.quantity * fill.price
        self.cash += (notional if order.side is Side.SELL else -notional) - fill.fee

    def move(self, order: Order, fill: Fill) -> None:
        """Book the base units of one fill, and the collateral if it opens or closes a short."""
        change = fill.quantity if order.side is Side.BUY else -fill.quantity
        name, before = order.position_id, self.held(order.position_id)
        after = before + change
        if order.leg is Leg.ENTRY and order.side is Side.SELL:
            self._locked[name] = self._locked.get(name, ZERO) + fill.quantity * fill.price
        elif name in self._locked and before != ZERO:
            self._locked[name] = money_to_step(self._locked[name] * after / before)
        self._holdings[name] = after
        if after == ZERO:
            del self._holdings[name]
            self._locked.pop(name, None)

    def check(self, orders: Sequence[Order], resting: Iterable[Order], value: Valuer) -> None:
        """Accept the orders of one list if what they need is there besides what rests.

        Raises:
            Refused: As Binance refuses an order the balance cannot cover.
        """
        first = orders[0]
        if first.leg is Leg.ENTRY:
            entries = [order for order in resting if order.leg is Leg.ENTRY]
            asked = sum((value(order) * order.remaining for order in entries), ZERO)
            is_covered = value(first) * first.quantity <= self.free_cash - asked
        else:
            wanted = max(order.quantity for order in orders) + _reserved(first, resting)
            held = self.held(first.position_id)
            is_covered = wanted <= (held if first.side is Side.SELL else -held)
        if not is_covered:
            raise Refused(rules.ORDER_REJECTED, rules.NO_BALANCE)


def _reserved(exit_order: Order, resting: Iterable[Order]) -> Decimal:
    """Base units that the resting exits of its position hold; a list holds them once."""
    held: dict[str, Decimal] = {}
    for order in resting:
        if order.position_id == exit_order.position_id and order.leg is Leg.EXIT:
            key = order.list_id or order.client_order_id
            held[key] = max(held.get(key, ZERO), order.remaining)
    return sum(held.values(), ZERO)


class PaperBook:
    """The orders the venue knows: those that rest, and the newest of those that ended."""

    def __init__(self) -> None:
        self._orders: dict[ClientOrderId, Order] = {}
        self._resting: dict[str, dict[ClientOrderId, Order]] = {}
        self._refusals: dict[ClientOrderId, Refused] = {}
        self._denied: deque[ClientOrderId] = deque(maxlen=KEPT_DONE)

    def deny(self, name: ClientOrderId) -> None:
        """Remember that an order was said to be unknown."""
        self._denied.append(name)

    def is_denied(self, name: ClientOrderId) -> bool:
        """Return whether an order was said to be unknown."""
        return name in self._denied

    def find(self, name: ClientOrderId) -> Order | None:
        """Return an order as it stands, None if it is unknown."""
        return self._orders.get(name)

    def refusal_of(self, order: Order) -> Refused:
        """Return why an order was rejected; a recovered one has lost its code."""
        return self._refusals.get(order.client_order_id, Refused(0, order.note))

    def resting(self, symbol: str) -> list[Order]:
        """Return the open orders of a symbol, stops first."""
        return sorted(self._resting.get(symbol, {}).values(), key=fills.urgency)

    def all_resting(self) -> list[Order]:
        """Return every open order."""
        return [order for orders in self._resting.values() for order in orders.values()]

    def siblings(self, order: Order) -> list[Order]:
        """Return the other open orders of an order's list."""
        resting = self._resting.get(order.symbol, {}).values() if order.list_id else ()
        return [other for other in resting if other.list_id == order.list_id]

    def keep(self, order: Order, refusal: Refused | None = None) -> None:
        """Remember an order as it stands now; only the open ones rest."""
        name = order.client_order_id
        self._orders.pop(name, None)
        self._orders[name] = order
        if refusal is not None:
            self._refusals[name] = refusal
        resting = self._resting.setdefault(order.symbol, {})
        if not order.is_done:
            resting[name] = order
            return
        resting.pop(name, None)
        if not resting:
            del self._resting[order.symbol]
        self._forget_oldest()

    def _forget_oldest(self) -> None:
        if len(self._orders) - sum(map(len, self._resting.values())) > KEPT_DONE:
            oldest = next(name for name, order in self._orders.items() if order.is_done)
            del self._orders[oldest]
            self._refusals.pop(oldest, None)


class PaperVenue:
    """A `Venue` and `PriceListener`: orders in memory, filled by the stream's prices."""

    def __init__(
        self,
        inbox: Inbox,
        clock: Clock,
        *,
        find_instrument: Callable[[str], Instrument | None],
        settings: PaperSettings,
    ) -> None:
        self._inbox = inbox
        self._clock = clock
        self._find_instrument = find_instrument
        self._settings = settings
        self._book = PaperBook()
        self._arriving: set[ClientOrderId] = set()
        self._last: dict[str, float] = {}
        self.account = PaperAccount(settings.start_cash)

    # -- Venue ----------------------------------------------------------------------------------

    async def recover(self, saved: Saved) -> None:
        """Rebuild orders, holdings and cash from what was on disk; again is the same.

        Where one order of a list had ended on disk and its mate had not, the mate ends now, as it
        did at once when we lived: it must never rest alone, or it could sell a second time.
        """
        self._book, self._arriving = PaperBook(), set()
        cash = self._settings.start_cash if saved.cash is None else saved.cash
        self.account = PaperAccount(cash)
        for order in sorted(saved.orders, key=lambda order: order.planned_ms):
            for fill in order.fills:
                self.account.move(order, fill)
            if order.status is OrderStatus.PENDING and not order.fills:
                continue
            self._book.keep(order)
        for order in saved.orders:
            if order.status in (OrderStatus.FILLED, OrderStatus.CANCELED):
                self._cancel_siblings(order)

    async def submit(self, command: SubmitOrder) -> None:
        """Accept or reject; an id already known is only reported again."""
        found = [self._book.find(order.client_order_id) for order in command.orders]
        known = [order for order in found if order is not None]
        if known:
            for order in known:
                self._report(order)
            return
        refusal = self._find_refusal(command.orders)
        for order in command.orders:
            if refusal is not None:
                self._reject(order, refusal)
                continue
            self._book.keep(structs.replace(order, status=OrderStatus.OPEN))
            self._arriving.add(order.client_order_id)
            self._post(self._accepted(order))

    async def cancel(self, command: CancelOrders) -> None:
        """Take orders off, with the rest of their list; what has ended is reported again."""
        for asked in command.orders:
            order = self._book.find(asked.client_order_id)
            if order is None:
                self._post(self._not_found(asked))
            elif order.is_done:
                self._report(order)
            else:
                self._end(order, OrderStatus.CANCELED)
                self._cancel_siblings(order)

    async def query(self, command: QueryOrder) -> None:
        """Report all that is known of an order, or that nothing is."""
        order = self._book.find(command.order.client_order_id)
        if order is None:
            self._post(self._not_found(command.order))
        else:
            self._report(order)

    # -- PriceListener --------------------------------------------------------------------------

    def on_price(self, symbol: str, price: float, at_ms: int) -> None:
        """Let one price do to the resting orders of its symbol what it does."""
        self._last[symbol] = price
        if not self._book.resting(symbol):
            return
        exact = decimal_from_float(price)

        def find_price(order: Order, is_new: bool, terms: Terms) -> Decimal | None:
            at_tick = fills.fill_price_on_arrival if is_new else fills.fill_price_on_tick
            return at_tick(order, exact, **terms)

        self._meet(symbol, find_price, at_ms)

    # -- whole candles, as a backtest has them --------------------------------------------------

    def on_candle(self, symbol: str, candle: fills.PriceRange, at_ms: int) -> None:
        """Let a whole candle do what it does, in place of every price after its open.

        `on_price` was shown the open before. A MARKET order that came since waits for the next
        open; of the orders that rest the stops are tested first.
        """
        self._last[symbol] = float(candle.close)

        def find_price(order: Order, is_new: bool, terms: Terms) -> Decimal | None:
            if order.kind is OrderKind.MARKET:
                return None
            met = fills.fill_price_on_arrival(order, candle.open, **terms) if is_new else None
            return fills.fill_price_on_candle(order, candle, **terms) if met is None else met

        self._meet(symbol, find_price, at_ms)

    def know_price(self, symbol: str, price: float) -> None:
        """Take a symbol's last price without letting it meet any order."""
        self._last[symbol] = price

    def resting(self, symbol: str) -> list[Order]:
        """Return the open orders of a symbol, stops first."""
        return self._book.resting(symbol)

    def _meet(self, symbol: str, find_price: FindPrice, at_ms: int) -> None:
        instrument = self._find_instrument(symbol)
        if instrument is None:
            return
        slippage_bps = self._settings.slippage_bps
        terms = Terms(slippage_bps=slippage_bps, tick_size=instrument.tick_size)
        for order in self._book.resting(symbol):
            if self._book.find(order.client_order_id) is not order:
                continue  # the order of its list before it has filled
            is_new = order.client_order_id in self._arriving
            self._arriving.discard(order.client_order_id)
            found = find_price(order, is_new, terms)
            if found is not None:
                self._fill(order, found, at_ms)

    # -- what happens to an order ---------------------------------------------------------------

    def _fill(self, order: Order, price: Decimal, at_ms: int) -> None:
        quantity = order.remaining
        fill = Fill(
            fill_id=FillId(f"{order.client_order_id}-{len(order.fills) + 1}"),
            at_ms=at_ms,
            quantity=quantity,
            price=price,
            fee=fills.fee_in_quote(quantity, price, fee_bps=self._settings.fee_bps),
            fee_asset=self._settings.quote,
        )
        self.account.pay(order, fill)
        self.account.move(order, fill)
        filled = structs.replace(order, status=OrderStatus.FILLED, fills=(*order.fills, fill))
        self._book.keep(filled)
        self._post(OrderFilled(at_ms=at_ms, client_order_id=order.client_order_id, fill=fill))
        self._cancel_siblings(order)

    def _cancel_siblings(self, order: Order) -> None:
        for sibling in self._book.siblings(order):
            self._end(sibling, OrderStatus.CANCELED)

    def _end(self, order: Order, status: OrderStatus) -> None:
        self._arriving.discard(order.client_order_id)
        ended = structs.replace(order, status=status)
        self._book.keep(ended)
        self._report_end(ended)

    def _reject(self, order: Order, refusal: Refused) -> None:
        rejected = structs.replace(order, status=OrderStatus.REJECTED, note=refusal.reason)
        self._book.keep(rejected, refusal)
        self._report_end(rejected)

    # -- what is refused ------------------------------------------------------------------------

    def _find_refusal(self, orders: tuple[Order, ...]) -> Refused | None:
        """The orders of one list are accepted or refused together, as Binance does."""
        try:
            for order in orders:
                self._check(order)
            self.account.check(orders, self._book.all_resting(), self._value)
        except Refused as refusal:
            return refusal
        return None

    def _check(self, order: Order) -> None:
        is_over = self._clock.now_ms() > order.not_after_ms
        if is_over and self._book.is_denied(order.client_order_id):
            raise Refused(TOO_LATE, "Timestamp for this request is outside of the recvWindow.")
        instrument = self._find_instrument(order.symbol)
        if instrument is None:
            raise Refused(UNKNOWN_SYMBOL, "Invalid symbol.")
        last_price = self._last_price(order.symbol)
        rules.check(order, order.quantity, instrument=instrument, last_price=last_price)

    def _value(self, order: Order) -> Decimal:
        """What one base unit of an entry is worth in quote; 0 while no price was seen."""
        return order.price or order.stop_price or self._last_price(order.symbol) or ZERO

    def _last_price(self, symbol: str) -> Decimal | None:
        last = self._last.get(symbol)
        return None if last is None else decimal_from_float(last)

    # -- what is said ---------------------------------------------------------------------------

    def _post(self, event: Event) -> None:
        self._inbox.post(event)

    def _report(self, order: Order) -> None:
        """Say again everything that is known of an order, oldest first."""
        if order.status is not OrderStatus.REJECTED:
            self._post(self._accepted(order))
        for fill in order.fills:
            self._post(
                OrderFilled(at_ms=fill.at_ms, client_order_id=order.client_order_id, fill=fill)
            )
        self._report_end(order)

    def _report_end(self, order: Order) -> None:
        now_ms, name = self._clock.now_ms(), order.client_order_id
        if order.status is OrderStatus.CANCELED:
            self._post(OrderCanceled(at_ms=now_ms, client_order_id=name))
        elif order.status is OrderStatus.EXPIRED:
            self._post(OrderExpired(at_ms=now_ms, client_order_id=name, reason=order.note))
        elif order.status is OrderStatus.REJECTED:
            refusal = self._book.refusal_of(order)
            self._post(
                OrderRejected(
                    at_ms=now_ms, client_order_id=name, code=refusal.code, reason=refusal.reason
                )
            )

    def _accepted(self, order: Order) -> OrderAccepted:
        return OrderAccepted(
            at_ms=self._clock.now_ms(),
            client_order_id=order.client_order_id,
            venue_order_id=f"paper-{order.client_order_id}",
        )

    def _not_found(self, order: Order) -> OrderNotFound:
        self._book.deny(order.client_order_id)
        return OrderNotFound(at_ms=self._clock.now_ms(), client_order_id=order.client_order_id)
