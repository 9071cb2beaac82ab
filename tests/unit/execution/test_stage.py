from __future__ import annotations

from decimal import Decimal

import msgspec
from tests.builders import (
    AT_MS,
    POSITION,
    SIGNAL,
    TRADER,
    a_fill,
    a_filled_order,
    a_plan,
    a_position,
    a_signal,
    a_trader,
    an_instrument,
    an_order,
)
from tests.pipeline import FixedPrices
from tests.unit.execution.desks import ENTRY, a_stop, filled, told, types

from aitrader.execution.risk import ExecutionSettings
from aitrader.execution.stage import ExecutionStage
from aitrader.model import ids
from aitrader.model.account import LIVE, PAPER
from aitrader.model.commands import (
    CancelOrders,
    Command,
    QueryOrder,
    StartTimer,
    StopTimer,
    SubmitOrder,
)
from aitrader.model.events import (
    BalancesReported,
    CandlesClosed,
    CashChanged,
    ClosedBefore,
    EntriesPaused,
    EntryRefused,
    EntryWanted,
    EquityMarked,
    Event,
    ExitWanted,
    FeedChanged,
    InstrumentsLoaded,
    OpenOrdersReported,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderNotFound,
    OrderOutcomeUnknown,
    OrderPlanned,
    OrderRejected,
    OrderUpdated,
    PositionClosed,
    PositionOpened,
    PositionUpdated,
    Quarantined,
    Saved,
    SavedAccount,
    Started,
    TimerDue,
    TraderRemoved,
    TraderSaved,
)
from aitrader.model.found import Balance, FoundOrder
from aitrader.model.ids import ClientOrderId, PositionId, SignalId, TimerId
from aitrader.model.order import ExitReason, Leg, Order, OrderStatus
from aitrader.model.position import Position, PositionStatus
from aitrader.model.trader import Brakes, Limits, SizeKind

CAREFUL = a_trader(
    plan=a_plan(limits=Limits(SizeKind.AMOUNT, Decimal(100), 1, Brakes(cooldown_ms=60_000)))
)
RULES = InstrumentsLoaded(at_ms=AT_MS, instruments=(an_instrument(),))
WANTED = EntryWanted(at_ms=AT_MS, signal=a_signal())
PLACE = ids.position_id(SIGNAL)
ENTRY_ID = ids.client_order_id(PLACE, "ENTRY", 1)


def a_stage(*events: Event, **saved: object) -> ExecutionStage:
    account = SavedAccount(cash=Decimal(1_000))
    fields = {"traders": (a_trader(),), "accounts": (account,), **saved}
    stage = ExecutionStage(ExecutionSettings(), FixedPrices())
    begin = (RULES, Started(at_ms=AT_MS, saved=Saved(**fields)))  # type: ignore[arg-type]
    for event in (*begin, *events):
        stage.handle(event)
    return stage


def a_stage_with(*orders: Order, position: Position | None = None) -> ExecutionStage:
    return a_stage(orders=(ENTRY, *orders), positions=(position or a_position(),))


def test_a_wanted_entry_is_planned_and_sent() -> None:
    assert types(told(a_stage(), WANTED))[:2] == [OrderPlanned, SubmitOrder]


def test_what_is_not_its_business_is_nothing() -> None:
    assert told(a_stage(), FeedChanged(at_ms=AT_MS, is_up=True, reason="")) == []
    assert told(a_stage(), TimerDue(at_ms=AT_MS, timer_id=TimerId("other"))) == []


def refusal(stage: ExecutionStage) -> str:
    fact = told(stage, WANTED)[0]
    assert isinstance(fact, EntryRefused)
    return fact.reason


def test_pause_removal_and_quarantine_refuse_entries() -> None:
    paused = EntriesPaused(at_ms=AT_MS, is_paused=True)
    removed = TraderRemoved(at_ms=AT_MS, trader_id=TRADER)
    out = Quarantined(at_ms=AT_MS, trader_id=TRADER, symbol="BTCUSDT", reason="?")
    assert refusal(a_stage(paused)) == "entries are paused"
    assert told(a_stage(), removed) == []
    assert refusal(a_stage(removed)) == "the trader was removed"
    assert "quarantined" in refusal(a_stage(out))
    back = TraderSaved(at_ms=AT_MS, trader=a_trader())
    assert types(told(a_stage(removed, back), WANTED))[0] is OrderPlanned


