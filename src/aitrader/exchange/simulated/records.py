"""What the exchange remembers: orders, lists and trades, found by any of their names.

Open orders are kept apart by symbol, since every price asks for them. Ended ones are forgotten
oldest first beyond a number; a list goes with its orders.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from aitrader.exchange.simulated.orders import (
    NewList,
    NewOrder,
    VenueFill,
    VenueList,
    VenueOrder,
)
from aitrader.model.errors import Refused

NO_SUCH_ORDER, NO_SUCH_LIST = -2013, -2018
Trade = tuple[VenueOrder, VenueFill]


class Records:
    """All orders of the account, open and ended."""

    def __init__(self, kept_orders: int) -> None:
        self._kept_orders = kept_orders
        self._order_ids, self._list_ids, self._trade_ids = count(1), count(0), count(1)
        self._orders: dict[int, VenueOrder] = {}
        self._lists: dict[int, VenueList] = {}
        self._open: dict[int, dict[int, VenueOrder]] = {}

    # -- writing --------------------------------------------------------------------------------

    def new_order(self, asked: NewOrder, *, at_ms: int, list_id: int = -1) -> VenueOrder:
        """Take in an order that is not on the book yet."""
        number = next(self._order_ids)
        order = VenueOrder(
            order_id=number,
            asked=asked,
            quantity=asked.quantity,
            created_ms=at_ms,
            updated_ms=at_ms,
            live=asked,
            list_id=list_id,
        )
        self._orders[number] = order
        return order

    def new_list(self, asked: NewList, *, at_ms: int) -> VenueList:
        """Take in a list and its orders, none of which is on the book yet."""
        list_id, working = next(self._list_ids), None
        if asked.working is not None:
            working = self.new_order(asked.working, at_ms=at_ms, list_id=list_id)
        pair = [self.new_order(each, at_ms=at_ms, list_id=list_id) for each in asked.pair]
        made = VenueList(
            list_id=list_id,
            client_list_id=asked.client_list_id,
            symbol=asked.pair[0].symbol,
            contingency="OCO" if working is None else "OTO",
            created_ms=at_ms,
            updated_ms=at_ms,
            pair=tuple(pair),
            working=working,
            takes_received=asked.takes_received,
        )
        self._lists[list_id] = made
        return made

    def next_trade_id(self) -> int:
        """Return the number of the next execution."""
        return next(self._trade_ids)

    def put_on_book(self, rank: int, order: VenueOrder) -> None:
        """Let prices find it."""
        self._open.setdefault(rank, {})[order.order_id] = order

    def take_off_book(self, rank: int, order: VenueOrder) -> None:
        """Hide it from prices; nothing if it was not there."""
        resting = self._open.get(rank, {})
        resting.pop(order.order_id, None)
        if not resting:
            self._open.pop(rank, None)

    def forget_oldest(self) -> None:
        """Drop the oldest ended order if there are too many."""
        if len(self._orders) <= self._kept_orders:
            return
        oldest = next((each for each in self._orders.values() if each.is_done), None)
        if oldest is not None:
            del self._orders[oldest.order_id]
            self._lists.pop(oldest.list_id, None)

    # -- reading --------------------------------------------------------------------------------

    def watched(self) -> tuple[int, ...]:
        """Return the ranks of symbols with orders on the book."""
        return tuple(self._open)

    def resting(self, rank: int) -> list[VenueOrder]:
        """Return what is on the book of one symbol, oldest first."""
        return sorted(self._open.get(rank, {}).values(), key=lambda order: order.order_id)

    def live_orders(self, symbol: str | None = None) -> list[VenueOrder]:
        """Return what is on the book or waits for its list's working order, oldest first."""
        found = {
            order.order_id: order for orders in self._open.values() for order in orders.values()
        }
        for each in self.live_lists():
            found |= {order.order_id: order for order in each.orders if not order.is_done}
        return [found[key] for key in sorted(found) if symbol in (None, found[key].asked.symbol)]

    def live_lists(self) -> list[VenueList]:
        """Return the lists that are not over, oldest first."""
        return [each for each in self._lists.values() if each.status == "EXECUTING"]

    def all_lists(self) -> list[VenueList]:
        """Return every list that is remembered, oldest first."""
        return list(self._lists.values())

    def all_orders(self) -> list[VenueOrder]:
        """Return every order that is remembered, oldest first."""
        return list(self._orders.values())

    def orders_of(self, symbol: str) -> list[VenueOrder]:
        """Return every order of a symbol that is remembered, oldest first."""
        return [order for order in self._orders.values() if order.asked.symbol == symbol]

    def trades_of(self, symbol: str) -> list[Trade]:
        """Return every execution of a symbol that is remembered, oldest first."""
        found = [(order, fill) for order in self.orders_of(symbol) for fill in order.fills]
        return sorted(found, key=lambda trade: trade[1].trade_id)

    def list_of(self, order: VenueOrder) -> VenueList | None:
        """Return the list an order belongs to."""
        return self._lists.get(order.list_id)

    def find_order(self, symbol: str, *, order_id: int | None, client_order_id: str) -> VenueOrder:
        """Return the newest order of that name.

        Raises:
            Refused: There is none.
        """
        listed = reversed(self._orders.values())
        found = (order for order in listed if order.asked.symbol == symbol)
        for order in found:
            if is_named(order, order_id, client_order_id):
                return order
        raise Refused(NO_SUCH_ORDER, "Order does not exist.")

    def find_list(self, *, list_id: int | None, client_list_id: str) -> VenueList:
        """Return the newest list of that name.

        Raises:
            Refused: There is none.
        """
        for each in reversed(self._lists.values()):
            if each.list_id == list_id or (
                list_id is None and each.client_list_id == client_list_id
            ):
                return each
        raise Refused(NO_SUCH_LIST, "Order list does not exist.")


def is_named(order: VenueOrder, order_id: int | None, client_order_id: str) -> bool:
    """Return whether it bears this number, or this name if no number was given."""
    if order_id is not None:
        return order.order_id == order_id
    return order.asked.client_order_id == client_order_id


def is_list_named(found: VenueList, list_id: int | None, client_list_id: str) -> bool:
    """Return whether it bears this number, or this name if no number was given."""
    return (
        found.list_id == list_id
        if list_id is not None
        else (found.client_list_id == client_list_id)
    )


def stops_among(orders: Iterable[VenueOrder]) -> int:
    """Return how many have a trigger that has not been reached."""
    return sum(order.is_waiting_stop for order in orders)
