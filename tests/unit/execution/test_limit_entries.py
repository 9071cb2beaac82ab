"""Entries at a limit, from where they rest to what ends them."""

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
from tests.pipeline import FixedPrices
from tests.unit.execution.desks import a_desk, types

from aitrader.execution import entries, reconcile
from aitrader.execution.desk import Desk
from aitrader.execution.limit_entries import ends_ms, limit_price, may_rest
from aitrader.execution.risk import ExecutionSettings
from aitrader.execution.stage import ExecutionStage
from aitrader.model import ids
from aitrader.model.commands import CancelOrders, Command, StartTimer, StopTimer
from aitrader.model.errors import Refused
from aitrader.model.events import (
    EntriesPaused,
    EntryRefused,
    EntryWanted,
    Event,
    InstrumentsLoaded,
    OrderAccepted,
    OrderPlanned,
    Quarantined,
    Saved,
    SavedAccount,
    Started,
    Stopping,
    TraderRemoved,
    TraderSaved,
)
from aitrader.model.ids import TimerId, TraderId
from aitrader.model.instrument import PriceLimits
from aitrader.model.order import Fill, Order, OrderKind, OrderStatus, Side
from aitrader.model.trader import (
    EntryPlan,
    Exits,
    Level,
    LevelKind,
    Limits,
    Mode,
    PositionSide,
    SizeKind,
    Trader,
)

AT_A_LIMIT = EntryPlan(limit_pct=Decimal("0.257"), good_for_ms=600_000)
PLACE = ids.position_id(SIGNAL)


def a_limit_trader(**changes: object) -> Trader:
    return a_trader(plan=a_plan(entry=AT_A_LIMIT, **changes))


def a_limit_desk(trader: Trader | None = None) -> Desk:
    desk = a_desk()
    desk.traders[TRADER] = trader or a_limit_trader()
    return desk


def wanted(desk: Desk, **changes: object) -> list[Event | Command]:
    return entries.want(desk, EntryWanted(at_ms=AT_MS + 900, signal=a_signal(**changes)))


def planned(desk: Desk) -> Order:
    fact = wanted(desk)[0]
    assert isinstance(fact, OrderPlanned)
    return fact.order


def reason(answer: list[Event | Command]) -> str:
    fact = answer[-1]
    assert isinstance(fact, EntryRefused)
    return fact.reason


def test_an_entry_at_a_limit_rests_below_the_close_and_is_sized_by_its_price() -> None:
    desk = a_limit_desk()
    plan, _submit, _query, rest = wanted(desk)
    assert isinstance(plan, OrderPlanned)
    order = plan.order
    assert (order.kind, order.side, order.price) == (OrderKind.LIMIT, Side.BUY, Decimal("99.74"))
    assert order.quantity == Decimal("1.002"), "100 USDT at the limit, not at the close"
    # What it needs is known to the last digit: it is not promised more than that and the fee.
    needed = Decimal("1.002") * Decimal("99.74") * Decimal("1.001")
    assert desk.account.free(Decimal(0)) == Decimal(10_000) - needed
    # Its time counts from the candle's close, not from when it was decided.
    name = TimerId(f"entry-rest:{order.client_order_id}")
    assert rest == StartTimer(timer_id=name, due_ms=AT_MS + 600_000)


def test_a_short_is_entered_above_the_close() -> None:
    order = planned(a_limit_desk(a_limit_trader(side=PositionSide.SHORT)))
    assert (order.side, order.price) == (Side.SELL, Decimal("100.26"))


def test_without_a_time_a_limit_rests_for_one_candle() -> None:
    assert ends_ms(a_signal(), EntryPlan(limit_pct=Decimal(1))) == AT_MS + 300_000
    assert ends_ms(a_signal(), AT_A_LIMIT) == AT_MS + 600_000


def test_a_market_entry_has_no_limit() -> None:
    assert limit_price(a_signal(), a_plan(), an_instrument()) is None


