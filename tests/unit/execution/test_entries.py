from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from tests.builders import (
    AT_MS,
    SIGNAL,
    TRADER,
    a_fill,
    a_plan,
    a_signal,
    a_trader,
    an_instrument,
    some_exits,
)
from tests.unit.execution.desks import a_desk, a_stop, types

from aitrader.execution import entries
from aitrader.execution.desk import Desk
from aitrader.model import ids
from aitrader.model.commands import CancelOrders, Command, StartTimer, StopTimer, SubmitOrder
from aitrader.model.events import EntryRefused, EntryWanted, Event, OrderFilled, OrderPlanned
from aitrader.model.ids import PositionId, SignalId, TimerId, TraderId
from aitrader.model.instrument import PriceLimits
from aitrader.model.order import Order, OrderStatus, Side
from aitrader.model.signal import Signal
from aitrader.model.trader import (
    Brakes,
    Level,
    LevelKind,
    Limits,
    PositionSide,
    SizeKind,
    Target,
)

PLACE = ids.position_id(SIGNAL)


def wanted(desk: Desk, signal: Signal | None = None) -> list[Event | Command]:
    return entries.want(desk, EntryWanted(at_ms=AT_MS, signal=signal or a_signal()))


def reason(answer: list[Event | Command]) -> str:
    (fact,) = answer
    assert isinstance(fact, EntryRefused)
    return fact.reason


def planned(desk: Desk) -> Order:
    fact = wanted(desk)[0]
    assert isinstance(fact, OrderPlanned)
    return fact.order


def test_an_entry_is_planned_sent_and_watched() -> None:
    answer = wanted(a_desk())
    assert types(answer) == [OrderPlanned, SubmitOrder, StartTimer, StartTimer]
    (plan, submit, _query, rest) = answer
    assert isinstance(plan, OrderPlanned)
    assert isinstance(submit, SubmitOrder)
    assert submit.orders == (plan.order,)
    assert (plan.order.quantity, plan.order.side) == (Decimal(1), Side.BUY)
    assert plan.order.not_after_ms == AT_MS + 5_000
    assert isinstance(rest, StartTimer)
    assert rest.due_ms == AT_MS + 300_000 + 5_000


def test_a_short_is_entered_by_selling() -> None:
    desk = a_desk()
    desk.traders[TRADER] = a_trader(plan=a_plan(side=PositionSide.SHORT))
    assert planned(desk).side is Side.SELL


def test_a_wish_repeated_changes_nothing() -> None:
    desk = a_desk()
    wanted(desk)
    assert wanted(desk) == []


def test_an_entry_on_its_way_keeps_its_money() -> None:
    desk = a_desk()
    order = planned(desk)
    assert desk.account.spendable(Decimal(0)) == Decimal(10_000) - Decimal("100.3")
    assert desk.is_taken(TRADER, order.symbol)


def test_a_removed_trader_enters_nothing() -> None:
    desk = a_desk()
    desk.traders.clear()
    assert reason(wanted(desk)) == "the trader was removed"


def test_without_the_symbols_rules_nothing_is_entered() -> None:
    desk = a_desk()
    desk.instruments.clear()
    assert "rules for BTCUSDT are not known" in reason(wanted(desk))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"is_paused": True}, "paused"),
        ({"is_feed_up": False}, "no market data"),
        ({"quarantined": {(TRADER, "BTCUSDT")}}, "quarantined"),
        ({"instruments": {"BTCUSDT": an_instrument(is_trading=False)}}, "not traded"),
        ({"instruments": {"BTCUSDT": an_instrument(min_notional=Decimal(500))}}, "too small"),
        ({"traders": {TRADER: a_trader(is_enabled=False)}}, "switched off"),
    ],
)
def test_each_rule_is_asked(changes: dict[str, object], words: str) -> None:
    desk = a_desk()
    for name, value in changes.items():
        setattr(desk, name, value)
    assert words in reason(wanted(desk))


def test_nothing_is_entered_on_an_old_close() -> None:
    late_ms = AT_MS + 300_000 + entries.REST_SLACK_MS
    in_time = entries.want(a_desk(), EntryWanted(at_ms=late_ms, signal=a_signal()))
    assert types(in_time)[0] is OrderPlanned
    too_late = entries.want(a_desk(), EntryWanted(at_ms=late_ms + 1, signal=a_signal()))
    assert "closed too long ago" in reason(too_late)