def test_without_market_data_nothing_is_entered() -> None:
    down = FeedChanged(at_ms=AT_MS, is_up=False, reason="no data for 15 s")
    assert refusal(a_stage(down)) == "there is no market data now"
    up = FeedChanged(at_ms=AT_MS, is_up=True, reason="connected")
    assert types(told(a_stage(down, up), WANTED))[0] is OrderPlanned


def test_a_quarantine_outlives_a_restart_until_the_trader_is_saved() -> None:
    quarantined = ((TRADER, "BTCUSDT"),)
    back = TraderSaved(at_ms=AT_MS, trader=a_trader())
    assert "quarantined" in refusal(a_stage(quarantined=quarantined))
    assert types(told(a_stage(back, quarantined=quarantined), WANTED))[0] is OrderPlanned


def test_an_entry_whose_id_is_taken_is_refused_and_quarantined() -> None:
    taken = an_order(client_order_id=ENTRY_ID)
    stage = a_stage(orders=(taken,))
    assert types(told(stage, WANTED)) == [EntryRefused, Quarantined]


def test_a_fill_changes_the_order_and_the_cash_once() -> None:
    stage = a_stage(WANTED)
    fill = OrderFilled(at_ms=AT_MS, client_order_id=ENTRY_ID, fill=a_fill())

    updated, cash = told(stage, fill)

    assert isinstance(updated, OrderUpdated)
    assert (updated.order.status, updated.fill) == (OrderStatus.FILLED, a_fill())
    assert cash == CashChanged(at_ms=AT_MS, cash=Decimal("899.9"))
    assert told(stage, fill) == []


def test_answers_about_orders_of_others_are_nothing() -> None:
    stranger = OrderCanceled(at_ms=AT_MS, client_order_id=ClientOrderId("theirs"))
    assert told(a_stage(), stranger) == []


def test_an_impossible_answer_quarantines_the_symbol() -> None:
    stage = a_stage(WANTED)
    stage.handle(OrderAccepted(at_ms=AT_MS, client_order_id=ENTRY_ID))

    (fact,) = told(
        stage, OrderRejected(at_ms=AT_MS, client_order_id=ENTRY_ID, code=-1, reason="no")
    )

    assert isinstance(fact, Quarantined)
    assert (fact.trader_id, fact.symbol) == (TRADER, "BTCUSDT")


def test_an_unknown_outcome_asks_and_not_found_ends() -> None:
    stage = a_stage(WANTED)
    unknown = OrderOutcomeUnknown(at_ms=AT_MS, client_order_id=ENTRY_ID, reason="timeout")
    assert types(told(stage, unknown)) == [QueryOrder, StartTimer]

    (expired,) = told(stage, OrderNotFound(at_ms=AT_MS + 5_001, client_order_id=ENTRY_ID))
    assert isinstance(expired, OrderExpired)
    (updated,) = told(stage, expired)
    assert isinstance(updated, OrderUpdated)
    assert types(told(stage, updated)) == [StopTimer, EntryRefused]

    stray = OrderAccepted(at_ms=AT_MS + 9_000, client_order_id=ENTRY_ID, venue_order_id="9")
    assert types(told(stage, stray)) == [OrderUpdated, CancelOrders]


def test_an_end_that_overtakes_its_fills_is_asked_for_before_it_is_believed() -> None:
    stage = a_stage(WANTED)
    part = a_fill(quantity=Decimal("0.4"))
    end = OrderCanceled(at_ms=AT_MS, client_order_id=ENTRY_ID, filled=Decimal("0.4"))

    assert types(told(stage, end)) == [QueryOrder, StartTimer]
    stage.handle(OrderFilled(at_ms=AT_MS, client_order_id=ENTRY_ID, fill=part))
    (updated,) = told(stage, end)

    assert isinstance(updated, OrderUpdated)
    assert (updated.order.status, updated.order.filled) == (OrderStatus.CANCELED, Decimal("0.4"))


