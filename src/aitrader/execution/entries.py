"""From ENTER to an entry order, and what comes of it.

One signal has one entry order, with attempt 1: a MARKET order, or a LIMIT where the trader asks for
one. It is planned or refused once; a repeat of the wish changes nothing. What does not arrive, is
rejected or ends unfilled is given up (`EntryRefused`), never tried again: the moment has passed.
What fills in part is canceled for the rest after a short while, counted from its first fill, so
that what was received is protected. A MARKET order that does not fill within its candle is canceled
as a whole, and so is a LIMIT when its time is over: no position is opened on yesterday's reason.

A pause calls off what is on its way; so does, for what rests, whatever keeps the trader from
entering: it is switched off, removed, moved to another account, or the symbol is put aside, or the
engine ends; an engine that ends enters nothing more. A start that finds an order resting against
this calls it off too, and soon what is left of one that has filled in part.
"""

from __future__ import annotations

from decimal import Decimal
from functools import partial

from aitrader.execution import brakes
from aitrader.execution.admission import (
    CLOSE_SLACK_MS,
    Entry,
    admitted,
    is_current,
    means_of,
    stops_allowed,
    stops_needed,
)
from aitrader.execution.desk import Desk, Messages, entry_side, side_of
from aitrader.execution.exit_rules import exit_prices, is_sellable
from aitrader.execution.limit_entries import ends_ms, may_rest
from aitrader.execution.risk import Standing
from aitrader.execution.sizing import Means, Sized
from aitrader.execution.watch import query_later
from aitrader.model import ids
from aitrader.model.candle import INTERVAL_MS
from aitrader.model.commands import CancelOrders, StartTimer, StopTimer, SubmitOrder
from aitrader.model.errors import Refused
from aitrader.model.events import EntryRefused, EntryWanted, OrderPlanned
from aitrader.model.ids import ClientOrderId, TimerId
from aitrader.model.ledger import held
from aitrader.model.money import ZERO, quantity_to_step, trimmed
from aitrader.model.order import Leg, Order, OrderKind, OrderStatus
from aitrader.model.signal import Signal
from aitrader.model.trader import Brakes, SizeKind, Trader

REST_TIMER = "entry-rest:"
"""Timer of an entry order that must be done by then."""

REST_SLACK_MS = CLOSE_SLACK_MS
"""After its candle has ended an entry is canceled this late: the close itself may still fill it."""

CANCELED_UNFILLED = "the order was canceled before it filled"

PART_AGAIN_MS = 1_000
"""A cancel that may be lost is sent again so soon while what was received has no protection."""

PART_PATIENCE_MS = 2_000
"""A market order that filled in part fills the rest at once or not at all."""


def want(desk: Desk, event: EntryWanted) -> Messages:
    """Return the planned order and its submission, or the refusal."""
    signal = event.signal
    position_id = ids.position_id(signal.signal_id, event.account)
    if desk.table.of(position_id):
        return []
    if desk.is_ending:
        return [refused(signal, reason="the engine is ending", at_ms=event.at_ms)]
    try:
        trader = _trader(desk, signal)
        limit, sized = _admitted(desk, signal, trader, at_ms=event.at_ms)
    except Refused as refusal:
        return [refused(signal, reason=refusal.reason, at_ms=event.at_ms)]
    order = Order(
        client_order_id=ids.client_order_id(position_id, Leg.ENTRY.value, 1),
        trader_id=signal.trader_id,
        position_id=position_id,
        leg=Leg.ENTRY,
        symbol=signal.symbol,
        side=entry_side(trader.plan.side),
        kind=OrderKind.MARKET if limit is None else OrderKind.LIMIT,
        quantity=sized.quantity,
        price=limit,
        planned_ms=event.at_ms,
        not_after_ms=event.at_ms + desk.settings.entry_window_ms,
        account=event.account,
    )
    desk.entries[position_id] = signal
    desk.table.add(order)
    desk.account.promise(order.client_order_id, sized.needed)
    desk.sent.append((event.at_ms, signal.trader_id))
    return [
        OrderPlanned(at_ms=event.at_ms, order=order),
        SubmitOrder(orders=(order,)),
        query_later(order),
        rest_timer(desk, order, signal),
    ]


