"""What happens to orders that the exchange has accepted: triggers, fills, lists, ends and holds.

`fills` says at what price an order meets the market, `book` what it gets there. The orders of a
pair end each other; those that wait for a working order go on the book once it has filled whole.
What an order could spend is on hold while it is open; a pair holds the larger of its two needs.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import msgspec

from aitrader.exchange.simulated import book, fills, rules
from aitrader.exchange.simulated.account import Account
from aitrader.exchange.simulated.book import Depth, Level
from aitrader.exchange.simulated.orders import News, VenueFill, VenueList, VenueOrder
from aitrader.exchange.simulated.records import Records
from aitrader.exchange.simulated.rules import Bounds
from aitrader.exchange.simulated.source import Listing
from aitrader.model.instrument import Instrument
from aitrader.model.money import ZERO, decimal_from_float, quantity_to_step
from aitrader.model.order import OrderKind, Side


class VenueSettings(msgspec.Struct, frozen=True):
    """What trading here costs, the account starts with, and how many orders are remembered."""

    start_quote: Decimal = Decimal(10_000)
    quote: str = "USDT"
    fee_bps: Decimal = Decimal(10)
    depth: Depth = Depth()
    bounds: Bounds = Bounds()
    kept_orders: int = 50_000


class Matching:
    """The orders of one account and what becomes of them.

    `news` tells listeners of every change. `fill_share` says which part of an order the market
    gives it this time; None is all of it.
    """

    def __init__(self, listings: tuple[Listing, ...], settings: VenueSettings) -> None:
        self.settings = settings
        self.records = Records(settings.kept_orders)
        self.account = Account({settings.quote: settings.start_quote})
        self.news = News()
        self.fill_share: Callable[[str], Decimal | None] = lambda _: None
        self._instruments = {each.symbol: each.instrument for each in listings}
        self._ranks = {each.symbol: rank for rank, each in enumerate(listings)}

    # -- prices ---------------------------------------------------------------------------------

    def on_price(self, rank: int, price: float, at_ms: int) -> None:
        """Fill what this price touches."""
        exact = decimal_from_float(price)
        resting = sorted(self.records.resting(rank), key=lambda order: fills.urgency(order.live))
        for order in resting:
            if order.is_open:
                self._meet(order, exact, at_ms)
        self.tell_balances()

    def tell_balances(self) -> None:
        """Tell which balances have changed since the last time."""
        self.news.on_balances(self.account.touched())

    def activate(self, order: VenueOrder, price: Decimal, at_ms: int) -> None:
        """Put an accepted order on the book and let it take what is there for it."""
        order.status, order.working_ms, order.updated_ms = "NEW", at_ms, at_ms
        self.records.put_on_book(self._ranks[order.asked.symbol], order)
        self._hold(order)
        self.news.on_order(order, "NEW")
        if not order.is_waiting_stop and order.live.type != "LIMIT_MAKER":
            self._arrive(order, price, at_ms)

    def _meet(self, order: VenueOrder, price: Decimal, at_ms: int) -> None:
        """Let a resting order meet a price."""
        live, tick = order.live, self._instruments[order.asked.symbol].tick_size
        met = fills.fill_price_on_tick(live, price, slippage_bps=ZERO, tick_size=tick)
        if met is None:
            return
        if live.kind is OrderKind.LIMIT:
            self._fill(order, [(met, order.remaining)], at_ms=at_ms, is_maker=True)
            return
        order.working_ms = at_ms
        self._end_mates(order, at_ms)
        if live.is_stop_limit:
            order.live = live.triggered()
            self._arrive(order, price, at_ms)
            return
        self._take(order, met, at_ms)

    def _arrive(self, order: VenueOrder, price: Decimal, at_ms: int) -> None:
        """Let an order that has come to the market take what it can at once."""
        tick = self._instruments[order.asked.symbol].tick_size
        met = fills.fill_price_on_arrival(order.live, price, slippage_bps=ZERO, tick_size=tick)
        tif = order.live.time_in_force
        offered = sum((size for _, size in self._offered(order, price)), ZERO)
        if met is not None and (tif != "FOK" or offered >= order.remaining):
            self._take(order, price, at_ms)
        if order.is_open and tif in {"IOC", "FOK"}:
            self.end(order, "EXPIRED", at_ms=at_ms, reason=f"UNFILLED_{tif}_ORDER_EXPIRED")

    def _take(self, order: VenueOrder, price: Decimal, at_ms: int) -> None:
        """Take from the book; what a market order does not get expires."""
        self._fill(order, self._offered(order, price), at_ms=at_ms, is_maker=False)
        if order.is_open and order.live.kind is not OrderKind.LIMIT:
            self.end(order, "EXPIRED", at_ms=at_ms, reason="INSUFFICIENT_LIQUIDITY")

    def _offered(self, order: VenueOrder, price: Decimal) -> list[Level]:
        instrument = self._instruments[order.asked.symbol]
        return _levels(order, price, instrument, self.settings.depth)

    # -- fills ----------------------------------------------------------------------------------

    def _fill(self, order: VenueOrder, levels: list[Level], *, at_ms: int, is_maker: bool) -> None:
        instrument, left = self._instruments[order.asked.symbol], order.remaining
        share = self.fill_share(order.asked.symbol)
        if share is not None:
            part = quantity_to_step(left * share, instrument.step_size)
            left = min(left, max(part, instrument.step_size))
        self._end_mates(order, at_ms)
        for price, offered in levels:
            quantity = min(left, offered, self._affordable(order, price))
            if not quantity:
                break
            left -= quantity
            self._trade(order, quantity, price, at_ms=at_ms, is_maker=is_maker)
            if not left:
                break
        self._hold(order)
        if order.status == "FILLED":
            self._leave(order)

    def _affordable(self, order: VenueOrder, price: Decimal) -> Decimal:
        """How much the account can pay for at this price; a sale has its base on hold."""
        if order.asked.side is Side.SELL:
            return order.remaining
        instrument = self._instruments[order.asked.symbol]
        cash = self.account.free(instrument.quote) + self.account.held(_hold_name(order))
        return quantity_to_step(max(cash, ZERO) / price, instrument.step_size)

    def _trade(
        self, order: VenueOrder, quantity: Decimal, price: Decimal, *, at_ms: int, is_maker: bool
    ) -> None:
        instrument, fee_bps = self._instruments[order.asked.symbol], self.settings.fee_bps
        if order.asked.side is Side.BUY:
            fee, asset = fills.fee_in_base(quantity, fee_bps=fee_bps), instrument.base
            changes = ((instrument.base, quantity - fee), (instrument.quote, -quantity * price))
        else:
            fee, asset = fills.fee_in_quote(quantity, price, fee_bps=fee_bps), instrument.quote
            changes = ((instrument.base, -quantity), (instrument.quote, quantity * price - fee))
        self.account.hold(_hold_name(order), asset, ZERO)
        for each, amount in changes:
            self.account.add(each, amount)
        trade_id = self.records.next_trade_id()
        trade = VenueFill(trade_id, at_ms, quantity, price, fee, asset, is_maker)
        order.fills, order.updated_ms = (*order.fills, trade), at_ms
        order.status = "PARTIALLY_FILLED" if order.remaining else "FILLED"
        self.news.on_order(order, "TRADE", fill=trade)

    def resize(self, order: VenueOrder, quantity: Decimal, at_ms: int) -> None:
        """Make an open order smaller."""
        order.quantity, order.updated_ms = quantity, at_ms
        self._hold(order)
        self.news.on_order(order, "REPLACED")

    # -- ends and lists -------------------------------------------------------------------------

    def end(
        self, order: VenueOrder, status: str, *, at_ms: int, reason: str = "", cancel_id: str = ""
    ) -> None:
        """Take an order off that is not filled; what waits for it or beside it ends too."""
        if order.is_done:
            return
        order.status, order.updated_ms, order.expiry_reason = status, at_ms, reason
        self.news.on_order(order, status, cancel_id=cancel_id)
        self._hold(order)
        self._leave(order)

    def _leave(self, order: VenueOrder) -> None:
        """Take a finished order off the book and let its list go on."""
        self.records.take_off_book(self._ranks[order.asked.symbol], order)
        found = self.records.list_of(order)
        if found is None or found.status != "EXECUTING":
            return
        if order is found.working and order.status == "FILLED":
            self._begin_pair(found, order)
            return
        ended = "CANCELED" if order.status == "CANCELED" else "EXPIRED"
        reason = "OTO_PHASE_ONE_EXPIRED" if order is found.working else "OCO_TRIGGER"
        for mate in found.orders:
            self.end(mate, ended, at_ms=order.updated_ms, reason=reason)
        if found.status == "EXECUTING":
            found.status, found.updated_ms = "ALL_DONE", order.updated_ms
            self.news.on_list(found)

    def _begin_pair(self, found: VenueList, working: VenueOrder) -> None:
        """Put the pending orders of a list on the book."""
        instrument = self._instruments[working.asked.symbol]
        fees = sum((fill.fee for fill in working.fills), ZERO)
        for order in found.pair:
            if found.takes_received:
                order.quantity = quantity_to_step(working.executed - fees, instrument.step_size)
            asset, amount = self.need(order)
            if amount > self.account.free(asset) + self.account.held(_hold_name(order)):
                self.end(order, "REJECTED", at_ms=working.updated_ms, reason=rules.NO_BALANCE)
                return
            self.activate(order, working.fills[-1].price, working.updated_ms)

    def _end_mates(self, order: VenueOrder, at_ms: int) -> None:
        """End the other order of a pair, once this one has begun to trade."""
        found = self.records.list_of(order)
        if found is None or order is found.working:
            return
        for mate in found.pair:
            if mate is not order and not mate.is_done:
                mate.status, mate.updated_ms, mate.expiry_reason = "EXPIRED", at_ms, "OCO_TRIGGER"
                self.records.take_off_book(self._ranks[mate.asked.symbol], mate)
                self.news.on_order(mate, "EXPIRED")

    # -- holds -------------------------------------------------------------------------

    def need(self, order: VenueOrder) -> tuple[str, Decimal]:
        """Return the asset and amount that an order could still spend."""
        instrument, asked = self._instruments[order.asked.symbol], order.asked
        if asked.side is Side.SELL:
            return instrument.base, order.remaining
        return instrument.quote, order.remaining * (asked.price or asked.stop_price or ZERO)

    def _hold(self, order: VenueOrder) -> None:
        found = self.records.list_of(order)
        group = (order,) if found is None or order is found.working else found.pair
        needs = [self.need(each) for each in group if each.is_open]
        asset = self.need(order)[0]
        self.account.hold(
            _hold_name(order), asset, max((amount for _, amount in needs), default=ZERO)
        )


def _hold_name(order: VenueOrder) -> int:
    """The orders of a pair share a hold; a list's working order has one of its own."""
    return order.order_id if order.list_id < 0 else -1 - order.list_id


def _levels(order: VenueOrder, price: Decimal, instrument: Instrument, depth: Depth) -> list[Level]:
    """What the order may take, best first; a limit order never pays worse than its price."""
    live = order.live
    found = book.levels(price, live.side, instrument=instrument, depth=depth)
    if live.kind is not OrderKind.LIMIT or live.price is None:
        return found
    limit, is_buy = live.price, live.side is Side.BUY
    within = [each for each in found if each[0] == limit or (each[0] < limit) == is_buy]
    return within or [(limit, found[0][1])]