def test_each_close_marks_the_equity() -> None:
    assert told(a_stage(), CandlesClosed(at_ms=AT_MS, intervals=("1m",))) == [
        EquityMarked(
            at_ms=AT_MS,
            equity=Decimal(1_000),
            cash=Decimal(1_000),
            open_positions=0,
            peak=Decimal(1_000),
        )
    ]


def test_a_close_says_no_worth_where_nobody_counts_it() -> None:
    stage = ExecutionStage(ExecutionSettings(is_marked=False), FixedPrices())
    assert told(stage, CandlesClosed(at_ms=AT_MS, intervals=("1m",))) == []


def test_starting_before_the_rules_are_known_waits_for_them() -> None:
    stage = ExecutionStage(ExecutionSettings(), FixedPrices())
    saved = Saved(
        orders=(ENTRY,), positions=(a_position(),), accounts=(SavedAccount(cash=Decimal(1)),)
    )
    assert told(stage, Started(at_ms=AT_MS, saved=saved)) == []
    assert types(told(stage, RULES))[:2] == [OrderPlanned, SubmitOrder]
    assert told(stage, RULES) == []


def test_an_opened_position_is_protected_and_a_protected_one_left_alone() -> None:
    stage = a_stage(orders=(ENTRY,))
    opened = PositionOpened(at_ms=AT_MS, position=a_position())
    assert types(told(stage, opened))[:2] == [OrderPlanned, SubmitOrder]
    assert told(stage, PositionUpdated(at_ms=AT_MS, position=a_position())) == []


def dead(order: Order) -> Order:
    return an_order(
        order.leg,
        1,
        kind=order.kind,
        stop_price=order.stop_price,
        status=OrderStatus.CANCELED,
    )


def test_protection_that_ended_unfilled_is_planned_again() -> None:
    stop = dead(a_stop())
    stage = a_stage(PositionOpened(at_ms=AT_MS, position=a_position()), orders=(ENTRY, a_stop()))
    canceled = OrderCanceled(at_ms=AT_MS, client_order_id=stop.client_order_id)
    (updated,) = told(stage, canceled)
    (pause,) = told(stage, updated)
    assert isinstance(pause, StartTimer)
    due = TimerDue(at_ms=pause.due_ms, timer_id=pause.timer_id)
    assert types(told(stage, due))[:2] == [OrderPlanned, SubmitOrder]


def test_protection_that_filled_waits_for_the_positions_own_word() -> None:
    stage = a_stage_with(a_stop())
    fill = a_fill(2, quantity=Decimal(1))
    update = OrderUpdated(at_ms=AT_MS, order=filled(a_stop()), fill=fill)
    assert told(stage, update) == []


def test_an_acceptance_needs_nothing_more() -> None:
    assert told(a_stage_with(a_stop()), OrderUpdated(at_ms=AT_MS, order=a_stop())) == []


def test_an_update_of_a_position_that_is_gone_is_nothing() -> None:
    update = OrderUpdated(at_ms=AT_MS, order=dead(a_stop()))
    assert told(a_stage(), update) == []


def test_leaving_goes_through_cancel_and_sale_to_the_end() -> None:
    stage = a_stage_with(a_stop())
    wish = ExitWanted(at_ms=AT_MS, position_id=POSITION, reason=ExitReason.MANUAL)
    assert types(told(stage, wish)) == [CancelOrders, StartTimer]
    closing = PositionUpdated(at_ms=AT_MS, position=a_position(status=PositionStatus.CLOSING))
    assert told(stage, closing) == []

    canceled = OrderCanceled(at_ms=AT_MS, client_order_id=a_stop().client_order_id)
    (updated,) = told(stage, canceled)
    assert types(told(stage, updated))[:2] == [OrderPlanned, SubmitOrder]
    closed = PositionClosed(at_ms=AT_MS, position=a_position(status=PositionStatus.CLOSED))
    assert CancelOrders in types(told(stage, closed))