def updated(desk: Desk, order: Order, *, at_ms: int) -> Messages:
    """Return what follows from an entry order's new state."""
    if not order.is_done:
        return _going_on(desk, order)
    desk.account.release(order.client_order_id)
    signal = desk.entries.get(order.position_id)
    over = StopTimer(timer_id=_rest_id(order.client_order_id))
    if order.fills or signal is None:
        return [over]
    del desk.entries[order.position_id]
    desk.table.retire(order.position_id)
    return [over, refused(signal, reason=_why_unfilled(order), at_ms=at_ms)]


def rest_due(desk: Desk, client_order_id: ClientOrderId, *, at_ms: int) -> Messages:
    """Return the cancel of what is left of an entry whose time is over; asked again until done."""
    order = desk.table.find(client_order_id)
    if order is None or order.is_done:
        return []
    again_ms = PART_AGAIN_MS if order.fills else REST_SLACK_MS
    return [CancelOrders(orders=(order,)), _rest_due(client_order_id, at_ms + again_ms)]


def resumed(desk: Desk) -> Messages:
    """Return the alarms of entries that had filled in part before a start."""
    return [step for row in _on_their_way(desk) for step in _going_on(desk, row)]


def called_off(desk: Desk, *, at_ms: int) -> Messages:
    """Return the cancel of every entry on its way: the person wants no new position now."""
    names = [row.client_order_id for row in _on_their_way(desk)]
    return [step for name in names for step in rest_due(desk, name, at_ms=at_ms)]


def withdrawn(desk: Desk, *, at_ms: int) -> Messages:
    """Return the cancel of what rests for traders that may not enter its symbol any more."""
    unwanted = [row for row in _resting(desk) if not _may_rest(desk, row)]
    return [step for row in unwanted for step in rest_due(desk, row.client_order_id, at_ms=at_ms)]


def unattended(desk: Desk) -> Messages:
    """Return the cancel of all that rests: nobody will be there to protect what it buys."""
    return [CancelOrders(orders=(row,)) for row in _resting(desk)]


def rest_timer(desk: Desk, order: Order, signal: Signal | None) -> StartTimer:
    """Return the alarm that ends an entry which has not filled in its time.

    One of a signal that nobody remembers, and a LIMIT that may not rest, have no time left.
    """
    trader, due_ms = desk.traders.get(order.trader_id), order.planned_ms
    if signal is not None and order.kind is OrderKind.MARKET:
        due_ms = market_ends_ms(signal, planned_ms=due_ms)
    elif signal is not None and trader is not None and _may_rest(desk, order):
        due_ms = ends_ms(signal, trader.plan.entry)
    return _rest_due(order.client_order_id, due_ms)


def market_ends_ms(signal: Signal, *, planned_ms: int) -> int:
    """Return until when a MARKET entry waits for a price."""
    return planned_ms + INTERVAL_MS[signal.interval] + REST_SLACK_MS


def refused(signal: Signal, *, reason: str, at_ms: int) -> EntryRefused:
    """Return the fact that this signal is not entered."""
    return EntryRefused(at_ms=at_ms, signal_id=signal.signal_id, reason=reason)


def _going_on(desk: Desk, order: Order) -> Messages:
    """Return what an entry asks for that may still fill."""
    if desk.is_ending and order.kind is OrderKind.LIMIT:
        return [CancelOrders(orders=(order,))]  # it was on its way when the cancel left
    if _is_part(desk, order):
        return [_rest_due(order.client_order_id, order.fills[0].at_ms + PART_PATIENCE_MS)]
    return []


def _is_part(desk: Desk, order: Order) -> bool:
    """Return whether so much was received of an entry that it can be protected and left again.

    Of a LIMIT a crumb is not canceled for: it could not be protected, and more may follow.
    """
    signal, rules = desk.entries.get(order.position_id), desk.instruments.get(order.symbol)
    if order.kind is not OrderKind.LIMIT or order.price is None or signal is None or rules is None:
        return bool(order.fills)
    exits = exit_prices(signal.exits, side=side_of(order), price=order.price)
    prices = (order.price, *(price for _name, price in exits))
    got = quantity_to_step(held(side_of(order), (order,)), rules.step_size)
    return all(is_sellable(got, price, rules) for price in prices)