@pytest.mark.parametrize(
    ("side", "words"),
    [
        (
            PositionSide.LONG,
            "the limit at 99.74 is too far from the price 100: "
            "BTCUSDT takes orders from 99.9 to 101",
        ),
        (
            PositionSide.SHORT,
            "the limit at 100.26 is too far from the price 100: "
            "BTCUSDT takes orders from 95 to 100.1",
        ),
    ],
)
def test_a_limit_too_far_from_the_market_is_not_sent(side: PositionSide, words: str) -> None:
    narrow = PriceLimits(
        buy_low_ratio=Decimal("0.999"),
        buy_high_ratio=Decimal("1.01"),
        sell_low_ratio=Decimal("0.95"),
        sell_high_ratio=Decimal("1.001"),
    )
    desk = a_limit_desk(a_limit_trader(side=side))
    desk.instruments["BTCUSDT"] = an_instrument(price_limits=narrow)
    assert reason(wanted(desk, exits=some_exits(stop_loss=None))) == words


def test_a_limit_below_the_first_tick_is_no_price() -> None:
    with pytest.raises(Refused, match="is below one tick"):
        limit_price(a_signal(price=Decimal("0.01")), a_plan(entry=AT_A_LIMIT), an_instrument())


def test_a_stop_that_the_limit_has_passed_is_refused() -> None:
    near = Exits(stop_loss=Level(LevelKind.PRICE, Decimal("99.8")))
    assert "the stop loss is on the wrong side" in reason(wanted(a_limit_desk(), exits=near))
    far = Exits(stop_loss=Level(LevelKind.PRICE, Decimal("99.5")))
    assert types(wanted(a_limit_desk(), exits=far))[0] is OrderPlanned


def test_the_exposure_counts_what_rests_at_its_limit() -> None:
    desk = a_limit_desk()
    order = planned(desk)
    standing = desk.standing("BTCUSDT", TRADER, at_ms=AT_MS)
    assert standing.exposure == order.quantity * Decimal("99.74")


def answered(desk: Desk, order: Order, **changes: object) -> list[Event | Command]:
    after = msgspec.structs.replace(order, **changes)
    return entries.updated(desk, after, at_ms=AT_MS + 9)


def test_a_part_has_a_short_while_and_a_crumb_all_its_time() -> None:
    desk = a_limit_desk()
    order = planned(desk)
    crumb = a_fill(quantity=Decimal("0.049"))  # 4.84 at the stop: the exchange takes 5 at least
    assert answered(desk, order, status=OrderStatus.OPEN, fills=(crumb,)) == []
    part = a_fill(2, quantity=Decimal("0.1"))
    (timer,) = answered(desk, order, status=OrderStatus.OPEN, fills=(crumb, part))
    assert isinstance(timer, StartTimer)
    assert timer.due_ms == crumb.at_ms + entries.PART_PATIENCE_MS


def test_what_a_part_paid_in_its_own_coin_cannot_be_protected() -> None:
    desk = a_limit_desk()
    order = planned(desk)
    # 0.051 is worth 5.04 at the stop, and 0.050 after the fee 4.95.
    part = a_fill(quantity=Decimal("0.051"), fee=Decimal("0.000051"), fee_asset="BTC")
    assert answered(desk, order, status=OrderStatus.OPEN, fills=(part,)) == []


def test_a_part_is_a_part_where_the_rules_are_not_known() -> None:
    desk = a_limit_desk()
    order = planned(desk)
    desk.instruments.clear()
    crumb = a_fill(quantity=Decimal("0.001"))
    assert types(answered(desk, order, status=OrderStatus.OPEN, fills=(crumb,))) == [StartTimer]


def test_one_that_was_not_reached_says_at_which_price() -> None:
    desk = a_limit_desk()
    over, *rest = answered(desk, planned(desk), status=OrderStatus.CANCELED)
    assert isinstance(over, StopTimer)
    assert reason(rest) == "the order at 99.74 was canceled before it filled"


