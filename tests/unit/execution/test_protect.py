from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from tests.builders import AT_MS, POSITION, a_fill, a_filled_order, a_position, an_instrument
from tests.pipeline import FixedPrices
from tests.unit.execution.desks import (
    ENTRY,
    a_desk,
    a_stop,
    a_target,
    an_audited_stage,
    an_open_desk,
    filled,
    told,
    types,
)

from aitrader.execution import protect
from aitrader.execution.desk import Desk
from aitrader.execution.protect import Piece, uncovered
from aitrader.execution.risk import ExecutionSettings
from aitrader.execution.stage import ExecutionStage
from aitrader.model.commands import CancelOrders, Command, QueryOrder, StartTimer, SubmitOrder
from aitrader.model.events import (
    CashChanged,
    Event,
    ExitWanted,
    InstrumentsLoaded,
    OrderPlanned,
    Saved,
    Started,
    TimerDue,
)
from aitrader.model.ids import PositionId, TimerId
from aitrader.model.ledger import held
from aitrader.model.order import ExitReason, Order, OrderKind, OrderStatus, Side
from aitrader.model.position import Position, PositionStatus, TargetPrice
from aitrader.model.trader import PositionSide

STEP = Decimal("0.001")
ONE_TARGET = (TargetPrice(Decimal(102), Decimal(1)),)
HALVES = (
    TargetPrice(Decimal(102), Decimal("0.5")),
    TargetPrice(Decimal(104), Decimal("0.5")),
)
DEAD = OrderStatus.CANCELED


def missing(position: Position, *exits: Order) -> tuple[Piece, ...]:
    left = held(position.side, (ENTRY, *exits))
    return uncovered(position, exits, held=left, step_size=STEP)


def guarded(desk: Desk, *, after_ms: int = 0) -> list[Event | Command]:
    return protect.guard(desk, desk.positions[POSITION], at_ms=AT_MS + after_ms)


def listed(*orders: Order) -> tuple[Order, ...]:
    return tuple(msgspec.structs.replace(row, list_id="list-1") for row in orders)


def test_an_unprotected_position_lacks_a_piece_per_target_and_one_for_the_rest() -> None:
    assert missing(a_position(targets=HALVES)) == (
        Piece(Decimal(102), Decimal("0.5")),
        Piece(Decimal(104), Decimal("0.5")),
    )
    half = (HALVES[0],)
    assert missing(a_position(targets=half))[1] == Piece(None, Decimal("0.5"))
    assert missing(a_position(targets=half, stop_price=None)) == (
        Piece(Decimal(102), Decimal("0.5")),
    )


def test_a_position_without_stop_and_target_lacks_nothing() -> None:
    assert missing(a_position(stop_price=None)) == ()


def test_targets_at_one_price_are_one_piece() -> None:
    same = (HALVES[0], HALVES[0])
    assert missing(a_position(targets=same)) == (Piece(Decimal(102), Decimal("1.0")),)


def test_what_rests_is_not_missing() -> None:
    assert missing(a_position(), a_stop()) == ()
    assert missing(a_position(targets=ONE_TARGET), *listed(a_stop(), a_target())) == ()


def test_a_list_is_alive_while_one_of_its_orders_is() -> None:
    mates = listed(a_stop(status=DEAD), a_target())
    assert missing(a_position(targets=ONE_TARGET), *mates) == ()
    dead = listed(a_stop(status=DEAD), a_target(status=DEAD))
    assert missing(a_position(targets=ONE_TARGET), *dead) == (Piece(Decimal(102), Decimal(1)),)


def test_nothing_is_sold_twice_while_a_fill_has_not_been_worked_out() -> None:
    stale = a_position(targets=ONE_TARGET)
    mates = listed(a_stop(status=DEAD), filled(a_target()))
    assert missing(stale, *mates) == ()


def test_less_than_a_step_cannot_be_protected() -> None:
    tiny = filled(a_stop(), "0.9995")
    assert missing(a_position(), tiny) == ()