def test_what_an_entry_fills_late_while_closing_is_sold_too() -> None:
    stage = a_stage_with(position=a_position(status=PositionStatus.CLOSING))
    market = ids.client_order_id(POSITION, "EXIT", 1)
    stage.handle(OrderRejected(at_ms=AT_MS, client_order_id=market, code=-1, reason="busy"))

    update = PositionUpdated(at_ms=AT_MS, position=a_position(status=PositionStatus.CLOSING))

    assert types(told(stage, update))[:2] == [OrderPlanned, SubmitOrder]


def test_each_timer_finds_its_part() -> None:
    stage = a_stage_with(a_stop(), an_order(Leg.EXIT, 7), position=a_position())
    stage.handle(ExitWanted(at_ms=AT_MS, position_id=POSITION, reason=ExitReason.MANUAL))
    stop_id, pending_id = a_stop().client_order_id, an_order(Leg.EXIT, 7).client_order_id

    def due(name: str) -> list[type[Event | Command]]:
        return types(told(stage, TimerDue(at_ms=AT_MS, timer_id=TimerId(name))))

    assert due(f"order-query:{pending_id}") == [QueryOrder, StartTimer]
    assert due(f"order-lame:{stop_id}") == [QueryOrder, CancelOrders, StartTimer]
    assert due(f"entry-rest:{stop_id}") == [CancelOrders, StartTimer]
    assert due(f"closing:{POSITION}") == [QueryOrder, QueryOrder, CancelOrders, StartTimer]


def test_a_pause_cancels_the_entry_that_is_on_its_way() -> None:
    stage = a_stage(WANTED)
    cancel, again = told(stage, EntriesPaused(at_ms=AT_MS, is_paused=True))
    assert isinstance(cancel, CancelOrders)
    assert [row.client_order_id for row in cancel.orders] == [ENTRY_ID]
    assert isinstance(again, StartTimer)


def test_resuming_counts_the_drawdown_anew() -> None:
    stage = a_stage()
    stage.handle(EntriesPaused(at_ms=AT_MS, is_paused=True))
    saved = SavedAccount(cash=Decimal(1_000), peak=Decimal(5_000))
    stage = a_stage(accounts=(saved,))
    (close,) = told(stage, CandlesClosed(at_ms=AT_MS, intervals=("1m",)))
    assert isinstance(close, EquityMarked)
    assert close.peak == Decimal(5_000)
    (mark,) = told(stage, EntriesPaused(at_ms=AT_MS, is_paused=False))
    assert isinstance(mark, EquityMarked)
    assert mark.peak == Decimal(1_000)


def test_a_fill_that_the_last_report_had_explains_its_cash() -> None:
    stage = a_stage(WANTED)
    report = BalancesReported(
        at_ms=AT_MS + 50,
        account=PAPER,
        balances=(Balance("USDT", Decimal(900), Decimal(0)),),
    )
    (told_cash,) = told(stage, report)
    assert isinstance(told_cash, CashChanged)
    assert told_cash.unexplained == Decimal(-100)
    fill = a_fill(quantity=Decimal(1), price=Decimal(100), fee=Decimal(0))
    late = OrderFilled(at_ms=AT_MS + 60, client_order_id=ENTRY_ID, fill=fill)
    (cash,) = [row for row in told(stage, late) if isinstance(row, CashChanged)]
    assert (cash.cash, cash.unexplained) == (Decimal(900), Decimal(0))