def test_the_stops_that_will_rest_are_counted_before_an_entry() -> None:
    three = tuple(
        Target(Level(LevelKind.PERCENT, Decimal(pct)), Decimal("0.3")) for pct in (1, 2, 3)
    )
    resting = (a_stop(1, position_id=PLACE.replace("p-", "p-other")), a_stop(2))
    desk = a_desk(*resting)
    assert "4 would be needed" in reason(
        wanted(desk, a_signal(exits=some_exits(take_profit=three)))
    )
    bare = some_exits(stop_loss=None, take_profit=three)
    assert types(wanted(desk, a_signal(exits=bare)))[0] is OrderPlanned


def answered(desk: Desk, order: Order, **changes: object) -> list[Event | Command]:
    after = msgspec.structs.replace(order, **changes)
    return entries.updated(desk, after, at_ms=AT_MS + 9)


@pytest.mark.parametrize(
    ("status", "note", "words"),
    [
        (OrderStatus.REJECTED, "no funds", "the venue refused the order: no funds"),
        (OrderStatus.EXPIRED, "", "the order ended unfilled"),
        (OrderStatus.CANCELED, "", "the order was canceled before it filled"),
    ],
)
def test_an_entry_that_ended_empty_is_given_up(status: OrderStatus, note: str, words: str) -> None:
    desk = a_desk()
    order = planned(desk)

    over, *rest = answered(desk, order, status=status, note=note)
    assert isinstance(over, StopTimer)
    assert reason(rest) == words

    assert not desk.is_taken(TRADER, order.symbol)
    assert desk.account.free(Decimal(0)) == Decimal(10_000)
    assert types(answered(desk, order, status=status, note=note)) == [StopTimer]


def test_an_entry_that_filled_ends_its_promise_and_waits_for_its_position() -> None:
    desk = a_desk()
    order = planned(desk)
    after = answered(desk, order, status=OrderStatus.FILLED, fills=(a_fill(),))
    assert after == [StopTimer(timer_id=TimerId(f"entry-rest:{order.client_order_id}"))]
    assert desk.account.free(Decimal(0)) == Decimal(10_000)
    assert desk.open_count() == 1


def test_an_entry_that_was_accepted_is_waited_for() -> None:
    desk = a_desk()
    order = planned(desk)
    assert answered(desk, order, status=OrderStatus.OPEN) == []


def test_what_fills_in_part_has_a_short_while_for_the_rest() -> None:
    desk = a_desk()
    order = planned(desk)
    part = a_fill(quantity=Decimal("0.4"))
    for fills in ((part,), (part, a_fill(2, quantity=Decimal("0.4"), at_ms=AT_MS + 1_900))):
        (timer,) = answered(desk, order, status=OrderStatus.OPEN, fills=fills)
        assert isinstance(timer, StartTimer)
        assert timer.due_ms == part.at_ms + 2_000, "more parts do not put it off"


def test_an_entry_whose_time_is_over_is_canceled_until_it_is_done() -> None:
    desk = a_desk()
    order = planned(desk)

    answer = entries.rest_due(desk, order.client_order_id, at_ms=AT_MS)

    assert answer[0] == CancelOrders(orders=(order,))
    assert isinstance(answer[1], StartTimer)
    assert answer[1].due_ms == AT_MS + entries.REST_SLACK_MS
    part = a_fill(quantity=Decimal("0.4"))
    desk.table.apply(OrderFilled(at_ms=AT_MS, client_order_id=order.client_order_id, fill=part))
    sooner = entries.rest_due(desk, order.client_order_id, at_ms=AT_MS)[1]
    assert isinstance(sooner, StartTimer)
    assert sooner.due_ms == AT_MS + entries.PART_AGAIN_MS
    gone = ids.client_order_id(PLACE, "ENTRY", 2)
    assert entries.rest_due(desk, gone, at_ms=AT_MS) == []
    done = a_desk(msgspec.structs.replace(order, status=OrderStatus.CANCELED))
    assert entries.rest_due(done, order.client_order_id, at_ms=AT_MS) == []


def test_a_pause_calls_off_what_is_on_its_way_and_no_exit() -> None:
    desk = a_desk(a_stop())
    order = planned(desk)
    cancel, again = entries.called_off(desk, at_ms=AT_MS)
    assert cancel == CancelOrders(orders=(order,))
    assert again == StartTimer(
        timer_id=TimerId(f"entry-rest:{order.client_order_id}"), due_ms=AT_MS + 5_000
    )


def test_a_symbol_that_is_paid_in_another_asset_is_refused() -> None:
    desk = a_desk()
    desk.instruments["ETHBTC"] = an_instrument("ETHBTC", base="ETH", quote="BTC")
    refusal = reason(wanted(desk, a_signal(symbol="ETHBTC")))
    assert refusal == "ETHBTC is paid in BTC and the account is in USDT"


