"""What a trader's file says of notices."""

from __future__ import annotations

from tests.builders import AT_MS, TRADER, a_plan, a_position, a_signal, a_trader

from aitrader.model.decision import Choice, Decision
from aitrader.model.events import (
    DecisionMade,
    PositionClosed,
    Saved,
    SignalRaised,
    Started,
    TraderRemoved,
    TraderSaved,
)
from aitrader.model.ids import SignalId
from aitrader.notify.wishes import MOST_SIGNALS, Wishes
from aitrader.notify.wording import Topic

RAISED = SignalRaised(at_ms=AT_MS, signal=a_signal())
ASKED = a_trader(plan=a_plan(analyst="look at the volume", notify=("analyses",)))


def decided(signal_id: SignalId = RAISED.signal.signal_id) -> DecisionMade:
    return DecisionMade(at_ms=AT_MS, decision=Decision(signal_id, Choice.SKIP, "too thin"))


def test_an_analysis_is_told_with_its_trader_and_symbol() -> None:
    wishes = Wishes()
    wishes.learn(TraderSaved(at_ms=AT_MS, trader=ASKED))
    wishes.learn(RAISED)
    assert wishes.find_analysis(decided()) == (Topic.ANALYSES, "dip: skip BTCUSDT: too thin")
    assert wishes.find(decided()) == wishes.find(RAISED) == ("analyses",)
    assert wishes.find(PositionClosed(at_ms=AT_MS, position=a_position())) is None


def test_what_the_rules_alone_decide_is_no_analysis() -> None:
    wishes = Wishes()
    wishes.learn(TraderSaved(at_ms=AT_MS, trader=a_trader()))
    wishes.learn(RAISED)
    assert wishes.find_analysis(decided()) is None
    assert wishes.find(decided()) is None
    assert wishes.find(RAISED) is None


def test_a_trader_that_was_there_at_the_start_is_known_until_it_is_removed() -> None:
    wishes = Wishes()
    saved = Saved(traders=(ASKED,), signals=(RAISED.signal,))
    wishes.learn(Started(at_ms=AT_MS, saved=saved))
    assert wishes.find_analysis(decided()) is not None
    wishes.learn(TraderRemoved(at_ms=AT_MS, trader_id=TRADER))
    assert wishes.find(RAISED) is None


def test_only_the_newest_signals_are_remembered() -> None:
    wishes = Wishes()
    wishes.learn(TraderSaved(at_ms=AT_MS, trader=ASKED))
    for number in range(MOST_SIGNALS + 1):
        signal = a_signal(signal_id=SignalId(f"s-{number}"))
        wishes.learn(SignalRaised(at_ms=AT_MS, signal=signal))
    assert wishes.find_analysis(decided(SignalId("s-0"))) is None
    assert wishes.find_analysis(decided(SignalId("s-1"))) is not None
