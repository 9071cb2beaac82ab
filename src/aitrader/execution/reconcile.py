"""Starting is recovering: what execution does with what the last run left.

Facts are committed in one transaction per event, so what was saved is always a state between two
events; what may be missing is only that commands never left. Therefore: every order that has no
answer is asked after (never sent again), closings go on from where they are, and open positions get
the protection they lack. This needs the exchange's rules, so it waits for `InstrumentsLoaded` if
they come later than `Started`. Where the venue is a real one it also waits until what that had to
say of its own recovery is worked out: it may know orders that the disk does not, and a position
that is to be protected or sold again may be so already. A timer that is due at once comes after all
that waits in the inbox.
"""

from __future__ import annotations

from aitrader.execution import closing, entries, protect, watch
from aitrader.execution.brakes import Closings, Highs
from aitrader.execution.desk import Desk, Messages
from aitrader.execution.risk import Account
from aitrader.model import ids
from aitrader.model.commands import StartTimer
from aitrader.model.events import CashChanged, Started
from aitrader.model.ids import TimerId
from aitrader.model.ledger import average_price
from aitrader.model.money import ZERO
from aitrader.model.order import ExitReason, Leg, Order, OrderStatus
from aitrader.model.position import PositionStatus
from aitrader.model.signal import Signal

RESUME_TIMER = "resume:"
"""Timer of an account by which it goes on with what was open at a start."""


def rebuild(desk: Desk, event: Started) -> Messages:
    """Fill the desk from what was saved; return what must be asked and watched at once."""
    account = desk.settings.account
    saved = event.saved.of(account)
    desk.traders = {row.trader_id: row for row in saved.traders}
    desk.is_paused = saved.is_paused
    desk.quarantined = set(saved.quarantined)
    answer: Messages = []
    before = saved.account(account)
    desk.closings, desk.highs, desk.peak = Closings(before.closed), Highs(before.highs), before.peak
    cash = before.cash
    if cash is None:
        cash = desk.account.cash
        answer.append(CashChanged(at_ms=event.at_ms, cash=cash, account=account))
    desk.account = Account(cash)
    desk.unexplained, desk.unexplained_ms = before.unexplained, event.at_ms
    desk.positions = {row.position_id: row for row in saved.positions}
    for position in saved.positions:
        if position.status is PositionStatus.CLOSING:
            desk.closing[position.position_id] = position.exit_reason or ExitReason.MANUAL
    signals = {ids.position_id(row.signal_id, account): row for row in saved.signals}
    for order in saved.orders:
        desk.table.add(order)
        if order.leg is Leg.ENTRY:
            desk.sent.append((order.planned_ms, order.trader_id))
        if order.leg is Leg.ENTRY and not order.is_done:
            answer.extend(_entry_again(desk, order, signals.get(order.position_id)))
        if order.status is OrderStatus.PENDING:
            answer.extend(watch.ask(order, at_ms=event.at_ms))
    _retire_closed(desk)
    desk.account.close_candle(desk.collateral())
    return answer


def resume_timer(desk: Desk, *, at_ms: int) -> StartTimer:
    """Return the alarm to go on with what was open, due at once."""
    return StartTimer(timer_id=resume_id(desk), due_ms=at_ms)


def resume_id(desk: Desk) -> TimerId:
    """Return the name of the account's alarm."""
    return TimerId(RESUME_TIMER + desk.settings.account)


def resume(desk: Desk, *, at_ms: int) -> Messages:
    """Return what positions and entries on their way lack; nothing where nothing is missing."""
    answer = entries.resumed(desk)
    for position in tuple(desk.positions.values()):
        if position.position_id in desk.closing:
            answer.extend(closing.go_on(desk, position, at_ms=at_ms))
            continue
        for order in desk.table.of(position.position_id, Leg.EXIT):
            if order.is_done:
                answer.extend(protect.lame_timers(desk, order, at_ms=at_ms))
        answer.extend(protect.guard(desk, position, at_ms=at_ms))
    return answer


def _entry_again(desk: Desk, order: Order, signal: Signal | None) -> Messages:
    """Return the watch over an entry that was on its way, and promise its money again."""
    price = order.price or (average_price((order,)) if signal is None else signal.price)
    worst = 1 + (desk.settings.fee_bps + desk.settings.reserve_bps) / 10_000
    desk.account.promise(order.client_order_id, max(order.remaining, ZERO) * price * worst)
    if signal is not None:
        desk.entries[order.position_id] = signal
    return [entries.rest_timer(desk, order, signal)]


def _retire_closed(desk: Desk) -> None:
    """Count no position twice: what is over has orders here only while one of them is not done."""
    for position_id in desk.table.positions():
        if position_id not in desk.positions and not desk.table.live(position_id, Leg.ENTRY):
            desk.table.retire(position_id)
