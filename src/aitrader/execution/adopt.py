"""Orders of ours that the exchange has and the disk does not.

An older backup was put in its place, or the disk refused until the process died.

Ids are computed from a position and a number, so an order tells whose it is. Those that follow what
is remembered are taken up as if they had been planned, and asked after: what they filled comes with
the answer, no second protection is sent beside them and no id is used twice. A number is missing
where the exchange refused an order. An entry on its way may have become a position long since, so
the exits of that position are taken up too, before it opens here.

An entry of ours that rests at a limit and is not remembered is canceled: nobody would protect what
it buys. Where nothing can be sold short, only an entry buys at a limit. Each audit cancels it again
until the exchange says that it has ended; what it bought before that is said, for a person to sell.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from aitrader.execution.desk import Desk, Messages
from aitrader.execution.orders import VenueAnswer, apply
from aitrader.execution.watch import ENDS, is_ahead_of_fills
from aitrader.model import ids
from aitrader.model.commands import CancelOrders, QueryOrder
from aitrader.model.events import (
    OpenOrdersReported,
    OrderFilled,
    OrderNotFound,
    OrderPlanned,
    Quarantined,
)
from aitrader.model.found import FoundOrder
from aitrader.model.ids import ClientOrderId, PositionId, TraderId
from aitrader.model.money import trimmed
from aitrader.model.order import ExitReason, Leg, Order, OrderKind, OrderStatus, Side
from aitrader.model.position import Position

KINDS: Mapping[str, tuple[OrderKind, ExitReason]] = {
    "STOP_LOSS": (OrderKind.STOP_LOSS, ExitReason.STOP_LOSS),
    "LIMIT": (OrderKind.LIMIT, ExitReason.TAKE_PROFIT),
    "LIMIT_MAKER": (OrderKind.LIMIT, ExitReason.TAKE_PROFIT),
    "MARKET": (OrderKind.MARKET, ExitReason.MANUAL),
}
"""Words of the exchange for what we send it; why a position was left at market is forgotten."""

UNKNOWN_TRADER = TraderId("unknown-trader")
"""Whose a forgotten entry was."""

PAIR = (OrderKind.STOP_LOSS, OrderKind.LIMIT)

Found = Mapping[ClientOrderId, FoundOrder]

Owner: TypeAlias = Position | Order
"""A position, or the entry that opens it."""


def adopt(desk: Desk, event: OpenOrdersReported) -> Messages:
    """Return the orders that are taken up and the questions about them."""
    if event.account != desk.settings.account:
        return []
    for row in () if desk.settings.has_shorts else event.orders:
        is_entry = row.is_ours and row.kind == "LIMIT" and row.side is Side.BUY
        if is_entry and desk.table.find(row.client_order_id) is None:
            entry = _forgotten_entry(row, desk.settings.account, at_ms=event.at_ms)
            desk.forgotten.setdefault(row.client_order_id, entry)
    answer = called_off(desk)
    found = {row.client_order_id: row for row in event.orders if row.is_ours and row.kind in KINDS}
    owners: list[Owner] = [row for row in desk.table.all_live() if row.leg is Leg.ENTRY]
    owners += desk.positions.values()
    for owner in owners:
        answer.extend(_of_position(desk, owner, found, at_ms=event.at_ms))
    return answer


def called_off(desk: Desk) -> Messages:
    """Return the cancel of each entry that only the exchange remembers and that may still fill."""
    return [CancelOrders(orders=(row,)) for row in desk.forgotten.values()]


def answered(desk: Desk, event: VenueAnswer) -> Messages:
    """Take in an answer about such an entry; return the alarm about what it bought."""
    before = desk.forgotten.get(event.client_order_id)
    if before is None:
        return []
    if isinstance(event, ENDS) and is_ahead_of_fills(before, event):
        return [QueryOrder(order=before)]
    after = apply(before, event)
    desk.forgotten[event.client_order_id] = after
    if after.is_done or isinstance(event, OrderNotFound):
        del desk.forgotten[event.client_order_id]
    if not isinstance(event, OrderFilled) or after is before:
        return []
    reason = (
        f"the entry {after.client_order_id} of an earlier run, which nobody remembers, has bought "
        f"{trimmed(after.filled)}, and nothing protects that: sell it or set a stop by hand"
    )
    return [
        Quarantined(at_ms=event.at_ms, trader_id=UNKNOWN_TRADER, symbol=after.symbol, reason=reason)
    ]


def _of_position(desk: Desk, owner: Owner, found: Found, *, at_ms: int) -> Messages:
    first = desk.table.next_attempt(owner.position_id, Leg.EXIT)
    names = {n: _id(owner, n) for n in range(first, first + ids.LOOK_AHEAD)}
    orders = {
        n: _order(owner, found[name], at_ms=at_ms) for n, name in names.items() if name in found
    }
    answer: Messages = []
    for order in _in_lists(orders):
        desk.table.add(order)
        answer += [OrderPlanned(at_ms=at_ms, order=order), QueryOrder(order=order)]
    return answer


def _order(owner: Owner, row: FoundOrder, *, at_ms: int) -> Order:
    kind, reason = KINDS[row.kind]
    return Order(
        client_order_id=row.client_order_id,
        trader_id=owner.trader_id,
        position_id=owner.position_id,
        leg=Leg.EXIT,
        symbol=row.symbol,
        side=row.side,
        kind=kind,
        quantity=row.quantity,
        planned_ms=at_ms,
        not_after_ms=at_ms,
        price=row.price if kind is OrderKind.LIMIT else None,
        stop_price=row.stop_price if kind is OrderKind.STOP_LOSS else None,
        reason=reason,
        status=OrderStatus.OPEN,
        account=owner.account,
    )


def _forgotten_entry(row: FoundOrder, account: str, *, at_ms: int) -> Order:
    """Return as much of an order as its cancel needs: whose it was is not known any more."""
    return Order(
        client_order_id=row.client_order_id,
        trader_id=UNKNOWN_TRADER,
        position_id=PositionId(""),
        leg=Leg.ENTRY,
        symbol=row.symbol,
        side=row.side,
        kind=OrderKind.LIMIT,
        quantity=row.quantity,
        planned_ms=at_ms,
        not_after_ms=at_ms,
        price=row.price,
        status=OrderStatus.OPEN,
        account=account,
    )


def _in_lists(orders: Mapping[int, Order]) -> list[Order]:
    """Return orders by their numbers, a stop and the target after it joined as they were sent."""
    joined = dict(orders)
    for number, stop in orders.items():
        target = orders.get(number + 1)
        is_pair = target is not None and (stop.kind, target.kind) == PAIR
        if target is not None and is_pair and stop.quantity == target.quantity:
            list_id = ids.client_order_id(stop.position_id, "LIST", number)
            joined[number] = msgspec.structs.replace(stop, list_id=list_id)
            joined[number + 1] = msgspec.structs.replace(target, list_id=list_id)
    return list(joined.values())


def _id(owner: Owner, number: int) -> ClientOrderId:
    return ids.client_order_id(owner.position_id, Leg.EXIT.value, number)
