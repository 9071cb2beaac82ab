"""Desks for tests: what execution remembers, set up without a stage."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec
from tests.builders import (
    AT_MS,
    TRADER,
    a_fill,
    a_filled_order,
    a_position,
    a_trader,
    an_instrument,
    an_order,
)
from tests.pipeline import FixedPrices

from aitrader.execution import protect, reconcile
from aitrader.execution.desk import Desk
from aitrader.execution.risk import ExecutionSettings
from aitrader.execution.stage import ExecutionStage
from aitrader.model.commands import Command, StartTimer
from aitrader.model.events import Event, Saved, Started, TimerDue
from aitrader.model.order import Leg, Order, OrderKind, OrderStatus
from aitrader.model.position import Position

ENTRY = a_filled_order()


def a_desk(*orders: Order, position: Position | None = None, **settings: object) -> Desk:
    """A desk of 10,000 USDT that knows the trader, BTCUSDT and these orders."""
    desk = Desk(ExecutionSettings(**settings), FixedPrices())  # type: ignore[arg-type]
    desk.traders[TRADER] = a_trader()
    desk.instruments["BTCUSDT"] = an_instrument()
    for order in orders:
        desk.table.add(order)
    if position is not None:
        desk.positions[position.position_id] = position
    return desk


def an_audited_stage(*events: Event, **saved: object) -> tuple[ExecutionStage, StartTimer]:
    """A started stage that looks at what is protected every few seconds, and its alarm."""
    stage = ExecutionStage(ExecutionSettings(audit_ms=5_000), FixedPrices())
    started = Started(at_ms=AT_MS, saved=Saved(**saved))  # type: ignore[arg-type]
    (resume,) = [row for row in told(stage, started) if is_alarm(row, reconcile.RESUME_TIMER)]
    assert isinstance(resume, StartTimer)
    resumed = told(stage, TimerDue(at_ms=AT_MS, timer_id=resume.timer_id))
    (alarm,) = [row for row in resumed if is_alarm(row, protect.AUDIT_TIMER)]
    assert isinstance(alarm, StartTimer)
    for event in events:
        stage.handle(event)
    return stage, alarm


def is_alarm(row: Event | Command, prefix: str) -> bool:
    """Whether this starts a timer of this kind."""
    return isinstance(row, StartTimer) and row.timer_id.startswith(prefix)


def told(stage: ExecutionStage, event: Event) -> list[Event | Command]:
    """What a stage answers to an event."""
    return list(stage.handle(event))


def an_open_desk(*exits: Order, **changes: object) -> Desk:
    """A desk with one open position of one unit and these exit orders."""
    return a_desk(ENTRY, *exits, position=a_position(**changes))


def set_price(desk: Desk, symbol: str, price: float) -> None:
    """Let the market be there."""
    assert isinstance(desk.prices, FixedPrices)
    desk.prices.by_symbol[symbol] = price


def a_stop(attempt: int = 1, **changes: object) -> Order:
    """A stop loss that rests."""
    order = an_order(
        Leg.EXIT,
        attempt,
        kind=OrderKind.STOP_LOSS,
        stop_price=Decimal(99),
        status=OrderStatus.OPEN,
    )
    return msgspec.structs.replace(order, **changes)


def a_target(attempt: int = 2, price: str = "102", **changes: object) -> Order:
    """A target that rests."""
    order = an_order(
        Leg.EXIT, attempt, kind=OrderKind.LIMIT, price=Decimal(price), status=OrderStatus.OPEN
    )
    return msgspec.structs.replace(order, **changes)


def filled(order: Order, quantity: str = "1", number: int = 50) -> Order:
    """The order with one more fill."""
    fill = a_fill(number, quantity=Decimal(quantity))
    is_whole = order.filled + fill.quantity == order.quantity
    return msgspec.structs.replace(
        order,
        fills=(*order.fills, fill),
        status=OrderStatus.FILLED if is_whole else order.status,
    )


def types(answer: Iterable[Event | Command]) -> list[type[Event | Command]]:
    """Return what kinds of messages these are."""
    return [type(row) for row in answer]
