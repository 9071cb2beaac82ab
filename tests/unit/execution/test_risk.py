from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from tests.builders import AT_MS, a_plan, a_signal, a_trader, an_instrument
from tests.unit.execution.desks import an_audited_stage, told, types

from aitrader.execution.risk import Account, Held, Standing, check, collateral_of, worth_of
from aitrader.model.errors import Refused
from aitrader.model.events import (
    CandlesClosed,
    EntryRefused,
    EntryWanted,
    InstrumentsLoaded,
    OrderPlanned,
    OrderUpdated,
    SavedAccount,
)
from aitrader.model.ids import ClientOrderId, SignalId
from aitrader.model.money import ZERO
from aitrader.model.order import OrderStatus
from aitrader.model.trader import Limits, SizeKind

ONE, TWO = ClientOrderId("o-1"), ClientOrderId("o-2")

GOOD = Standing(
    is_paused=False,
    is_feed_up=True,
    is_current=True,
    is_trader_enabled=True,
    is_quarantined=False,
    is_symbol_taken=False,
    is_trading=True,
    trader_open=0,
    trader_limit=1,
    account_open=0,
    account_limit=20,
    stops_open=0,
    stops_needed=1,
    stops_limit=5,
)


def test_where_nothing_forbids_it_an_entry_may_be_sized() -> None:
    check(GOOD, symbol="BTCUSDT")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"is_paused": True}, "entries are paused"),
        ({"is_feed_up": False}, "there is no market data now"),
        ({"is_current": False}, "the candle it was decided on closed too long ago"),
        ({"is_trader_enabled": False}, "the trader is switched off"),
        ({"is_quarantined": True}, "BTCUSDT is quarantined for this trader"),
        ({"is_symbol_taken": True}, "the trader already holds or awaits BTCUSDT"),
        ({"is_trading": False}, "BTCUSDT is not traded now"),
        ({"trader_open": 1}, "the trader is full: 1 of 1 open"),
        ({"account_open": 20}, "the account is full: 20 of 20 open"),
        (
            {"stops_open": 4, "stops_needed": 2},
            "BTCUSDT takes 5 stop orders at once, 4 rest and 2 would be needed",
        ),
    ],
)
def test_each_rule_refuses_in_its_own_words(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(Refused) as refusal:
        check(msgspec.structs.replace(GOOD, **changes), symbol="BTCUSDT")
    assert refusal.value.reason == reason


def test_an_entry_without_a_stop_needs_no_place_for_one() -> None:
    full = msgspec.structs.replace(GOOD, stops_open=6, stops_needed=0)
    check(full, symbol="BTCUSDT")


def test_a_promise_lessens_what_the_next_entry_may_spend() -> None:
    account = Account(Decimal(1000))
    account.promise(ONE, Decimal(300))
    assert account.spendable(ZERO) == Decimal(700)
    account.promise(TWO, Decimal(300))
    assert account.spendable(ZERO) == Decimal(400)


def test_a_promise_that_ended_is_spendable_at_the_next_close() -> None:
    account = Account(Decimal(1000))
    account.promise(ONE, Decimal(300))
    account.release(ONE)
    account.release(TWO)
    assert account.spendable(ZERO) == Decimal(700)
    account.close_candle(ZERO)
    assert account.spendable(ZERO) == Decimal(1000)


def test_cash_that_came_in_after_the_close_is_not_spent_at_this_close() -> None:
    account = Account(Decimal(1000))
    account.cash += 500
    assert account.free(ZERO) == Decimal(1500)
    assert account.spendable(ZERO) == Decimal(1000)


def test_collateral_of_shorts_is_not_free() -> None:
    account = Account(Decimal(1000))
    assert account.spendable(Decimal(200)) == Decimal(800)


def test_money_of_an_entry_that_came_to_nothing_is_spent_after_the_next_close() -> None:
    limits = Limits(SizeKind.AMOUNT, Decimal(600), 1)
    stage, _alarm = an_audited_stage(
        InstrumentsLoaded(at_ms=AT_MS, instruments=(an_instrument(),)),
        traders=(a_trader(plan=a_plan(limits=limits)),),
        accounts=(SavedAccount(cash=Decimal(1_000)),),
    )
    plan = told(stage, EntryWanted(at_ms=AT_MS, signal=a_signal()))[0]
    assert isinstance(plan, OrderPlanned)
    refused = msgspec.structs.replace(plan.order, status=OrderStatus.REJECTED)
    stage.handle(OrderUpdated(at_ms=AT_MS, order=refused))
    again = EntryWanted(at_ms=AT_MS, signal=a_signal(signal_id=SignalId("s-2")))
    assert types(told(stage, again)) == [EntryRefused]
    stage.handle(CandlesClosed(at_ms=AT_MS, intervals=("1m",)))
    assert types(told(stage, again))[0] is OrderPlanned


def test_shorts_bind_their_proceeds_and_as_much_again() -> None:
    shorts = [Held("BTCUSDT", Decimal(-2), Decimal(100)), Held("ETHUSDT", Decimal(-1), Decimal(5))]
    assert collateral_of(shorts) == 410
    assert collateral_of([]) == 0


def test_what_is_held_is_worth_its_last_price_or_that_of_its_entry() -> None:
    held = [
        Held("BTCUSDT", Decimal(2), Decimal(100)),
        Held("BTCUSDT", Decimal(-1), Decimal(90)),
        Held("ETHUSDT", Decimal(3), Decimal(5)),
    ]
    asked: list[str] = []

    def price_of(symbol: str) -> Decimal | None:
        asked.append(symbol)
        return Decimal(110) if symbol == "BTCUSDT" else None

    assert worth_of(held, price_of) == 110 + 15
    assert asked == ["BTCUSDT", "ETHUSDT"], "a symbol's price is asked for once"