@pytest.mark.parametrize(
    ("trader", "account", "rests"),
    [
        (a_limit_trader(), "paper", True),
        (None, "paper", False),
        (msgspec.structs.replace(a_limit_trader(), is_enabled=False), "paper", False),
        (msgspec.structs.replace(a_limit_trader(), mode=Mode.LIVE), "paper", False),
        (msgspec.structs.replace(a_limit_trader(), mode=Mode.LIVE), "live", True),
    ],
)
def test_who_may_let_an_entry_rest(trader: Trader | None, account: str, rests: bool) -> None:
    assert may_rest(trader, account) is rests


# -- what calls it off ----------------------------------------------------------------------------


def a_stage(*events: Event) -> ExecutionStage:
    stage = ExecutionStage(ExecutionSettings(), FixedPrices())
    saved = Saved(traders=(a_limit_trader(),), accounts=(SavedAccount(cash=Decimal(1_000)),))
    rules = InstrumentsLoaded(at_ms=AT_MS, instruments=(an_instrument(),))
    entry = EntryWanted(at_ms=AT_MS, signal=a_signal())
    for event in (rules, Started(at_ms=AT_MS, saved=saved), *events, entry):
        stage.handle(event)
    return stage


SAVED_AGAIN = TraderSaved(at_ms=AT_MS, trader=a_limit_trader())
OTHER = TraderId("other")


@pytest.mark.parametrize(
    ("event", "is_called_off"),
    [
        (EntriesPaused(at_ms=AT_MS, is_paused=True), True),
        (TraderRemoved(at_ms=AT_MS, trader_id=TRADER), True),
        (TraderRemoved(at_ms=AT_MS, trader_id=OTHER), False),
        (SAVED_AGAIN, False),
        (
            TraderSaved(
                at_ms=AT_MS, trader=msgspec.structs.replace(a_limit_trader(), is_enabled=False)
            ),
            True,
        ),
        (
            TraderSaved(
                at_ms=AT_MS, trader=msgspec.structs.replace(a_limit_trader(), mode=Mode.LIVE)
            ),
            True,
        ),
        (Quarantined(at_ms=AT_MS, trader_id=TRADER, symbol="BTCUSDT", reason="?"), True),
        (Quarantined(at_ms=AT_MS, trader_id=TRADER, symbol="ETHUSDT", reason="?"), False),
    ],
)
def test_whatever_keeps_the_trader_from_entering_calls_it_off(
    event: Event, is_called_off: bool
) -> None:
    answer = list(a_stage().handle(event))
    # Canceled, and asked for again until it is done.
    assert types(answer) == ([CancelOrders, StartTimer] if is_called_off else [])


def test_what_is_on_its_way_to_the_market_is_let_go_by_a_trader_that_is_switched_off() -> None:
    stage = a_stage(TraderSaved(at_ms=AT_MS, trader=a_trader()))
    off = TraderSaved(at_ms=AT_MS, trader=a_trader(is_enabled=False))
    assert list(stage.handle(off)) == []


def test_an_end_in_order_takes_off_what_rests() -> None:
    assert types(a_stage().handle(Stopping(at_ms=AT_MS))) == [CancelOrders]
    at_market = a_stage(TraderSaved(at_ms=AT_MS, trader=a_trader()))
    assert list(at_market.handle(Stopping(at_ms=AT_MS))) == []


def test_what_comes_to_rest_while_the_engine_ends_is_taken_off_then() -> None:
    stage = a_stage()
    (cancel,) = stage.handle(Stopping(at_ms=AT_MS))  # overtakes the order: nothing is there yet
    assert isinstance(cancel, CancelOrders)
    name = cancel.orders[0].client_order_id
    (update,) = stage.handle(OrderAccepted(at_ms=AT_MS, client_order_id=name))
    (again,) = stage.handle(update)
    assert isinstance(again, CancelOrders)
    assert [row.client_order_id for row in again.orders] == [name]


