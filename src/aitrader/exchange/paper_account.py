"""Cash and holdings of the paper account, and what orders may still use of them.

Each position has its own holdings, so what one trader bought another cannot sell. A short binds its
proceeds and as much again, until it is bought back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from aitrader.exchange.simulated import rules
from aitrader.model.errors import Refused
from aitrader.model.ids import PositionId
from aitrader.model.money import ZERO, money_to_step
from aitrader.model.order import Fill, Leg, Order, Side

ENTRY, SELL = Leg.ENTRY, Side.SELL

Valuer = Callable[[Order], Decimal]
"""What one base unit of an entry is worth in quote."""


class PaperAccount:
    """Cash and holdings of the paper account, and what orders may still use of them."""

    def __init__(self, cash: Decimal) -> None:
        self.cash = cash
        self._holdings: dict[PositionId, Decimal] = {}
        self._locked: dict[PositionId, Decimal] = {}

    @property
    def free_cash(self) -> Decimal:
        """What may be spent: cash without the proceeds and the collateral of open shorts."""
        return self.cash - 2 * sum(self._locked.values(), ZERO) if self._locked else self.cash

    def held(self, position_id: PositionId) -> Decimal:
        """Return the base units of one position, below zero for a short."""
        return self._holdings.get(position_id, ZERO)

    def pay(self, order: Order, fill: Fill) -> None:
        """Book the cash of one fill; its fee is in quote."""
        notional = fill.quantity * fill.price
        self.cash += (notional if order.side is SELL else -notional) - fill.fee

    def move(self, order: Order, fill: Fill) -> None:
        """Book the base units of one fill, and the collateral if it opens or closes a short."""
        is_sell, name, before = order.side is SELL, order.position_id, self.held(order.position_id)
        after = before - fill.quantity if is_sell else before + fill.quantity
        if is_sell and order.leg is ENTRY:
            self._locked[name] = self._locked.get(name, ZERO) + fill.quantity * fill.price
        elif name in self._locked and before:
            self._locked[name] = money_to_step(self._locked[name] * after / before)
        if after:
            self._holdings[name] = after
        else:
            self._holdings.pop(name, None)
            self._locked.pop(name, None)

    def check(self, orders: Sequence[Order], resting: Iterable[Order], value: Valuer) -> None:
        """Accept the orders of one list if what they need is there besides what rests.

        Raises:
            Refused: As Binance refuses an order the balance cannot cover.
        """
        first = orders[0]
        if first.leg is ENTRY:
            asked = value(first) * first.quantity
            for order in resting:
                if order.leg is ENTRY:
                    asked += value(order) * order.remaining
            is_covered = asked <= self.free_cash
        else:
            wanted = max(order.quantity for order in orders) + _reserved(first, resting)
            held = self.held(first.position_id)
            is_covered = wanted <= (held if first.side is SELL else -held)
        if not is_covered:
            raise Refused(rules.ORDER_REJECTED, rules.NO_BALANCE)


def _reserved(exit_order: Order, resting: Iterable[Order]) -> Decimal:
    """Base units that the resting exits of its position hold; a list holds them once."""
    held: dict[str, Decimal] = {}
    for order in resting:
        if order.position_id == exit_order.position_id and order.leg is not ENTRY:
            key = order.list_id or order.client_order_id
            held[key] = max(held.get(key, ZERO), order.remaining)
    return sum(held.values(), ZERO) if held else ZERO
