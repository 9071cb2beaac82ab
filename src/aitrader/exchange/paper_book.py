"""The orders the paper venue knows: those that rest, and the newest of those that ended."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping

from aitrader.exchange.simulated import fills
from aitrader.model.errors import Refused
from aitrader.model.ids import ClientOrderId
from aitrader.model.order import Leg, Order

ENTRY = Leg.ENTRY
NOTHING: Mapping[ClientOrderId, Order] = {}

KEPT_DONE = 5_000
"""How many ended orders stay known to `query`; the oldest are forgotten first."""


class PaperBook:
    """The orders the venue knows: those that rest, and the newest of those that ended."""

    def __init__(self, kept_done: int = KEPT_DONE) -> None:
        self._kept_done = kept_done
        self._orders: dict[ClientOrderId, Order] = {}
        self._resting: dict[str, dict[ClientOrderId, Order]] = {}
        self._entries: dict[ClientOrderId, Order] = {}
        self._done: deque[ClientOrderId] = deque()
        self._refusals: dict[ClientOrderId, Refused] = {}
        self._denied: deque[ClientOrderId] = deque(maxlen=kept_done)
        self.arriving: set[ClientOrderId] = set()
        """Orders that no price has met yet."""

    def clear(self) -> None:
        """Forget everything."""
        for known in (self._orders, self._resting, self._entries, self._refusals):
            known.clear()
        self._done.clear()
        self._denied.clear()
        self.arriving.clear()

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
        orders = list(self.open_orders(symbol))
        if len(orders) > 1:
            orders.sort(key=fills.urgency)
        return orders

    def open_orders(self, symbol: str) -> Collection[Order]:
        """Return the open orders of a symbol as they came."""
        return self._resting.get(symbol, NOTHING).values()

    def rivals(self, order: Order) -> Collection[Order]:
        """Return the open orders that may need what an order needs.

        An entry needs cash, as every entry does; an exit what its position holds of its symbol.
        """
        return self._entries.values() if order.leg is ENTRY else self.open_orders(order.symbol)

    def awaited(self) -> set[str]:
        """Return the symbols with an open order."""
        return {symbol for symbol, orders in self._resting.items() if orders}

    def settle_arrivals(self, symbol: str) -> None:
        """Take the orders of a symbol as met by a price that touched none of them."""
        self.arriving.difference_update(self._resting.get(symbol, ()))

    def siblings(self, order: Order) -> list[Order]:
        """Return the other open orders of an order's list."""
        if not order.list_id:
            return []
        return [
            other
            for other in self.open_orders(order.symbol)
            if other.list_id == order.list_id and other.client_order_id != order.client_order_id
        ]

    def keep(self, order: Order, refusal: Refused | None = None) -> None:
        """Remember an order as it stands now; only the open ones rest."""
        name = order.client_order_id
        before = self._orders.get(name)
        self._orders[name] = order
        if refusal is not None:
            self._refusals[name] = refusal
        if not order.is_done:
            self._resting.setdefault(order.symbol, {})[name] = order
            if order.leg is ENTRY:
                self._entries[name] = order
        elif before is None or not before.is_done:
            self._ended(order)

    def _ended(self, order: Order) -> None:
        """Let an order that has just ended rest no more, and the oldest that ended be forgotten."""
        name, resting, done = order.client_order_id, self._resting.get(order.symbol), self._done
        if order.leg is ENTRY:
            self._entries.pop(name, None)
        if resting is not None:
            resting.pop(name, None)
        done.append(name)
        if len(done) > self._kept_done:
            oldest = done.popleft()
            del self._orders[oldest]
            self._refusals.pop(oldest, None)