def test_a_traders_drawdown_holds_it_back_until_it_is_saved_or_entries_are_resumed() -> None:
    limits = Limits(SizeKind.AMOUNT, Decimal(50), 1, Brakes(max_drawdown_pct=Decimal(10)))
    trader = a_trader(plan=a_plan(limits=limits))
    saved = SavedAccount(cash=Decimal(900), highs=((TRADER, Decimal(-90), Decimal(10)),))

    def entered(*events: Event) -> list[Event | Command]:
        return told(a_stage(*events, traders=(trader,), accounts=(saved,)), WANTED)

    (refusal,) = entered()
    assert isinstance(refusal, EntryRefused)
    assert refusal.reason == (
        "the trader is 10% below its best, the limit is 10%; resuming entries counts anew"
    )
    assert types(entered(TraderSaved(at_ms=AT_MS, trader=trader)))[0] is OrderPlanned
    assert types(entered(EntriesPaused(at_ms=AT_MS, is_paused=False)))[0] is OrderPlanned
    over = a_position(status=PositionStatus.CLOSED, closed_ms=AT_MS, realized_pnl=Decimal(1))
    assert types(entered(PositionClosed(at_ms=AT_MS, position=over)))[0] is OrderPlanned


def test_a_close_of_another_account_is_not_counted() -> None:
    over = a_position(status=PositionStatus.CLOSED, closed_ms=AT_MS, account=LIVE)
    stage = a_stage(PositionClosed(at_ms=AT_MS, position=over), traders=(CAREFUL,))
    assert types(told(stage, WANTED))[0] is OrderPlanned
    mine = msgspec.structs.replace(over, account=PAPER)
    stage = a_stage(PositionClosed(at_ms=AT_MS, position=mine), traders=(CAREFUL,))
    (refusal,) = told(stage, WANTED)
    assert isinstance(refusal, EntryRefused)
    assert refusal.reason == "the trader left BTCUSDT 0 min ago and waits 1 min"


def test_what_closed_before_the_start_still_counts() -> None:
    row = ClosedBefore(TRADER, "BTCUSDT", AT_MS - 30_000, Decimal(-1))
    saved = SavedAccount(cash=Decimal(1_000), closed=(row,))
    stage = a_stage(traders=(CAREFUL,), accounts=(saved,))
    assert types(told(stage, WANTED)) == [EntryRefused]


def test_a_close_finds_the_position_that_could_not_be_protected_before() -> None:
    other = a_position(position_id=PositionId("p-two"), symbol="ETHUSDT")
    entry = a_filled_order(
        position_id=other.position_id,
        symbol="ETHUSDT",
        client_order_id=ids.client_order_id(other.position_id, "ENTRY", 1),
    )
    stage = a_stage(orders=(entry,), positions=(other,))
    close = CandlesClosed(at_ms=AT_MS, intervals=("1m",))
    assert types(told(stage, close)) == [EquityMarked]
    both = tuple(an_instrument(symbol) for symbol in ("BTCUSDT", "ETHUSDT"))
    assert told(stage, InstrumentsLoaded(at_ms=AT_MS, instruments=both)) == []

    assert types(told(stage, close)) == [EquityMarked, OrderPlanned, SubmitOrder, StartTimer]
    assert types(told(stage, close)) == [EquityMarked]


def a_live_stage() -> ExecutionStage:
    stage = ExecutionStage(ExecutionSettings(account=LIVE), FixedPrices())
    saved = Saved(
        traders=(a_trader(),),
        orders=(ENTRY,),
        positions=(a_position(),),
        accounts=(SavedAccount(),),
    )
    stage.handle(RULES)
    stage.handle(Started(at_ms=AT_MS, saved=saved))
    return stage


def test_what_another_account_does_is_nothing() -> None:
    stage = a_live_stage()
    assert told(stage, WANTED) == []
    assert told(stage, OrderUpdated(at_ms=AT_MS, order=ENTRY)) == []
    assert told(stage, PositionUpdated(at_ms=AT_MS, position=a_position())) == []
    wish = ExitWanted(at_ms=AT_MS, position_id=POSITION, reason=ExitReason.MANUAL)
    assert told(stage, wish) == []
    assert told(stage, OrderFilled(at_ms=AT_MS, client_order_id=ENTRY_ID, fill=a_fill())) == []