def test_stop_and_target_are_planned_as_a_list() -> None:
    desk = an_open_desk(targets=ONE_TARGET)

    answer = guarded(desk)

    assert types(answer) == [OrderPlanned, OrderPlanned, SubmitOrder, StartTimer, StartTimer]
    submit = answer[2]
    assert isinstance(submit, SubmitOrder)
    stop, target = submit.orders
    assert (stop.kind, target.kind) == (OrderKind.STOP_LOSS, OrderKind.LIMIT)
    assert stop.list_id == target.list_id != ""
    assert (stop.reason, target.reason) == (ExitReason.STOP_LOSS, ExitReason.TAKE_PROFIT)
    assert (stop.price, target.stop_price) == (None, None)
    assert stop.not_after_ms == AT_MS + 1_500
    assert len({stop.client_order_id, target.client_order_id, stop.list_id}) == 3
    assert guarded(desk) == []


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, OrderKind.STOP_LOSS),
        ({"targets": ONE_TARGET, "stop_price": None}, OrderKind.LIMIT),
    ],
)
def test_one_alone_is_a_single_order(changes: dict[str, object], kind: OrderKind) -> None:
    (order,) = (
        row.order for row in guarded(an_open_desk(**changes)) if isinstance(row, OrderPlanned)
    )
    assert (order.kind, order.list_id) == (kind, "")


def test_a_short_is_protected_by_buying() -> None:
    entry = a_filled_order(side=Side.SELL)
    short = a_position(side=PositionSide.SHORT, stop_price=Decimal(101))
    planned = guarded(a_desk(entry, position=short))[0]
    assert isinstance(planned, OrderPlanned)
    assert planned.order.side is Side.BUY


def test_what_is_closing_or_has_no_rules_is_left_alone() -> None:
    desk = an_open_desk()
    desk.closing[POSITION] = ExitReason.MANUAL
    assert guarded(desk) == []
    assert guarded(an_open_desk(status=PositionStatus.CLOSING)) == []
    unknown = an_open_desk()
    unknown.instruments.clear()
    assert guarded(unknown) == []


def test_after_three_protections_that_failed_the_position_is_left() -> None:
    failed = tuple(a_stop(number, status=OrderStatus.REJECTED) for number in (1, 2, 3))
    assert types(guarded(an_open_desk(*failed[:2]), after_ms=1_500))[0] is OrderPlanned
    (wish,) = guarded(an_open_desk(*failed))
    assert isinstance(wish, ExitWanted)
    assert wish.reason is ExitReason.UNPROTECTED


@pytest.mark.parametrize(("failures", "pause_ms"), [(1, 500), (2, 1_500)])
def test_what_failed_is_planned_again_after_a_pause(failures: int, pause_ms: int) -> None:
    failed = [a_stop(number, status=OrderStatus.REJECTED) for number in range(1, failures + 1)]
    desk = an_open_desk(*failed)
    (timer,) = guarded(desk, after_ms=pause_ms - 1)
    due_ms = AT_MS + pause_ms
    assert timer == StartTimer(timer_id=TimerId(f"protect-again:{POSITION}"), due_ms=due_ms)
    assert desk.table.sheet(POSITION).sound is None
    assert types(protect.again_due(desk, POSITION, at_ms=due_ms))[0] is OrderPlanned
    assert protect.again_due(desk, PositionId("gone"), at_ms=due_ms) == []


def test_a_protection_that_filled_in_part_has_not_failed() -> None:
    worked = tuple(
        msgspec.structs.replace(filled(a_stop(number), "0.1", number), status=DEAD)
        for number in (1, 2, 3)
    )
    assert types(guarded(an_open_desk(*worked)))[0] is OrderPlanned


def test_the_mates_of_an_order_that_ended_are_expected_to_end() -> None:
    stop, target = listed(a_stop(status=DEAD), a_target())
    (timer,) = protect.lame_timers(an_open_desk(stop, target), stop, at_ms=AT_MS)
    assert isinstance(timer, StartTimer)
    assert timer.due_ms == AT_MS + 2_000
    single = a_stop(status=DEAD)
    assert protect.lame_timers(an_open_desk(single), single, at_ms=AT_MS) == []


def test_a_survivor_is_asked_after_and_canceled_until_it_is_done() -> None:
    target = a_target()
    answer = protect.lame_due(an_open_desk(target), target.client_order_id, at_ms=AT_MS)
    assert types(answer) == [QueryOrder, CancelOrders, StartTimer]

    done = a_target(status=DEAD)
    assert protect.lame_due(an_open_desk(done), done.client_order_id, at_ms=AT_MS) == []
    assert protect.lame_due(an_open_desk(), target.client_order_id, at_ms=AT_MS) == []