def _on_their_way(desk: Desk) -> list[Order]:
    return [row for row in desk.table.all_live() if row.leg is Leg.ENTRY]


def _resting(desk: Desk) -> list[Order]:
    return [row for row in _on_their_way(desk) if row.kind is OrderKind.LIMIT]


def _may_rest(desk: Desk, order: Order) -> bool:
    is_aside = (order.trader_id, order.symbol) in desk.quarantined
    is_held_back = desk.is_paused or is_aside
    return not is_held_back and may_rest(desk.traders.get(order.trader_id), order.account)


def _rest_due(client_order_id: ClientOrderId, due_ms: int) -> StartTimer:
    return StartTimer(timer_id=_rest_id(client_order_id), due_ms=due_ms)


def _rest_id(client_order_id: ClientOrderId) -> TimerId:
    return TimerId(REST_TIMER + client_order_id)


def _trader(desk: Desk, signal: Signal) -> Trader:
    trader = desk.traders.get(signal.trader_id)
    if trader is None:
        raise Refused(0, "the trader was removed")
    return trader


def _admitted(
    desk: Desk, signal: Signal, trader: Trader, *, at_ms: int
) -> tuple[Decimal | None, Sized]:
    """Return the limit (None: at market) and the size of an entry, or raise `Refused`."""
    entry = Entry(signal, trader, desk.instruments.get(signal.symbol), desk.settings)
    now = _standing(desk, entry, at_ms=at_ms)
    find_brakes = partial(_brakes, desk, signal, trader, at_ms=at_ms)
    return admitted(entry, now, partial(_means, desk), find_brakes)


def _means(desk: Desk, kind: SizeKind, is_limit: bool) -> Means:
    equity = ZERO if kind is SizeKind.AMOUNT else desk.equity()
    free = desk.account.spendable(desk.collateral())
    return means_of(desk.settings, equity=equity, free=free, is_limit=is_limit)


def _brakes(
    desk: Desk, signal: Signal, trader: Trader, *, at_ms: int
) -> tuple[tuple[Brakes, brakes.Standing, str], ...]:
    """Return the limits in force for an entry, the trader's first, and how things stand."""
    owners = (
        (trader.plan.limits.brakes, signal.trader_id, "the trader"),
        (desk.settings.brakes, None, "the account"),
    )
    return tuple(
        (limits, desk.standing(signal.symbol, owner, at_ms=at_ms), whose)
        for limits, owner, whose in owners
        if limits != brakes.NONE
    )


def _standing(desk: Desk, entry: Entry, *, at_ms: int) -> Standing:
    signal, trader, rules = entry.signal, entry.trader, entry.rules
    return Standing(
        is_paused=desk.is_paused,
        is_feed_up=desk.is_feed_up,
        is_current=is_current(signal, at_ms=at_ms),
        is_trader_enabled=trader.is_enabled,
        is_quarantined=(signal.trader_id, signal.symbol) in desk.quarantined,
        is_symbol_taken=desk.is_taken(signal.trader_id, signal.symbol),
        is_trading=rules is None or rules.is_trading,
        trader_open=desk.open_count(signal.trader_id),
        trader_limit=trader.plan.limits.max_open,
        account_open=desk.open_count(),
        account_limit=desk.settings.max_open_positions,
        stops_open=desk.stops_open(signal.symbol) + _stops_to_come(desk, signal.symbol),
        stops_needed=stops_needed(signal.exits),
        stops_limit=stops_allowed(rules, desk.settings),
    )


def _stops_to_come(desk: Desk, symbol: str) -> int:
    """Return the stop orders that entries on their way will bring to this symbol."""
    return sum(
        stops_needed(row.exits)
        for key, row in desk.entries.items()
        if row.symbol == symbol and key not in desk.positions
    )


def _why_unfilled(order: Order) -> str:
    words = {
        OrderStatus.REJECTED: "the venue refused the order",
        OrderStatus.EXPIRED: "the order ended unfilled",
        OrderStatus.CANCELED: CANCELED_UNFILLED,
    }
    reason = words[order.status]
    if order.price is not None:
        reason = reason.replace("the order", f"the order at {trimmed(order.price)}")
    return f"{reason}: {order.note}" if order.note else reason
