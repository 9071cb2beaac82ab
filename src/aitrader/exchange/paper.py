"""Paper trading: a venue inside the process that fills orders from the prices of the stream.

Orders rest in memory; `on_price` sees every price and asks `simulated.fills` what it does to them.
A MARKET order waits for the next price of its symbol, as a backtest fills at the next open; where
the live book is known it takes no more than is there, in parts (`paper_depth`). A stop
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

from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec
from msgspec import structs

from aitrader.exchange.paper_account import PaperAccount
from aitrader.exchange.paper_book import PaperBook
from aitrader.exchange.paper_checks import PaperChecks
from aitrader.exchange.paper_depth import PaperDepth
from aitrader.exchange.paper_reports import PaperReports
from aitrader.exchange.paper_rests import CandleRests
from aitrader.exchange.simulated import fills
from aitrader.market.offers import FindOffer, unknown
from aitrader.model.account import PAPER
from aitrader.model.commands import CancelOrders, QueryOrder, SubmitOrder
from aitrader.model.errors import Refused
from aitrader.model.events import Saved
from aitrader.model.ids import FillId, PositionId
from aitrader.model.instrument import Instrument
from aitrader.model.money import decimal_from_float
from aitrader.model.order import Fill, Leg, Order, OrderKind, OrderStatus
from aitrader.model.ports import Clock, Inbox

Seen = Decimal | fills.PriceRange
"""A single price, or a whole candle."""

FindPrice = Callable[..., Decimal | None]
"""At what an order fills when it meets what is seen, None if it does not fill."""

MARKET = OrderKind.MARKET
FILLED, CANCELED = OrderStatus.FILLED, OrderStatus.CANCELED


class PaperSettings(msgspec.Struct, frozen=True):
    """What paper trading costs and starts with; cash in `quote`."""

    start_cash: Decimal = Decimal(10_000)
    fee_bps: Decimal = Decimal(10)
    slippage_bps: Decimal = Decimal(2)
    quote: str = "USDT"


class PaperVenue:
    """A `Venue` and `PriceListener`: orders in memory, filled by the stream's prices."""

    def __init__(
        self,
        inbox: Inbox,
        clock: Clock,
        *,
        find_instrument: Callable[[str], Instrument | None],
        settings: PaperSettings,
        find_offer: FindOffer = unknown,
    ) -> None:
        self._clock = clock
        self._find_instrument = find_instrument
        self._settings = settings
        self._book = PaperBook()
        self.settle_arrivals, self.open_orders = self._book.settle_arrivals, self._book.open_orders
        self.awaited = self._book.awaited  # the symbols whose next price may fill an order
        self._reports = PaperReports(inbox, clock, self._book)
        self.tell = self._reports.tell
        self._depth = PaperDepth(find_offer, slippage_bps=settings.slippage_bps)
        self._rests = CandleRests()
        self._last: dict[str, float] = {}
        self._checks = PaperChecks(
            clock, self._book, find_instrument=find_instrument, last_prices=self._last
        )
        self.account = PaperAccount(settings.start_cash)

    # -- Venue ----------------------------------------------------------------------------------

    async def recover(self, saved: Saved) -> None:
        """Rebuild orders, holdings and cash from what was on disk; again is the same.

        Where one order of a list had ended on disk and its mate had not, the mate ends now, as it
        did at once when we lived: it must never rest alone, or it could sell a second time.
        """
        self._book.clear()
        cash = saved.account(PAPER).cash
        self.account = PaperAccount(self._settings.start_cash if cash is None else cash)
        for order in sorted(saved.orders, key=_entries_first):
            for fill in order.fills:
                self.account.move(order, fill)
            if order.status is OrderStatus.PENDING and not order.fills:
                continue
            self._book.keep(order)
        for order in saved.orders:
            if order.status in (FILLED, CANCELED):
                self._cancel_siblings(order)

    async def submit(self, command: SubmitOrder) -> None:
        """Accept or reject; an id already known is only reported again."""
        self.take(command)

    async def cancel(self, command: CancelOrders) -> None:
        """Take orders off, with the rest of their list; what has ended is reported again."""
        self.take_off(command)

    async def query(self, command: QueryOrder) -> None:
        """Report all that is known of an order, or that nothing is."""
        self.tell(command.order)

    # -- the same at once: nothing here is waited for -------------------------------------------

    def take(self, command: SubmitOrder) -> None:
        """Accept or reject; an id already known is only reported again."""
        book, orders = self._book, command.orders
        known = [order for row in orders if (order := book.find(row.client_order_id)) is not None]
        if known:
            for order in known:
                self._reports.everything(order)
            return
        refusal = self._checks.find_refusal(orders, self.account)
        for order in orders:
            if refusal is not None:
                self._reject(order, refusal)
                continue
            book.keep(order)
            book.arriving.add(order.client_order_id)
            self._reports.accepted(order)
        self._meet_rest(orders)

    def take_off(self, command: CancelOrders) -> None:
        """Take orders off, with the rest of their list; what has ended is reported again."""
        for asked in command.orders:
            order = self._book.find(asked.client_order_id)
            if order is None or order.is_done:
                self.tell(asked)
            else:
                self._end(order, CANCELED)
                self._cancel_siblings(order)

    # -- PriceListener --------------------------------------------------------------------------

    def on_price(self, symbol: str, price: float, at_ms: int) -> None:
        """Let one price do to the resting orders of its symbol what it does."""
        self._last[symbol] = price
        if self._book.open_orders(symbol):
            self._meet(symbol, decimal_from_float(price), fills.fill_price_at, at_ms=at_ms)

    # -- whole candles, as a backtest has them --------------------------------------------------

    def on_candle(self, symbol: str, candle: fills.PriceRange, at_ms: int) -> None:
        """Let a whole candle do what it does, in place of every price after its open.

        `on_price` was shown the open before. A MARKET order that came since waits for the next
        open; of the orders that rest the stops are tested first.
        """
        self._last[symbol] = float(candle.close)
        for order in self._meet(symbol, candle, fills.fill_price_within, at_ms=at_ms):
            self._rests.note(order, order.fills[-1], candle)

    def rest_of(self, position_id: PositionId) -> fills.PriceRange | None:
        """Return what is left of the candle that a position was entered in, if that is now."""
        return self._rests.find(position_id, self._clock.now_ms())

    def _meet_rest(self, orders: Sequence[Order]) -> None:
        """Let new orders of a position meet what is left of the candle it was entered in."""
        first, now_ms = orders[0], self._clock.now_ms()
        rest = self._rests.find(first.position_id, now_ms)
        if rest is not None:
            self._book.arriving.difference_update(row.client_order_id for row in orders)
            self._meet(
                first.symbol, rest, fills.fill_price_within, at_ms=now_ms, of=first.position_id
            )

    def know_price(self, symbol: str, price: float) -> None:
        """Take a symbol's last price without letting it meet any order."""
        self._last[symbol] = price

    def _meet(
        self,
        symbol: str,
        met: Seen,
        find_price: FindPrice,
        *,
        at_ms: int,
        of: PositionId | None = None,
    ) -> list[Order]:
        """Fill what a price or a candle fills, of all orders or a position's, and return it."""
        filled: list[Order] = []
        instrument = self._find_instrument(symbol)
        if instrument is None:
            return filled
        book, slippage_bps = self._book, self._settings.slippage_bps
        for order in book.resting(symbol):
            name = order.client_order_id
            is_anothers = of is not None and order.position_id != of
            if is_anothers or book.find(name) is not order:
                continue  # the order of its list before it has filled
            is_new = name in book.arriving
            book.arriving.discard(name)
            found = find_price(
                order, met, is_new=is_new, slippage_bps=slippage_bps, tick_size=instrument.tick_size
            )
            if found is None:
                continue
            after, parts = order, None
            if order.kind is MARKET:
                seen = self._last[symbol]
                parts = self._depth.parts(order, seen, instrument=instrument, at_ms=at_ms)
            for quantity, price in ((order.remaining, found),) if parts is None else parts:
                after = self._fill(after, quantity, price, at_ms=at_ms)
            filled.append(after)
        return filled

    # -- what happens to an order ---------------------------------------------------------------

    def _fill(self, order: Order, quantity: Decimal, price: Decimal, *, at_ms: int) -> Order:
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
        status = FILLED if quantity == order.remaining else order.status
        filled = structs.replace(order, status=status, fills=(*order.fills, fill))
        self._book.keep(filled)
        self._reports.filled(order, fill)
        if filled.is_done:
            self._cancel_siblings(order)
        return filled

    def _cancel_siblings(self, order: Order) -> None:
        for sibling in self._book.siblings(order):
            self._end(sibling, CANCELED)

    def _end(self, order: Order, status: OrderStatus) -> None:
        self._book.arriving.discard(order.client_order_id)
        ended = structs.replace(order, status=status)
        self._book.keep(ended)
        self._reports.ended(ended)

    def _reject(self, order: Order, refusal: Refused) -> None:
        rejected = structs.replace(order, status=OrderStatus.REJECTED, note=refusal.reason)
        self._book.keep(rejected, refusal)
        self._reports.ended(rejected)


def _entries_first(order: Order) -> tuple[bool, int]:
    """Entries before exits, whose time may be earlier by a moment: prices lag behind clocks."""
    return (order.leg is Leg.EXIT, order.planned_ms)
