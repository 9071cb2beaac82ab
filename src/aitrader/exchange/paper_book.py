"""The orders the paper venue knows: those that rest, and the newest of those that ended."""

from __future__ import annotations

from collections import deque

from aitrader.exchange.simulated import fills
from aitrader.model.errors import Refused
from aitrader.model.ids import ClientOrderId
from aitrader.model.order import Order

KEPT_DONE = 5_000
"""How many ended orders stay known to `query`; the oldest are forgotten first."""


class PaperBook:
    """The orders the venue knows: those that rest, and the newest of those that ended."""

    def __init__(self, kept_done: int = KEPT_DONE) -> None:
        self._kept_done = kept_done
        self._orders: dict[ClientOrderId, Order] = {}
        self._resting: dict[str, dict[ClientOrderId, Order]] = {}
        self._refusals: dict[ClientOrderId, Refused] = {}
        self._denied: deque[ClientOrderId] = deque(maxlen=kept_done)
        self.arriving: set[ClientOrderId] = set()
        """Orders that no price has met yet."""

    def clear(self) -> None:
        """Forget everything."""
        for known in (self._orders, self._resting, self._refusals, self._denied, self.arriving):
            known.clear()

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

    def awaited(self) -> set[str]:
        """Return the symbols with an open order."""
        return {symbol for symbol, orders in self._resting.items() if orders}

    def settle_arrivals(self, symbol: str) -> None:
        """Take the orders of a symbol as met by a price that touched none of them."""
        self.arriving.difference_update(self._resting.get(symbol, ()))

    def siblings(self, order: Order) -> list[Order]:
        """Return the other open orders of an order's list."""
        resting = self._resting.get(order.symbol, {}).values() if order.list_id else ()
        return [
            other
            for other in resting
            if other.list_id == order.list_id and other.client_order_id != order.client_order_id
        ]

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
        if len(self._orders) - sum(map(len, self._resting.values())) > self._kept_done:
            oldest = next(name for name, order in self._orders.items() if order.is_done)
            del self._orders[oldest]
            self._refusals.pop(oldest, None)