def test_the_limits_of_the_trader_and_of_the_account_hold_an_entry_back() -> None:
    tight = Limits(SizeKind.AMOUNT, Decimal(100), 5, Brakes(max_exposure_pct=Decimal("0.5")))
    desk = a_desk()
    desk.traders[TRADER] = a_trader(plan=a_plan(limits=tight))
    assert reason(wanted(desk)) == (
        "the trader would have 1% of the equity in positions, the limit is 0.5%"
    )

    desk = a_desk(brakes=Brakes(max_entries_per_min=1))
    desk.sent.append((AT_MS, TraderId("other")))
    assert reason(wanted(desk)) == (
        "the account has sent 1 entries within a minute, the limit is 1"
    )


def test_an_entry_is_counted_as_sent_once_it_is_planned() -> None:
    desk = a_desk(brakes=Brakes(max_entries_per_min=1))
    assert planned(desk).quantity == Decimal(1)
    assert list(desk.sent) == [(AT_MS, TRADER)]


def test_a_spot_market_sells_nothing_that_is_not_held() -> None:
    desk = a_desk(has_shorts=False)
    assert types(wanted(desk))[0] is OrderPlanned
    desk = a_desk(has_shorts=False)
    desk.traders[TRADER] = a_trader(plan=a_plan(side=PositionSide.SHORT))
    assert reason(wanted(desk)) == "the exchange's spot market cannot sell what is not held"


def test_an_entry_whose_exits_break_the_symbols_rules_is_refused() -> None:
    desk = a_desk()
    limits = PriceLimits(sell_high_ratio=Decimal("1.01"))
    desk.instruments["BTCUSDT"] = an_instrument(price_limits=limits)
    assert reason(wanted(desk)).startswith("the take profit at 102 is too far from the price 100")


def test_a_symbol_may_state_how_many_stops_rest_at_once() -> None:
    desk = a_desk(a_stop())
    desk.instruments["BTCUSDT"] = an_instrument(max_stops=1)
    assert reason(wanted(desk)).startswith("BTCUSDT takes 1 stop orders at once")


def test_entries_on_their_way_take_the_places_of_their_stops() -> None:
    desk = a_desk()
    desk.instruments["BTCUSDT"] = an_instrument(max_stops=1)
    other = TraderId("other")
    desk.traders[other] = a_trader(trader_id=other)
    planned(desk)
    said = reason(wanted(desk, a_signal(signal_id=SignalId("s-other"), trader_id=other)))
    assert said == "BTCUSDT takes 1 stop orders at once, 1 rest and 1 would be needed"


def test_a_size_in_percent_is_counted_from_the_equity() -> None:
    desk = a_desk()
    desk.traders[TRADER] = a_trader(plan=a_plan(limits=Limits(SizeKind.SIZE, Decimal(5))))
    assert planned(desk).quantity == Decimal(5)


def test_an_entry_that_ended_empty_is_no_active_order_any_more() -> None:
    desk = a_desk()
    order = planned(desk)
    ended = msgspec.structs.replace(order, status=OrderStatus.CANCELED)
    entries.updated(desk, ended, at_ms=AT_MS)
    assert desk.table.positions() == ()


def test_the_cancel_of_a_rest_is_asked_again_some_seconds_later() -> None:
    desk = a_desk()
    order = planned(desk)
    _cancel, again = entries.rest_due(desk, order.client_order_id, at_ms=AT_MS)
    assert isinstance(again, StartTimer)
    assert again.due_ms == AT_MS + entries.REST_SLACK_MS


def test_only_stops_of_the_same_symbol_take_a_place_there() -> None:
    desk = a_desk()
    desk.instruments["BTCUSDT"] = an_instrument(max_stops=1)
    desk.entries[PositionId("p-eth")] = a_signal(
        signal_id=SignalId("s-eth"), symbol="ETHUSDT", trader_id=TraderId("other")
    )
    assert types(wanted(desk))[0] is OrderPlanned


def test_an_entry_without_a_stop_needs_no_place_for_one() -> None:
    desk = a_desk(a_stop())
    desk.instruments["BTCUSDT"] = an_instrument(max_stops=1)
    whole = (Target(Level(LevelKind.PERCENT, Decimal(2)), Decimal(1)),)
    bare = some_exits(stop_loss=None, take_profit=whole)
    assert types(wanted(desk, a_signal(exits=bare)))[0] is OrderPlanned
    on_its_way = a_desk()
    on_its_way.instruments["BTCUSDT"] = an_instrument(max_stops=1)
    on_its_way.entries[PositionId("p-bare")] = a_signal(exits=bare, trader_id=TraderId("other"))
    assert types(wanted(on_its_way))[0] is OrderPlanned
