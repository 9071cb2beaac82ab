"""The exchange's side of orders: what it accepts, takes off and tells of one account.

Orders are checked by `rules` and `lists`; `matching` says what becomes of them. As Binance does, a
BUY pays its fee from what it receives and a SELL from its proceeds, a stop that the market has
already passed is refused, and a client order id is unique among open orders only. State is in
memory and ends with the process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from msgspec import structs

from aitrader.exchange.simulated import lists, rules
from aitrader.exchange.simulated.checks import Checks
from aitrader.exchange.simulated.matching import Matching, VenueSettings
from aitrader.exchange.simulated.orders import NewList, NewOrder, VenueList, VenueOrder
from aitrader.exchange.simulated.records import is_named
from aitrader.exchange.simulated.source import Listing
from aitrader.model.errors import Refused
from aitrader.model.instrument import Instrument
from aitrader.model.money import decimal_from_float

UNKNOWN_SYMBOL, CANCEL_REJECTED, AMEND_REJECTED = -1121, -2011, -2038
UNKNOWN_ORDER = "Unknown order sent."


class Venue:
    """One account's orders at the simulated exchange.

    `halted` gives the symbols that do not trade now, with their status in Binance's word.
    """

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
        self.matching = Matching(listings, settings or VenueSettings())
        self.records = self.matching.records
        self.account = self.matching.account
        self.settings = self.matching.settings
        self.halted: Callable[[], Mapping[str, str]] = dict
        self._checks = Checks(self.matching, last=self.last, instrument=self.instrument)

    # -- the market -----------------------------------------------------------------------------

    def watched(self) -> tuple[int, ...]:
        """Return the ranks of symbols that have orders on the book."""
        return self.records.watched()

    def on_price(self, rank: int, price: float, at_ms: int) -> None:
        """Fill what this price touches, unless the symbol does not trade."""
        if self._listings[rank].symbol not in self.halted():
            self.matching.on_price(rank, price, at_ms)

    def rank_of(self, symbol: str) -> int:
        """Return a symbol's index.

        Raises:
            Refused: There is no such symbol.
        """
        try:
            return self._ranks[symbol]
        except KeyError:
            raise Refused(UNKNOWN_SYMBOL, "Invalid symbol.") from None

    def last(self, symbol: str) -> Decimal:
        """Return a symbol's last price.

        Raises:
            Refused: There is no such symbol.
        """
        return decimal_from_float(self._last_price(self.rank_of(symbol)))

    def instruments(self) -> list[Instrument]:
        """Return the rules of all symbols."""
        return [each.instrument for each in self._listings]

    def instrument(self, symbol: str) -> Instrument:
        """Return a symbol's rules as they are now.

        Raises:
            Refused: There is no such symbol.
        """
        found = self._listings[self.rank_of(symbol)].instrument
        return structs.replace(found, is_trading=False) if symbol in self.halted() else found

    # -- accepting ------------------------------------------------------------------------------

    def check(self, asked: NewOrder) -> Decimal:
        """Return the quantity of an order that could be placed now.

        Raises:
            Refused: A rule, the balance or the state of the market is against it.
        """
        quantity = self._checks.rules(asked)
        self._checks.balance([(asked, quantity)])
        return quantity

    def place(self, asked: NewOrder) -> VenueOrder:
        """Accept an order and fill it at once if the market is there.

        Raises:
            Refused: A rule, the balance or the state of the market is against it.
        """
        quantity, now_ms = self.check(asked), self._now_ms()
        order = self.records.new_order(asked, at_ms=now_ms)
        order.quantity = quantity
        self.matching.activate(order, self.last(asked.symbol), now_ms)
        self._settle()
        return order

    def place_list(self, asked: NewList) -> VenueList:
        """Accept orders that belong together.

        Raises:
            Refused: As for single orders, or they cannot form a list.
        """
        lists.check_list(asked)
        self._checks.list_limits(asked)
        first = asked.pair if asked.working is None else (asked.working,)
        quantities = [(each, self._checks.rules(each)) for each in first]
        if asked.working is not None:
            received = quantities[0][1] if asked.takes_received else None
            for pending in asked.pair:
                self._checks.pending(pending, received)
        self._checks.balance(quantities)
        now_ms = self._now_ms()
        made = self.records.new_list(asked, at_ms=now_ms)
        self.matching.news.on_list(made)
        if made.working is not None:
            for order in made.pair:
                order.status = "PENDING_NEW"
                self.matching.news.on_order(order, "NEW")
        price = self.last(made.symbol)
        for order in made.pair if made.working is None else (made.working,):
            self.matching.activate(order, price, now_ms)
        self._settle()
        return made

    # -- taking off -----------------------------------------------------------------------------

    def cancel(
        self, symbol: str, *, order_id: int | None, client_order_id: str, cancel_id: str = ""
    ) -> VenueOrder:
        """Take an open order off, and with it its list.

        Raises:
            Refused: It is not open.
        """
        self.rank_of(symbol)
        for order in self.records.live_orders(symbol):
            if is_named(order, order_id, client_order_id):
                self._take_off(order, cancel_id)
                return order
        raise Refused(CANCEL_REJECTED, UNKNOWN_ORDER)

    def cancel_list(self, *, list_id: int | None, client_list_id: str) -> VenueList:
        """Take all orders of a list off.

        Raises:
            Refused: There is none of that name that is not over.
        """
        for each in self.records.live_lists():
            if list_id == each.list_id or (
                list_id is None and client_list_id == each.client_list_id
            ):
                self._take_off(next(order for order in each.orders if not order.is_done))
                return each
        raise Refused(CANCEL_REJECTED, UNKNOWN_ORDER)

    def cancel_all(self, symbol: str) -> list[VenueOrder]:
        """Take everything of a symbol off.

        Raises:
            Refused: Nothing is open.
        """
        self.rank_of(symbol)
        found = self.records.live_orders(symbol)
        if not found:
            raise Refused(CANCEL_REJECTED, UNKNOWN_ORDER)
        for order in found:
            self._take_off(order)
        return found

    def amend(self, order: VenueOrder, quantity: Decimal) -> None:
        """Make an open order smaller; it keeps its place.

        Raises:
            Refused: It is not open, or the quantity is not smaller, or breaks a filter.
        """
        if not order.is_open or order.is_waiting_stop:
            raise Refused(CANCEL_REJECTED, UNKNOWN_ORDER)
        if not order.executed < quantity < order.quantity:
            raise Refused(AMEND_REJECTED, "The requested action would change no state; rejecting.")
        instrument = self.instrument(order.asked.symbol)
        rules.check(order.asked, quantity, instrument=instrument, last_price=None)
        self.matching.resize(order, quantity, self._now_ms())
        self.matching.tell_balances()

    def _take_off(self, order: VenueOrder, cancel_id: str = "") -> None:
        self.matching.end(order, "CANCELED", at_ms=self._now_ms(), cancel_id=cancel_id)
        self.matching.tell_balances()

    def _settle(self) -> None:
        self.matching.tell_balances()
        self.records.forget_oldest()