def test_an_engine_that_ends_enters_nothing() -> None:
    stage = a_stage(Stopping(at_ms=AT_MS))
    answer = list(stage.handle(EntryWanted(at_ms=AT_MS, signal=a_signal())))
    assert reason(answer) == "the engine is ending"


# -- a start --------------------------------------------------------------------------------------


def rested(**saved: object) -> StartTimer:
    """The alarm of an entry that rests when the engine starts, half its time later."""
    order = planned(a_limit_desk())
    fields = {
        "traders": (a_limit_trader(),),
        "signals": (a_signal(),),
        "orders": (msgspec.structs.replace(order, status=OrderStatus.OPEN),),
        "accounts": (SavedAccount(cash=Decimal(1_000)),),
        **saved,
    }
    desk = Desk(ExecutionSettings(), FixedPrices())
    event = Started(at_ms=AT_MS + 300_000, saved=Saved(**fields))  # type: ignore[arg-type]
    (timer,) = reconcile.rebuild(desk, event)
    assert isinstance(timer, StartTimer)
    assert timer.timer_id == f"entry-rest:{order.client_order_id}"
    worst = Decimal("99.74") * order.quantity * Decimal("1.003")
    assert desk.account.free(Decimal(0)) == Decimal(1_000) - worst
    return timer


def test_a_start_takes_up_what_rests_until_the_same_instant() -> None:
    assert rested().due_ms == AT_MS + 600_000


@pytest.mark.parametrize(
    "saved",
    [
        {"is_paused": True},
        {"traders": ()},
        {"traders": (msgspec.structs.replace(a_limit_trader(), is_enabled=False),)},
        {"quarantined": ((TRADER, "BTCUSDT"),)},
        {"signals": ()},
    ],
)
def test_a_start_ends_what_may_not_rest_any_more(saved: dict[str, object]) -> None:
    assert rested(**saved).due_ms <= AT_MS + 300_000


def test_a_start_ends_soon_what_has_filled_in_part() -> None:
    crumb, part = a_fill(quantity=Decimal("0.049")), a_fill(2, quantity=Decimal("0.1"))
    assert resumed(crumb) == [], "too little to be protected: it rests on"
    (timer,) = resumed(crumb, part)
    assert isinstance(timer, StartTimer)
    assert timer.due_ms == crumb.at_ms + entries.PART_PATIENCE_MS


def resumed(*fills: Fill) -> list[Event | Command]:
    """What a start does, once the rules are known, about an entry that has filled so far."""
    order = planned(a_limit_desk())
    saved = Saved(
        traders=(a_limit_trader(),),
        signals=(a_signal(),),
        orders=(msgspec.structs.replace(order, status=OrderStatus.OPEN, fills=fills),),
        accounts=(SavedAccount(cash=Decimal(1_000)),),
    )
    desk = Desk(ExecutionSettings(), FixedPrices())
    desk.instruments["BTCUSDT"] = an_instrument()
    reconcile.rebuild(desk, Started(at_ms=AT_MS + 300_000, saved=saved))
    return reconcile.resume(desk, at_ms=AT_MS + 300_000)


def test_a_limit_by_risk_counts_to_the_stop_from_the_limit() -> None:
    limits = Limits(SizeKind.RISK, Decimal(1), 1)
    desk = a_limit_desk(a_limit_trader(limits=limits))
    near = Exits(stop_loss=Level(LevelKind.PRICE, Decimal("89.74")))
    answer = wanted(desk, exits=near)
    assert isinstance(answer[0], OrderPlanned)
    # 1 % of 10,000 is lost by 10 a unit and the fees of both legs.
    per_unit = 10 + (Decimal("99.74") + Decimal("89.74")) / 1000
    assert answer[0].order.quantity == (100 / per_unit).quantize(Decimal("0.001"), "ROUND_DOWN")
