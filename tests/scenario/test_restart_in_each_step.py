"""The account is killed between two steps of a signal's life; what was saved is enough to go on."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.builders import a_match, a_trader, some_exits
from tests.pipeline import Pipeline, an_open_position

from aitrader.model.commands import (
    ArmBand,
    CancelOrders,
    QueryOrder,
    StartTimer,
)
from aitrader.model.events import (
    CashChanged,
    CloseAllAsked,
    CloseAsked,
    EntriesPaused,
    ExitWanted,
    OrderNotFound,
    OrderRejected,
    OrderUpdated,
    PositionClosed,
    SignalUpdated,
)
from aitrader.model.order import ExitReason, Order, OrderKind
from aitrader.model.position import PositionStatus
from aitrader.model.signal import SignalStatus
from aitrader.model.trader import (
    Exits,
    Level,
    LevelKind,
)

START_CASH = Decimal(10_000)


def pct(value: str) -> Level:
    return Level(LevelKind.PERCENT, Decimal(value))


def with_exits(**changes: object) -> Pipeline:
    return an_open_position(match=a_match(exits=some_exits(**changes)))


def only(**fields: object) -> Pipeline:
    return an_open_position(match=a_match(exits=Exits(**fields)))  # type: ignore[arg-type]


def kinds(orders: list[Order]) -> list[OrderKind]:
    return [row.kind for row in orders]


def test_restart_before_the_entry_was_answered_asks_and_does_not_send_again() -> None:
    story = Pipeline(traders=(a_trader(),))
    story.match()
    (entry,) = story.submitted()

    again = story.restarted()

    assert again.newest(QueryOrder).order == entry
    assert again.submitted() == []
    again.fill(entry, "100")
    assert again.position.stop_price == Decimal(99)
    assert again.signal.status is SignalStatus.ENTERED
    assert len(again.live()) == 2


def test_restart_after_an_entry_that_never_left_gives_it_up() -> None:
    story = Pipeline(traders=(a_trader(),))
    story.match()
    (entry,) = story.submitted()

    again = story.restarted(after_ms=10_000)
    again.post(OrderNotFound(at_ms=again.now_ms, client_order_id=entry.client_order_id))

    assert again.signal.status is SignalStatus.SKIPPED
    assert again.submitted() == []


def test_restart_with_a_signal_that_was_raised_and_not_ordered() -> None:
    story = Pipeline(traders=(a_trader(),))
    story.match()
    saved = story.saved()
    raised_only = type(saved)(
        traders=saved.traders,
        signals=saved.signals,
        accounts=saved.accounts,
        last_event_ms=story.now_ms,
    )

    soon = Pipeline(raised_only, at_ms=story.now_ms + 1_000)
    late = Pipeline(raised_only, at_ms=story.now_ms + 300_000)

    assert len(soon.submitted()) == 1
    assert late.submitted() == []
    assert late.newest(SignalUpdated).signal.status is SignalStatus.EXPIRED


def test_restart_between_the_fill_and_the_answer_about_protection() -> None:
    story = Pipeline(traders=(a_trader(),))
    story.match()
    story.fill(story.submitted()[0], "100")
    protection = story.live()

    again = story.restarted(after_ms=5_000)
    assert [row.order for row in again.of(QueryOrder)] == protection
    assert again.submitted() == []
    for order in protection:
        again.post(OrderNotFound(at_ms=again.now_ms, client_order_id=order.client_order_id))

    replanned = again.live()
    assert len(replanned) == 2
    assert not {r.client_order_id for r in replanned} & {r.client_order_id for r in protection}


def test_restart_of_an_open_position_goes_on_to_its_stop() -> None:
    again = an_open_position().restarted()
    stop, target = again.live()

    assert again.submitted() == []
    again.fill(stop, "99")
    again.cancel(target)

    closed = again.newest(PositionClosed).position
    assert again.cash - START_CASH == closed.realized_pnl


def test_restart_arms_the_trail_where_it_was_and_the_age_as_it_counts() -> None:
    story = only(trailing_pct=Decimal(1), max_age_ms=60_000)
    story.price_left("105")

    again = story.restarted()

    assert again.newest(ArmBand).below == 103.95
    assert again.newest(StartTimer).due_ms == story.position.opened_ms + 60_000
    again.price_left("103")
    again.fill(again.submitted()[-1], "103")
    assert again.newest(PositionClosed).position.exit_reason is ExitReason.TRAILING


def test_restart_while_closing_cancels_again_and_sells() -> None:
    story = an_open_position()
    story.post(CloseAsked(at_ms=story.now_ms, position_id=story.position.position_id))

    again = story.restarted()

    assert len(again.newest(CancelOrders).orders) == 2
    for order in again.live():
        again.cancel(order)
    exit_order = again.submitted()[-1]
    assert exit_order.reason is ExitReason.MANUAL
    once_more = again.restarted()
    assert once_more.submitted() == []
    once_more.fill(exit_order, "100")
    assert once_more.newest(PositionClosed).position.exit_reason is ExitReason.MANUAL


def test_restart_after_the_protection_was_gone_sells_at_once() -> None:
    story = only(max_age_ms=60_000)
    story.timers(story.now_ms + 60_000)
    exit_order = story.submitted()[-1]
    story.post(
        OrderRejected(
            at_ms=story.now_ms, client_order_id=exit_order.client_order_id, code=-1, reason="busy"
        )
    )
    second = story.submitted()[-1]
    story.post(
        OrderRejected(
            at_ms=story.now_ms, client_order_id=second.client_order_id, code=-1, reason="busy"
        )
    )
    assert story.live() == []

    again = story.restarted()

    assert kinds(again.submitted()) == [OrderKind.MARKET]


@pytest.mark.parametrize("restarts", [1, 3])
def test_restarts_one_after_the_other_change_nothing(restarts: int) -> None:
    story = an_open_position()
    before = story.saved()

    again = story
    for _ in range(restarts):
        again = again.restarted()

    after = again.saved()
    assert (after.orders, after.positions, after.accounts) == (
        before.orders,
        before.positions,
        before.accounts,
    )
    assert not again.of(OrderUpdated)
    assert not again.of(CashChanged)


def test_what_still_opens_is_closed_although_the_process_died_in_between() -> None:
    story = Pipeline(traders=(a_trader(),))
    story.match()
    (entry,) = story.submitted()
    story.post(CloseAllAsked(at_ms=story.now_ms))

    again = story.restarted().restarted()
    again.fill(entry, "100")
    for order in again.live():
        again.cancel(order)

    exit_order = again.submitted()[-1]
    assert (exit_order.kind, exit_order.reason) == (OrderKind.MARKET, ExitReason.MANUAL)


def test_once_entries_are_resumed_what_opens_stays_open() -> None:
    story = Pipeline(traders=(a_trader(),))
    story.match()
    (entry,) = story.submitted()
    story.post(CloseAllAsked(at_ms=story.now_ms))
    story.post(EntriesPaused(at_ms=story.now_ms, is_paused=False))

    again = story.restarted()
    again.fill(entry, "100")

    assert again.position.status is PositionStatus.OPEN
    assert not again.of(ExitWanted)


def test_restart_right_after_closing_all_goes_on_closing_and_stays_paused() -> None:
    story = with_exits()
    story.post(CloseAllAsked(at_ms=story.now_ms))

    again = story.restarted()

    assert again.saved().is_paused
    stop, target = again.newest(CancelOrders).orders
    again.cancel(stop)
    again.cancel(target)
    (market,) = [row for row in again.live() if row.kind is OrderKind.MARKET]
    again.fill(market, "100")
    (closed,) = again.of(PositionClosed)
    assert closed.position.exit_reason is ExitReason.MANUAL
    assert again.restarted().saved().is_paused
