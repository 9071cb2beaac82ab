"""Leaving a position at market: cancel what rests, wait until it is gone, sell what is left.

Theory of operation. `ExitWanted` puts the position on the closing list and cancels its protection.
Nothing is sold while any protective order may still fill, or the position would be sold twice; a
stop that fills meanwhile only leaves less to sell. When all is done, what is still held is sold by
a MARKET order; one that ends with something left is followed by the next attempt: at once, save
where the venue refuses again, as then it may go on doing so: those are followed ever later. An
alarm repeats the question while the venue does not answer.

What is left and too little for an order (below the symbol's least quantity or notional) cannot be
sold: `DustLeft` ends the position and names the rest. So it ends when selling has failed again and
again and a report of the whole account, asked for meanwhile, does not have the coins: somebody sold
or moved them. It is said, what is there is sold before, and what is gone is booked at its price.

A wish for a position that is closing already, or is not open, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from aitrader.execution import balances, transfers
from aitrader.execution.desk import Desk, Messages, exit_side
from aitrader.execution.exit_rules import is_sellable
from aitrader.execution.watch import NEVER_ARRIVED, query_later
from aitrader.model import ids
from aitrader.model.commands import CancelOrders, QueryOrder, StartTimer, StopTimer, SubmitOrder
from aitrader.model.events import DustLeft, ExitWanted, OrderPlanned, Quarantined
from aitrader.model.ids import PositionId, TimerId
from aitrader.model.money import ZERO, quantity_to_step, trimmed
from aitrader.model.order import ExitReason, Leg, Order, OrderKind, OrderStatus
from aitrader.model.position import Position

CLOSING_TIMER = "closing:"
"""Timer of a position that should be closed by then."""

PATIENCE_MS = 5_000
"""How long the venue may take to answer a cancel or a market order before it is asked again."""

FIRST_PAUSE_MS = 1_000
LONGEST_PAUSE_MS = 60_000

TELL_AFTER = 5
"""Market exits that sold nothing before the person is told that the position cannot be closed."""


def leave(desk: Desk, event: ExitWanted) -> Messages:
    """Return the first step of closing a position."""
    position = desk.positions.get(event.position_id)
    if position is None or event.position_id in desk.closing:
        return []
    desk.closing[event.position_id] = event.reason
    return go_on(desk, position, at_ms=event.at_ms)


def go_on(desk: Desk, position: Position, *, at_ms: int) -> Messages:
    """Return the next step of closing: cancel, wait or sell, by what the venue may still do."""
    live = desk.table.live(position.position_id, Leg.EXIT)
    alarm = _alarm(position.position_id, at_ms + PATIENCE_MS)
    protective = tuple(row for row in live if row.kind is not OrderKind.MARKET)
    if protective:
        return [CancelOrders(orders=protective), alarm]
    if live:
        return [alarm]
    return _sell(desk, position, at_ms=at_ms)


def updated(desk: Desk, order: Order, *, at_ms: int) -> Messages:
    """Return what follows from the new state of an exit order while its position closes."""
    position = desk.positions.get(order.position_id)
    if position is None:
        return []
    if order.status is OrderStatus.OPEN and order.kind is not OrderKind.MARKET and not order.fills:
        # It was on its way when the cancel left; the venue has it only now.
        return [CancelOrders(orders=(order,))]
    if desk.table.live(order.position_id, Leg.EXIT):
        return []
    failed = _failed(desk, order.position_id)
    if order not in failed:
        return _sell(desk, position, at_ms=at_ms)
    told = _told(position, order, len(failed), at_ms)
    pause_ms = _pause_ms(order, failed)
    if pause_ms:
        return [*told, _alarm(order.position_id, at_ms + pause_ms)]
    return [*told, *_sell(desk, position, at_ms=at_ms)]


def timer_due(desk: Desk, position_id: PositionId, *, at_ms: int) -> Messages:
    """Return the questions about what has not ended, and the next step once more."""
    position = desk.positions.get(position_id)
    if position is None or position_id not in desk.closing:
        return []
    live = desk.table.live(position_id, Leg.EXIT)
    questions = [QueryOrder(order=row) for row in live]
    return [*questions, *go_on(desk, position, at_ms=at_ms)]


def closed(desk: Desk, position_id: PositionId) -> Messages:
    """Return what is still to be taken off once nothing is held any more."""
    was_closing = desk.closing.pop(position_id, None) is not None
    exits = desk.table.of(position_id, Leg.EXIT)
    # The mate of a filled order is the venue's to cancel; anything else would rest for ever.
    ended_lists = {row.list_id for row in exits if row.is_done and row.list_id}
    left = tuple(row for row in exits if not row.is_done and row.list_id not in ended_lists)
    answer: Messages = [StopTimer(timer_id=_timer_id(position_id))] if was_closing else []
    return [*answer, CancelOrders(orders=left)] if left else answer


def _sell(desk: Desk, position: Position, *, at_ms: int) -> Messages:
    """Return the market order for what is still held; nothing if there is nothing to sell.

    A symbol whose rules the exchange does not tell is looked at again later.
    """
    rules = desk.instruments.get(position.symbol)
    if rules is None:
        return [_alarm(position.position_id, at_ms + LONGEST_PAUSE_MS)]
    quantity = quantity_to_step(max(desk.held(position), ZERO), rules.step_size)
    if rules.max_quantity > ZERO:
        quantity = min(quantity, quantity_to_step(rules.max_quantity, rules.step_size))
    if quantity <= ZERO:
        return []
    price = desk.price_of(position.symbol)
    there = _left_there(desk, position)
    if there is not None and there < quantity:
        quantity, worth = quantity_to_step(there, rules.step_size), price or position.entry_price
        if quantity <= ZERO or not is_sellable(quantity, worth, rules):
            return _given_up(desk, position, (there, worth), at_ms=at_ms)
    if price is not None and not is_sellable(quantity, price, rules):
        return [
            DustLeft(at_ms=at_ms, position_id=position.position_id, quantity=desk.held(position))
        ]
    order = _market_exit(desk, position, quantity, at_ms=at_ms)
    desk.table.add(order)
    return [
        OrderPlanned(at_ms=at_ms, order=order),
        SubmitOrder(orders=(order,)),
        query_later(order),
        _alarm(position.position_id, order.not_after_ms + PATIENCE_MS),
    ]


def _market_exit(desk: Desk, position: Position, quantity: Decimal, *, at_ms: int) -> Order:
    position_id = position.position_id
    attempt = desk.table.next_attempt(position_id, Leg.EXIT)
    return Order(
        client_order_id=ids.client_order_id(position_id, Leg.EXIT.value, attempt),
        trader_id=position.trader_id,
        position_id=position_id,
        leg=Leg.EXIT,
        symbol=position.symbol,
        side=exit_side(position.side),
        kind=OrderKind.MARKET,
        quantity=quantity,
        planned_ms=at_ms,
        not_after_ms=at_ms + desk.settings.protect_window_ms,
        reason=desk.closing.get(position_id, ExitReason.MANUAL),
        account=position.account,
    )


def _failed(desk: Desk, position_id: PositionId) -> list[Order]:
    """Return the market exits of this position that ended without a fill."""
    return [
        row
        for row in desk.table.of(position_id, Leg.EXIT)
        if row.kind is OrderKind.MARKET and row.is_done and not row.fills
    ]


def _pause_ms(order: Order, failed: Iterable[Order]) -> int:
    """Return how long the next attempt waits after this one, the last of those that failed.

    One that never arrived has had its whole window, and nothing protects the position meanwhile.
    """
    refused = [row for row in failed if row.note != NEVER_ARRIVED]
    if order.note == NEVER_ARRIVED or len(refused) < 2:
        return 0
    return int(min(FIRST_PAUSE_MS * 2 ** (len(refused) - 2), LONGEST_PAUSE_MS))


def _left_there(desk: Desk, position: Position) -> Decimal | None:
    """Return what the exchange has of it; None while selling may still do or nothing is certain."""
    if len(_failed(desk, position.position_id)) < TELL_AFTER:
        return None
    exits = desk.table.of(position.position_id, Leg.EXIT)
    last_ms = max(row.planned_ms for row in exits if row.kind is OrderKind.MARKET)
    return balances.left_for(desk, position, since_ms=last_ms)


def _given_up(
    desk: Desk, position: Position, found: tuple[Decimal, Decimal], *, at_ms: int
) -> Messages:
    """Return the end of a position whose coins are not on the exchange any more, and the alarm.

    Args:
        desk: What is known.
        position: Of which too little is there to be sold.
        found: The base units that are there, and what one is worth.
        at_ms: When it is given up.
    """
    held, trader_id, symbol = desk.held(position), position.trader_id, position.symbol
    there, price = found
    moved = held - there
    transfers.noticed(desk, -moved * price, at_ms=at_ms)
    reason = (
        f"the position is given up: it held {trimmed(held)} and the exchange has {trimmed(there)} "
        "of it, too little to sell; somebody sold or moved the rest, which is booked at "
        f"{trimmed(price)}"
    )
    return [
        Quarantined(at_ms=at_ms, trader_id=trader_id, symbol=symbol, reason=reason),
        DustLeft(
            at_ms=at_ms,
            position_id=position.position_id,
            quantity=held,
            moved=moved,
            price=price,
        ),
        transfers.cash_changed(desk, at_ms=at_ms),
    ]


def _told(position: Position, order: Order, failed: int, at_ms: int) -> Messages:
    if failed != TELL_AFTER:
        return []
    reason = (
        f"the position could not be sold in {failed} attempts: {order.note or order.status.value}"
    )
    return [
        Quarantined(
            at_ms=at_ms, trader_id=position.trader_id, symbol=position.symbol, reason=reason
        )
    ]


def _alarm(position_id: PositionId, due_ms: int) -> StartTimer:
    return StartTimer(timer_id=_timer_id(position_id), due_ms=due_ms)


def _timer_id(position_id: PositionId) -> TimerId:
    return TimerId(CLOSING_TIMER + position_id)