def test_a_moved_stop_is_first_taken_off_and_then_planned_anew() -> None:
    desk = an_open_desk(*listed(a_stop(), a_target()), stop_price=Decimal(98), targets=ONE_TARGET)
    (cancel, *timers) = guarded(desk)
    assert isinstance(cancel, CancelOrders)
    assert [row.kind for row in cancel.orders] == [OrderKind.STOP_LOSS, OrderKind.LIMIT]
    assert types(timers) == [StartTimer, StartTimer]

    gone = listed(a_stop(status=DEAD), a_target(status=DEAD))
    answer = guarded(an_open_desk(*gone, stop_price=Decimal(98), targets=ONE_TARGET))
    assert types(answer)[:3] == [OrderPlanned, OrderPlanned, SubmitOrder]
    assert isinstance(answer[0], OrderPlanned)
    assert answer[0].order.stop_price == Decimal(98)


def test_a_target_alone_is_replaced_once_the_position_has_a_stop() -> None:
    assert types(guarded(an_open_desk(a_target(), targets=ONE_TARGET))) == [
        CancelOrders,
        StartTimer,
    ]


def test_an_order_that_comes_to_rest_after_the_move_is_canceled() -> None:
    late = a_stop()
    desk = an_open_desk(late, stop_price=Decimal(98))
    assert protect.moved_too_late(desk, late) == [CancelOrders(orders=(late,))]
    assert protect.moved_too_late(an_open_desk(late), late) == []
    assert protect.moved_too_late(a_desk(ENTRY, late), late) == []
    pending = a_stop(status=OrderStatus.PENDING)
    assert protect.moved_too_late(an_open_desk(pending, stop_price=Decimal(98)), pending) == []


def test_what_a_move_took_off_is_no_failed_protection() -> None:
    moves = [
        a_stop(number, status=DEAD, stop_price=Decimal(98 + number % 2)) for number in range(1, 8)
    ]
    moved = an_open_desk(*moves, stop_price=Decimal(99))
    assert types(guarded(moved, after_ms=1_500))[0] is OrderPlanned
    failed = [a_stop(number, status=OrderStatus.REJECTED) for number in (8, 9, 10)]
    assert types(guarded(an_open_desk(*moves[:-1], *failed))) == [ExitWanted]


def test_failures_of_one_target_do_not_count_against_another() -> None:
    failed = [
        row
        for number in (1, 3, 5)
        for row in (
            a_stop(number, status=OrderStatus.REJECTED, list_id=f"l-{number}"),
            a_target(number + 1, status=OrderStatus.REJECTED, list_id=f"l-{number}"),
        )
    ]
    answer = guarded(an_open_desk(*failed, targets=(HALVES[1],)))
    assert types(answer)[:3] == [OrderPlanned, OrderPlanned, SubmitOrder]


def test_a_position_that_lacks_nothing_is_audited_again_once_it_has_changed() -> None:
    desk = an_open_desk(a_stop())
    assert protect.audit(desk, at_ms=AT_MS) == []
    assert desk.table.sheet(POSITION).sound is desk.positions[POSITION]
    assert protect.audit(desk, at_ms=AT_MS) == []
    desk.positions[POSITION] = a_position(targets=HALVES, stop_price=None)
    assert protect.audit(desk, at_ms=AT_MS) != []
    assert protect.audit(desk, at_ms=AT_MS) != []


def test_a_position_that_is_too_little_for_an_order_is_left_at_once() -> None:
    sold = msgspec.structs.replace(filled(a_stop(), "0.96"), status=DEAD)
    (wish,) = guarded(an_open_desk(sold, quantity=Decimal("0.04")))
    assert isinstance(wish, ExitWanted)
    assert wish.reason is ExitReason.UNPROTECTED


def test_a_piece_that_is_too_little_for_an_order_waits_with_the_rest() -> None:
    small = (TargetPrice(Decimal(102), Decimal("0.04")), TargetPrice(Decimal(104), Decimal("0.96")))
    answer = guarded(an_open_desk(targets=small))
    planned = [row.order.quantity for row in answer if isinstance(row, OrderPlanned)]
    assert planned == [Decimal("0.96"), Decimal("0.96")]


