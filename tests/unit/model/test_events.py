"""Events: facts that are never changed and that come back from disk as they went."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from tests.builders import AT_MS, a_fill, a_filled_order, a_position, a_signal, a_trader, an_order

from aitrader.model.account import LIVE, PAPER
from aitrader.model.decision import Choice, Decision
from aitrader.model.events import (
    DURABLE,
    MONEY,
    CandlesClosed,
    CashChanged,
    DecisionMade,
    Event,
    OrderUpdated,
    PositionOpened,
    Saved,
    SavedAccount,
    SignalRaised,
    Started,
    TraderSaved,
)
from aitrader.model.ids import SignalId

ALL = Event.__subclasses__()

FACTS: list[Event] = [
    CandlesClosed(at_ms=AT_MS, intervals=("1m", "5m"), missed=(("BTCUSDT", "5m"),)),
    TraderSaved(at_ms=AT_MS, trader=a_trader()),
    SignalRaised(at_ms=AT_MS, signal=a_signal()),
    DecisionMade(at_ms=AT_MS, decision=Decision(SignalId("s-1"), Choice.ENTER, "no analyst")),
    OrderUpdated(at_ms=AT_MS, order=a_filled_order(), fill=a_fill()),
    CashChanged(at_ms=AT_MS, cash=Decimal("9899.90000000")),
    PositionOpened(at_ms=AT_MS, position=a_position()),
]


@pytest.mark.parametrize("kind", ALL)
def test_a_fact_is_never_changed(kind: type[Event]) -> None:
    assert kind.__struct_config__.frozen


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: type(fact).__name__)
def test_a_fact_comes_back_from_its_bytes_as_it_was(fact: Event) -> None:
    assert msgspec.json.decode(msgspec.json.encode(fact), type=type(fact)) == fact


def test_the_bytes_name_the_kind() -> None:
    fact = CashChanged(at_ms=AT_MS, cash=Decimal(1))
    assert msgspec.json.decode(msgspec.json.encode(fact))["type"] == "CashChanged"


def test_all_money_is_durable() -> None:
    assert set(MONEY) <= set(DURABLE)


def test_nothing_is_durable_twice() -> None:
    assert len(set(DURABLE)) == len(DURABLE)


def test_a_first_start_remembers_nothing() -> None:
    started = Started(at_ms=AT_MS, saved=Saved())
    assert started.saved.account(LIVE) == SavedAccount(LIVE, None, Decimal(0))
    assert started.saved.positions == ()


def test_what_was_saved_can_be_had_of_some_accounts_alone() -> None:
    paper, live = SavedAccount(cash=Decimal(1)), SavedAccount(LIVE, cash=Decimal(2))
    saved = Saved(
        orders=(an_order(), an_order(account=LIVE)),
        positions=(a_position(account=LIVE),),
        accounts=(paper, live),
        is_paused=True,
    )
    assert saved.of(LIVE) == Saved(
        orders=(an_order(account=LIVE),),
        positions=(a_position(account=LIVE),),
        accounts=(live,),
        is_paused=True,
    )
    assert saved.of(PAPER).positions == ()
    assert saved.of(PAPER, LIVE) == saved
    assert saved.account(LIVE) == live
