from __future__ import annotations

from decimal import Decimal

import msgspec
from tests.builders import (
    AT_MS,
    POSITION,
    SIGNAL,
    TRADER,
    a_fill,
    a_position,
    a_signal,
    a_trader,
    an_instrument,
    an_order,
)
from tests.pipeline import FixedPrices
from tests.unit.execution.desks import ENTRY, a_stop, a_target, filled, told, types

from aitrader.execution import reconcile
from aitrader.execution.desk import Desk
from aitrader.execution.risk import ExecutionSettings
from aitrader.execution.stage import ExecutionStage
from aitrader.model import ids
from aitrader.model.account import LIVE
from aitrader.model.commands import (
    CancelOrders,
    Command,
    QueryOrder,
    StartTimer,
    SubmitOrder,
)
from aitrader.model.events import (
    CashChanged,
    ClosedBefore,
    Event,
    InstrumentsLoaded,
    OpenOrdersReported,
    OrderPlanned,
    Saved,
    SavedAccount,
    Started,
    TimerDue,
)
from aitrader.model.found import FoundOrder
from aitrader.model.ids import TimerId
from aitrader.model.order import ExitReason, OrderStatus, Side
from aitrader.model.position import PositionStatus, TargetPrice
from aitrader.model.trader import PositionSide

PLACE = ids.position_id(SIGNAL)
CASH = Decimal(5_000)


def rebuilt(**saved: object) -> tuple[Desk, list[Event | Command]]:
    desk = Desk(ExecutionSettings(), FixedPrices())
    desk.instruments["BTCUSDT"] = an_instrument()
    account = SavedAccount(cash=saved.pop("cash", CASH))  # type: ignore[arg-type]
    fields = {"accounts": (account,), **saved}
    event = Started(at_ms=AT_MS, saved=Saved(**fields))  # type: ignore[arg-type]
    return desk, reconcile.rebuild(desk, event)


def resumed(**saved: object) -> list[Event | Command]:
    desk, _answer = rebuilt(**saved)
    return reconcile.resume(desk, at_ms=AT_MS)


def test_a_new_account_begins_with_its_cash_as_a_fact() -> None:
    _desk, answer = rebuilt(cash=None)
    assert answer == [CashChanged(at_ms=AT_MS, cash=Decimal(10_000))]


def test_an_old_account_goes_on_with_what_it_had() -> None:
    desk, answer = rebuilt(traders=(a_trader(),), is_paused=True)
    assert answer == []
    assert (desk.account.cash, desk.is_paused) == (CASH, True)
    assert TRADER in desk.traders
    assert desk.account.spendable(Decimal(0)) == CASH


def test_orders_without_an_answer_are_asked_after_and_not_sent() -> None:
    _desk, answer = rebuilt(orders=(ENTRY, a_stop(status=OrderStatus.PENDING)))
    assert types(answer) == [QueryOrder, StartTimer]


def test_an_entry_on_its_way_keeps_its_money_and_its_watch() -> None:
    entry = an_order(position_id=PLACE, status=OrderStatus.OPEN)
    desk, answer = rebuilt(orders=(entry,), signals=(a_signal(),))
    assert types(answer) == [StartTimer]
    assert desk.is_taken(TRADER, "BTCUSDT")
    assert desk.account.spendable(Decimal(0)) == CASH - Decimal("100.3")


def test_an_entry_whose_signal_is_not_known_is_asked_after_and_ended() -> None:
    _desk, answer = rebuilt(orders=(an_order(),))
    assert types(answer) == [StartTimer, QueryOrder, StartTimer]
    assert answer[0] == StartTimer(TimerId(f"entry-rest:{an_order().client_order_id}"), AT_MS)


def test_open_positions_get_the_protection_they_lack() -> None:
    answer = resumed(orders=(ENTRY,), positions=(a_position(),))
    assert types(answer)[:2] == [OrderPlanned, SubmitOrder]
    assert resumed(orders=(ENTRY, a_stop()), positions=(a_position(),)) == []


