"""All orders of positions that are not closed, by id, by position and by symbol.

What is asked often is kept beside the orders and brought up to date when one changes: which of them
are exits, what the fills came to, which are live on a symbol.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from aitrader.execution.orders import VenueAnswer, apply
from aitrader.model import ids
from aitrader.model.errors import InvariantBroken
from aitrader.model.ids import ClientOrderId, PositionId
from aitrader.model.ledger import Flow, flow_of_fill
from aitrader.model.order import Leg, Order
from aitrader.model.position import Position

EXIT = Leg.EXIT

RETIRED_KEPT = 64
"""Closed positions whose orders are still known, for the late word of a slow wire."""

RETIRED_LIMIT = 512
"""As many, at most, while the venue may still act on one of them."""


class Sheet:
    """The orders of one position as they stand, in the order they were planned.

    `entry` is the first entry order, None before it is known; `flow` what all its fills did.
    `sound` is the position as it was when it was last seen to lack no protection; None once an
    order has come, filled or ended since.
    """

    __slots__ = ("_by_id", "_exits", "entry", "flow", "sound")

    def __init__(self) -> None:
        """Begin empty."""
        self._by_id: dict[ClientOrderId, Order] = {}
        self._exits: tuple[Order, ...] | None = ()
        self.entry: Order | None = None
        self.flow = Flow()
        self.sound: Position | None = None

    @property
    def orders(self) -> tuple[Order, ...]:
        """All of them."""
        return tuple(self._by_id.values())

    @property
    def exits(self) -> tuple[Order, ...]:
        """Those that close the position."""
        if self._exits is None:
            self._exits = tuple([row for row in self._by_id.values() if row.leg is EXIT])
        return self._exits

    def find(self, client_order_id: ClientOrderId) -> Order:
        """Return an order of this position."""
        return self._by_id[client_order_id]

    def put(self, order: Order) -> None:
        """Keep an order as it stands now."""
        before = self._by_id.get(order.client_order_id)
        self._by_id[order.client_order_id] = order
        if order.leg is EXIT:
            self._exits = None
        elif self.entry is None or self.entry is before:
            self.entry = order
        fills, known = order.fills, () if before is None else before.fills
        if fills is not known:
            for fill in fills:
                if fill not in known:
                    self.flow += flow_of_fill(fill, symbol=order.symbol, side=order.side)
        if fills is not known or before is None or order.is_done:
            self.sound = None  # that the venue has accepted an order changes nothing here


class OrderTable:
    """All orders of positions that are not closed."""

    def __init__(self) -> None:
        """Begin empty."""
        self._sheets: dict[PositionId, Sheet] = {}
        self._sheet_of: dict[ClientOrderId, Sheet] = {}
        self._active: dict[PositionId, Sheet] = {}
        self._retired: OrderedDict[PositionId, None] = OrderedDict()
        self._live: dict[str, dict[ClientOrderId, Order]] = {}

    def add(self, order: Order) -> None:
        """Take a planned or remembered order.

        Raises:
            InvariantBroken: An order of this id is known: its id must never be used again.
        """
        if order.client_order_id in self._sheet_of:
            raise InvariantBroken(f"order {order.client_order_id} was planned a second time")
        sheet = self._sheets.get(order.position_id)
        if sheet is None:
            sheet = self._sheets[order.position_id] = self._active[order.position_id] = Sheet()
        self._sheet_of[order.client_order_id] = sheet
        self._put(sheet, order)

    def find(self, client_order_id: ClientOrderId) -> Order | None:
        """Return the order as it stands, None if it is not ours or long gone."""
        sheet = self._sheet_of.get(client_order_id)
        return None if sheet is None else sheet.find(client_order_id)

    def apply(self, event: VenueAnswer) -> Order | None:
        """Return the changed order; None for a repeat or an id that is not ours.

        Raises:
            InvariantBroken: See `orders.apply`; the order stays as it was.
        """
        sheet = self._sheet_of.get(event.client_order_id)
        if sheet is None:
            return None
        order = sheet.find(event.client_order_id)
        after = apply(order, event)
        if after is order:
            return None
        self._put(sheet, after)
        return after

    def _put(self, sheet: Sheet, order: Order) -> None:
        sheet.put(order)
        live = self._live.get(order.symbol)
        if live is None:
            live = self._live[order.symbol] = {}
        if order.is_done:
            live.pop(order.client_order_id, None)
        else:
            live[order.client_order_id] = order

    def sheet(self, position_id: PositionId) -> Sheet:
        """Return what is known of a position's orders; an empty sheet where nothing is."""
        return self._sheets.get(position_id) or Sheet()

    def of(self, position_id: PositionId, leg: Leg | None = None) -> tuple[Order, ...]:
        """Return the position's orders (of one leg, or all) in the order they were planned."""
        sheet = self._sheets.get(position_id)
        if sheet is None:
            return ()
        if leg is None:
            return sheet.orders
        return sheet.exits if leg is EXIT else _entries(sheet)

    def live(self, position_id: PositionId, leg: Leg) -> tuple[Order, ...]:
        """Return those the venue may still act on."""
        return tuple([row for row in self.of(position_id, leg) if not row.is_done])

    def all_live(self) -> tuple[Order, ...]:
        """Return every order of any position that the venue may still act on."""
        return tuple(row for orders in self._live.values() for row in orders.values())

    def live_on(self, symbol: str) -> Iterable[Order]:
        """Return the orders of one symbol that the venue may still act on."""
        return self._live.get(symbol, {}).values()

    def positions(self) -> tuple[PositionId, ...]:
        """Return the positions that have orders and are not retired."""
        return tuple(self._active)

    def active(self) -> Iterable[Sheet]:
        """Return the sheets of positions that have orders and are not retired."""
        return self._active.values()

    def doubt(self) -> None:
        """Take no position for protected any more: the rules of symbols may have changed."""
        for sheet in self._active.values():
            sheet.sound = None

    def next_attempt(self, position_id: PositionId, leg: Leg) -> int:
        """Return the number of the position's next order of this leg: it was never used."""
        known = [row.client_order_id for row in self.of(position_id, leg)]
        return ids.last_attempt(position_id, leg.value, known) + 1

    def retire(self, position_id: PositionId) -> None:
        """Let the position's orders go when enough others have been retired after it.

        Enough is 64; where the venue may still act on an order of the oldest, 512.
        """
        if position_id in self._sheets:
            self._retired[position_id] = None
            self._active.pop(position_id, None)
        while len(self._retired) > RETIRED_KEPT:
            orders = self._sheets[next(iter(self._retired))].orders
            is_over = all(order.is_done for order in orders)
            if not is_over and len(self._retired) <= RETIRED_LIMIT:
                return
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        oldest, _none = self._retired.popitem(last=False)
        for order in self._sheets.pop(oldest).orders:
            del self._sheet_of[order.client_order_id]
            self._live[order.symbol].pop(order.client_order_id, None)

    def revive(self, position_id: PositionId) -> None:
        """Keep the orders of a position that was given up and came to life after all."""
        if position_id in self._retired:
            del self._retired[position_id]
            self._active[position_id] = self._sheets[position_id]


def _entries(sheet: Sheet) -> tuple[Order, ...]:
    return tuple(row for row in sheet.orders if row.leg is Leg.ENTRY)