def test_protection_is_looked_at_every_few_seconds_without_a_candle() -> None:
    position = a_position(symbol="LATEUSDT")
    others = InstrumentsLoaded(at_ms=AT_MS, instruments=(an_instrument(),))
    stage, alarm = an_audited_stage(others, orders=(ENTRY,), positions=(position,))
    assert (alarm.timer_id, alarm.due_ms) == ("audit:paper", AT_MS + 5_000)
    due = TimerDue(at_ms=alarm.due_ms, timer_id=alarm.timer_id)
    again = StartTimer(timer_id=alarm.timer_id, due_ms=alarm.due_ms + 5_000)
    assert told(stage, due) == [again]  # nobody knows the symbol's rules yet
    rules = msgspec.structs.replace(an_instrument(), symbol="LATEUSDT")
    stage.handle(InstrumentsLoaded(at_ms=AT_MS, instruments=(rules,)))
    assert types(told(stage, due)) == [OrderPlanned, SubmitOrder, StartTimer, StartTimer]
    assert told(stage, due) == [again]


def test_an_account_without_a_real_venue_has_no_audit_between_closes() -> None:
    started = Started(at_ms=AT_MS, saved=Saved())
    assert types(told(ExecutionStage(ExecutionSettings(), FixedPrices()), started)) == [CashChanged]


def test_other_rules_make_what_is_protected_looked_at_anew() -> None:
    size = Decimal("1.5")
    position = a_position(entry_quantity=size, quantity=size)
    entry = msgspec.structs.replace(ENTRY, quantity=size, fills=(a_fill(quantity=size),))
    steps = [
        InstrumentsLoaded(at_ms=AT_MS, instruments=(an_instrument(step_size=Decimal(step)),))
        for step in ("1", "0.5")
    ]
    stage, alarm = an_audited_stage(steps[0], orders=(entry, a_stop()), positions=(position,))
    due = TimerDue(at_ms=AT_MS, timer_id=alarm.timer_id)
    for _ in range(2):
        assert types(told(stage, due)) == [StartTimer]
    stage.handle(steps[1])
    assert types(told(stage, due))[:2] == [OrderPlanned, SubmitOrder]


def test_together_the_pieces_are_never_more_than_what_is_held() -> None:
    pieces = uncovered(a_position(targets=HALVES), (), held=Decimal("0.6"), step_size=STEP)
    assert [row.quantity for row in pieces] == [Decimal("0.5"), Decimal("0.1")]


def test_what_rests_for_a_target_is_taken_off_what_it_lacks() -> None:
    half = a_position(targets=HALVES[:1])
    part = msgspec.structs.replace(a_target(), quantity=Decimal("0.1"))
    lists = [
        tuple(
            msgspec.structs.replace(row, list_id=name, client_order_id=f"{name}-{place}")
            for place, row in enumerate((a_stop(quantity=part.quantity), part))
        )
        for name in ("list-1", "list-2")
    ]
    assert missing(half, *lists[0], *lists[1]) == (
        Piece(Decimal(102), Decimal("0.3")),
        Piece(None, Decimal("0.5")),
    )
    elsewhere = tuple(msgspec.structs.replace(row, stop_price=Decimal(98)) for row in lists[0])
    (piece, rest) = missing(half, a_stop(9, quantity=Decimal("0.2"), stop_price=Decimal(98)))
    assert (piece.quantity, rest.quantity) == (Decimal("0.5"), Decimal("0.3"))
    assert missing(half, elsewhere[0])[0].quantity == Decimal("0.5")


def test_mates_and_survivors_are_looked_at_some_seconds_later() -> None:
    patience_ms = protect.LAME_PATIENCE_MS
    stop, target = listed(a_stop(status=DEAD), a_target())
    over = msgspec.structs.replace(target, client_order_id="over", status=DEAD)
    desk = an_open_desk(stop, target, over)
    (timer,) = protect.lame_timers(desk, stop, at_ms=AT_MS)
    assert isinstance(timer, StartTimer)
    assert timer.due_ms == AT_MS + patience_ms
    again = protect.lame_due(desk, target.client_order_id, at_ms=AT_MS)[-1]
    assert isinstance(again, StartTimer)
    assert again.due_ms == AT_MS + 2 * patience_ms
    moved = an_open_desk(a_stop(stop_price=Decimal(98)))
    due = [row.due_ms for row in guarded(moved) if isinstance(row, StartTimer)]
    assert due[0] == AT_MS + patience_ms


def test_what_is_below_a_step_cannot_be_protected() -> None:
    assert missing(a_position(), a_stop(quantity=Decimal("0.9996"))) == ()


def test_what_the_position_does_not_know_of_yet_is_not_protected_before_it_does() -> None:
    pieces = uncovered(a_position(targets=HALVES), (), held=Decimal("1.2"), step_size=STEP)
    assert [row.quantity for row in pieces] == [Decimal("0.5"), Decimal("0.5")]