def test_where_the_venue_is_real_what_it_found_out_is_heard_before_anything_is_sent() -> None:
    settings = ExecutionSettings(account=LIVE, has_shorts=False, audit_ms=5_000)
    stage = ExecutionStage(settings, FixedPrices())
    stage.handle(InstrumentsLoaded(at_ms=AT_MS, instruments=(an_instrument(),)))
    entry, position = (msgspec.structs.replace(row, account=LIVE) for row in (ENTRY, a_position()))
    saved = Saved(orders=(entry,), positions=(position,), accounts=(SavedAccount(LIVE, CASH),))
    (alarm,) = told(stage, Started(at_ms=AT_MS, saved=saved))
    assert alarm == StartTimer(TimerId("resume:live"), AT_MS)
    stop = FoundOrder(
        client_order_id=a_stop().client_order_id,
        symbol="BTCUSDT",
        side=Side.SELL,
        kind="STOP_LOSS",
        quantity=Decimal(1),
        filled=Decimal(0),
        stop_price=a_stop().stop_price,
        is_ours=True,
    )
    told(stage, OpenOrdersReported(at_ms=AT_MS, account=LIVE, orders=(stop,)))
    (audit,) = told(stage, TimerDue(at_ms=AT_MS, timer_id=TimerId("resume:live")))
    assert audit == StartTimer(TimerId("audit:live"), AT_MS + 5_000)


def test_a_list_of_which_one_has_ended_is_watched() -> None:
    stop = a_stop(list_id="list-1", status=OrderStatus.CANCELED)
    target = a_target(list_id="list-1")
    position = a_position(targets=(TargetPrice(Decimal(102), Decimal(1)),))
    answer = resumed(orders=(ENTRY, stop, target), positions=(position,))
    assert types(answer) == [StartTimer]


def test_a_closing_goes_on_from_where_it_was() -> None:
    closing = a_position(status=PositionStatus.CLOSING, exit_reason=ExitReason.MAX_AGE)
    resting = resumed(orders=(ENTRY, a_stop()), positions=(closing,))
    assert types(resting) == [CancelOrders, StartTimer]

    dead = filled(a_stop(status=OrderStatus.CANCELED), "0.4")
    answer = resumed(orders=(ENTRY, dead), positions=(closing,))
    plan = answer[0]
    assert isinstance(plan, OrderPlanned)
    assert (plan.order.quantity, plan.order.reason) == (Decimal("0.600"), ExitReason.MAX_AGE)


def test_a_closing_without_a_reason_was_asked_for_by_somebody() -> None:
    closing = a_position(status=PositionStatus.CLOSING)
    desk, _answer = rebuilt(orders=(ENTRY,), positions=(closing,))
    assert desk.closing == {POSITION: ExitReason.MANUAL}


def test_entries_that_were_sent_count_for_the_limit_of_a_minute() -> None:
    stop = a_stop(planned_ms=AT_MS + 5)
    desk, _answer = rebuilt(orders=(ENTRY, stop), positions=(a_position(),))
    assert list(desk.sent) == [(ENTRY.planned_ms, TRADER)]


def test_an_exit_on_its_way_and_an_entry_that_is_over_promise_no_money() -> None:
    desk, _answer = rebuilt(orders=(ENTRY, a_stop()), positions=(a_position(),))
    assert desk.account.free(Decimal(0)) == CASH


def test_what_a_short_binds_is_not_spendable_before_the_next_close() -> None:
    entry = msgspec.structs.replace(ENTRY, side=Side.SELL)
    desk, _answer = rebuilt(orders=(entry,), positions=(a_position(side=PositionSide.SHORT),))
    assert desk.account.spendable(Decimal(0)) == CASH - 200


def test_a_position_that_is_over_is_not_counted_again_while_its_mate_is_not_done() -> None:
    lost = a_fill(50, quantity=Decimal(1), price=Decimal(90))
    stop = a_stop(list_id="list-1", status=OrderStatus.FILLED, fills=(lost,))
    mate = a_target(list_id="list-1")
    closed = ClosedBefore(trader_id=TRADER, symbol="BTCUSDT", closed_ms=AT_MS, pnl=Decimal("-10.2"))
    account = SavedAccount(cash=CASH, closed=(closed,))
    desk, _answer = rebuilt(orders=(ENTRY, stop, mate), accounts=(account,))
    standing = desk.standing("BTCUSDT", TRADER, at_ms=AT_MS)
    assert standing.made_today == closed.pnl
    assert desk.table.find(mate.client_order_id) == mate, "its end is still heard"