def test_what_it_does_itself_bears_its_account() -> None:
    stage = a_live_stage()
    planned = told(stage, EntryWanted(at_ms=AT_MS, signal=a_signal(), account=LIVE))[0]
    assert isinstance(planned, OrderPlanned)
    assert planned.order.account == LIVE
    assert planned.order.client_order_id != ENTRY_ID
    close = CandlesClosed(at_ms=AT_MS, intervals=("5m",))
    marked = told(stage, close)[0]
    assert isinstance(marked, EquityMarked)
    assert (marked.account, marked.open_positions) == (LIVE, 0)
    filled_now = told(
        stage,
        OrderFilled(at_ms=AT_MS, client_order_id=planned.order.client_order_id, fill=a_fill()),
    )
    assert [row.account for row in filled_now if isinstance(row, CashChanged)] == [LIVE]


def test_a_fill_that_the_newest_report_has_in_it_is_not_counted_again() -> None:
    stage = a_live_stage()
    planned = told(stage, EntryWanted(at_ms=AT_MS, signal=a_signal(), account=LIVE))[0]
    assert isinstance(planned, OrderPlanned)
    usdt = Balance("USDT", Decimal(500), Decimal(0))
    report = BalancesReported(at_ms=AT_MS + 1, account=LIVE, balances=(usdt,))
    assert types(told(stage, report)) == [CashChanged]
    cash = []
    for number in (1, 2):
        fill = a_fill(number, quantity=Decimal("0.5"))
        order_id = planned.order.client_order_id
        answer = told(stage, OrderFilled(at_ms=AT_MS, client_order_id=order_id, fill=fill))
        cash += [row.cash for row in answer if isinstance(row, CashChanged)]
    assert cash == [Decimal(500), Decimal("449.9")]


def test_an_order_of_ours_that_only_the_exchange_knows_is_taken_up() -> None:
    stop = a_stop(account=LIVE)
    found = FoundOrder(
        client_order_id=stop.client_order_id,
        symbol="BTCUSDT",
        side=stop.side,
        kind="STOP_LOSS",
        quantity=stop.quantity,
        filled=Decimal(0),
        stop_price=stop.stop_price,
        is_ours=True,
    )
    stage = ExecutionStage(ExecutionSettings(account=LIVE), FixedPrices())
    position = a_position(account=LIVE, targets=())
    entry = msgspec.structs.replace(ENTRY, account=LIVE)
    stage.handle(Started(at_ms=AT_MS, saved=Saved(orders=(entry,), positions=(position,))))
    report = OpenOrdersReported(at_ms=AT_MS, account=LIVE, orders=(found,))
    assert types(told(stage, report)) == [OrderPlanned, QueryOrder]
    assert told(stage, RULES) == []


CLOSED_CANDLE = CandlesClosed(at_ms=AT_MS + 1, intervals=("1m",))
OVER = a_position(status=PositionStatus.CLOSED, closed_ms=AT_MS)


def the_mark(stage: ExecutionStage) -> EquityMarked:
    return next(row for row in told(stage, CLOSED_CANDLE) if isinstance(row, EquityMarked))


def test_a_closed_position_counts_no_more() -> None:
    stage = a_stage_with()
    assert (the_mark(stage).open_positions, the_mark(stage).equity) == (1, Decimal(1_100))
    stage.handle(PositionClosed(at_ms=AT_MS, position=OVER))
    assert (the_mark(stage).open_positions, the_mark(stage).equity) == (0, Decimal(1_000))
    stage.handle(PositionOpened(at_ms=AT_MS, position=a_position()))  # it filled after all
    assert the_mark(stage).equity == Decimal(1_100)


def test_what_was_entered_may_be_entered_again_once_it_is_over() -> None:
    stage = a_stage(WANTED, PositionOpened(at_ms=AT_MS, position=a_position(position_id=PLACE)))
    stage.handle(PositionClosed(at_ms=AT_MS, position=a_position(position_id=PLACE)))
    again = EntryWanted(at_ms=AT_MS, signal=a_signal(signal_id=SignalId("s-2")))
    assert types(told(stage, again))[0] is OrderPlanned
