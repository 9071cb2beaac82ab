"""Whether an order or list may be placed now: filters, counts, the market's state, the balance."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from aitrader.exchange.simulated import book, fills, rules
from aitrader.exchange.simulated.matching import Matching
from aitrader.exchange.simulated.orders import NewList, NewOrder
from aitrader.exchange.simulated.records import stops_among
from aitrader.model.errors import Refused
from aitrader.model.instrument import Instrument
from aitrader.model.money import ZERO
from aitrader.model.order import Side


class Checks:
    """Accepts or refuses; `last` gives a symbol's price, `instrument` its rules as they are now."""

    def __init__(
        self,
        matching: Matching,
        *,
        last: Callable[[str], Decimal],
        instrument: Callable[[str], Instrument],
    ) -> None:
        self._records, self._account = matching.records, matching.account
        self._settings = matching.settings
        self._last, self._instrument = last, instrument

    def rules(self, asked: NewOrder) -> Decimal:
        """Return the quantity of an order that breaks no rule but perhaps the balance.

        Raises:
            Refused: It breaks one.
        """
        last, instrument = self._last(asked.symbol), self._instrument(asked.symbol)
        offered = book.levels(last, asked.side, instrument=instrument, depth=self._settings.depth)
        quantity = asked.quantity or book.bought_for(
            asked.quote_quantity, offered, instrument.step_size
        )
        self._check_filters(asked, quantity, last)
        self._check_count(asked)
        if asked.stop_price is not None and fills.is_triggered(asked, last):
            raise Refused(rules.ORDER_REJECTED, "Order would trigger immediately.")
        if asked.type == "LIMIT_MAKER" and _would_take(asked, last):
            raise Refused(rules.ORDER_REJECTED, "Order would immediately match and take.")
        return quantity

    def pending(self, asked: NewOrder, received: Decimal | None) -> None:
        """Accept an order that waits; it may take what its working order has `received`.

        Raises:
            Refused: It breaks a rule.
        """
        self._check_filters(asked, asked.quantity or received or ZERO, self._last(asked.symbol))
        self._check_count(asked)

    def _check_filters(self, asked: NewOrder, quantity: Decimal, last: Decimal) -> None:
        instrument, bounds = self._instrument(asked.symbol), self._settings.bounds
        rules.check(asked, quantity, instrument=instrument, last_price=last)
        rules.check_filters(asked, quantity, bounds=bounds, last_price=last)
        held = self._account.total(instrument.base)
        rules.check_position(asked.side, quantity, held=held, bounds=bounds)

    def _check_count(self, asked: NewOrder) -> None:
        live, bounds = self._records.live_orders(asked.symbol), self._settings.bounds
        if any(order.asked.client_order_id == asked.client_order_id for order in live):
            raise Refused(rules.ORDER_REJECTED, "Duplicate order sent.")
        if len(live) >= bounds.max_orders:
            raise Refused(rules.FILTER_FAILURE, "Filter failure: MAX_NUM_ORDERS")
        if asked.stop_price is not None and stops_among(live) >= bounds.max_stops:
            raise Refused(rules.FILTER_FAILURE, "Filter failure: MAX_NUM_ALGO_ORDERS")

    def list_limits(self, asked: NewList) -> None:
        """Accept a list that is not one too many and has a name of its own.

        Raises:
            Refused: It is not.
        """
        symbol = asked.pair[0].symbol
        live = [each for each in self._records.live_lists() if each.symbol == symbol]
        if any(each.client_list_id == asked.client_list_id for each in live):
            raise Refused(rules.ORDER_REJECTED, "Duplicate order sent.")
        if len(live) >= self._settings.bounds.max_lists:
            raise Refused(rules.FILTER_FAILURE, "Filter failure: MAX_NUM_ORDER_LISTS")

    def balance(self, orders: Iterable[tuple[NewOrder, Decimal]]) -> None:
        """Accept what the account can pay, one at a time: a pair pays only once.

        Raises:
            Refused: It cannot.
        """
        for asked, quantity in orders:
            instrument = self._instrument(asked.symbol)
            is_buy = asked.side is Side.BUY
            needed = self._cost(asked, quantity) if is_buy else quantity
            if needed > self._account.free(instrument.quote if is_buy else instrument.base):
                raise Refused(rules.ORDER_REJECTED, rules.NO_BALANCE)

    def _cost(self, asked: NewOrder, quantity: Decimal) -> Decimal:
        stated = asked.price or asked.stop_price
        if stated is not None:
            return quantity * stated
        instrument, last = self._instrument(asked.symbol), self._last(asked.symbol)
        offered = book.levels(last, asked.side, instrument=instrument, depth=self._settings.depth)
        return book.cost_of(quantity, offered)


def _would_take(asked: NewOrder, last: Decimal) -> bool:
    limit = asked.price or ZERO
    return last <= limit if asked.side is Side.BUY else last >= limit
