from __future__ import annotations

import msgspec
from tests.builders import (
    AT_MS,
    TRADER,
    a_match,
    a_plan,
    a_position,
    a_signal,
    a_trader,
    an_order,
)

from aitrader.model import ids
from aitrader.model.account import LIVE, PAPER
from aitrader.model.commands import Command, StartTimer
from aitrader.model.decision import Choice, Decision
from aitrader.model.events import (
    DecisionMade,
    EntryRefused,
    EntryWanted,
    Event,
    FeedChanged,
    FilterMatched,
    PositionOpened,
    Quarantined,
    Saved,
    SignalRaised,
    SignalUpdated,
    Started,
    TimerDue,
    TraderRemoved,
    TraderSaved,
)
from aitrader.model.ids import SignalId, TimerId
from aitrader.model.signal import Signal, SignalStatus
from aitrader.model.trader import Mode
from aitrader.signals.stage import MOST_ENDED, SignalStage

MATCHED = FilterMatched(at_ms=AT_MS, match=a_match())


def told(stage: SignalStage, event: Event) -> list[Event | Command]:
    return list(stage.handle(event))


def a_stage(**changes: object) -> SignalStage:
    stage = SignalStage()
    stage.handle(TraderSaved(at_ms=AT_MS, trader=a_trader(**changes)))
    return stage


def a_raised(stage: SignalStage) -> Signal:
    (fact,) = told(stage, MATCHED)
    assert isinstance(fact, SignalRaised)
    return fact.signal


def decided(signal: Signal, choice: Choice, **changes: int) -> DecisionMade:
    decision = Decision(signal_id=signal.signal_id, choice=choice, reason="so it is")
    return DecisionMade(at_ms=AT_MS, decision=msgspec.structs.replace(decision, **changes))


def the_signal(answer: list[Event | Command]) -> Signal:
    fact = answer[0]
    assert isinstance(fact, SignalUpdated)
    return fact.signal


def test_without_an_analyst_a_signal_is_entered_at_once() -> None:
    stage = a_stage()
    signal = a_raised(stage)

    (decision,) = told(stage, SignalRaised(at_ms=AT_MS, signal=signal))
    assert isinstance(decision, DecisionMade)
    assert decision.decision.choice is Choice.ENTER

    assert told(stage, decision) == [EntryWanted(at_ms=AT_MS, signal=signal)]


def live_answer(stage: SignalStage) -> list[Event | Command]:
    return told(stage, decided(a_raised(stage), Choice.ENTER))


def test_the_entry_of_a_live_trader_is_wanted_of_the_live_account() -> None:
    stage = SignalStage((PAPER, LIVE))
    stage.handle(TraderSaved(at_ms=AT_MS, trader=a_trader(mode=Mode.LIVE)))
    (wanted,) = live_answer(stage)
    assert isinstance(wanted, EntryWanted)
    assert wanted.account == LIVE


def test_a_live_trader_without_a_live_account_enters_nothing_on_paper_either() -> None:
    stage = a_stage(mode=Mode.LIVE)
    (refused,) = live_answer(stage)
    assert isinstance(refused, EntryRefused)
    assert refused.reason == "live trading is off: PAPER_TRADING is true"
    skipped = the_signal(told(stage, refused))
    assert skipped.status is SignalStatus.SKIPPED


def test_a_signal_of_a_trader_that_is_gone_can_only_be_papers() -> None:
    stage = a_stage()
    signal = a_raised(stage)
    stage.handle(TraderRemoved(at_ms=AT_MS, trader_id=TRADER))
    assert told(stage, decided(signal, Choice.ENTER)) == [EntryWanted(at_ms=AT_MS, signal=signal)]


def test_with_an_analyst_and_no_model_a_signal_is_skipped() -> None:
    stage = a_stage(plan=a_plan(analyst="look at volume"))
    signal = a_raised(stage)

    (decision,) = told(stage, SignalRaised(at_ms=AT_MS, signal=signal))

    skipped = the_signal(told(stage, decision))  # type: ignore[arg-type]
    assert (skipped.status, skipped.note) == (SignalStatus.SKIPPED, "no model is configured")


def test_a_signal_raised_twice_changes_nothing() -> None:
    stage = a_stage()
    signal = a_raised(stage)
    assert told(stage, MATCHED) == []
    stage.handle(EntryRefused(at_ms=AT_MS, signal_id=signal.signal_id, reason="no cash"))
    assert told(stage, MATCHED) == []


def test_a_match_of_an_unknown_trader_is_nothing() -> None:
    assert told(SignalStage(), MATCHED) == []


def test_a_refused_entry_skips_the_signal_with_the_reason() -> None:
    stage = a_stage()
    signal = a_raised(stage)
    refusal = EntryRefused(at_ms=AT_MS, signal_id=signal.signal_id, reason="no cash")

    assert the_signal(told(stage, refusal)).note == "no cash"
    assert told(stage, refusal) == []
    assert told(stage, decided(signal, Choice.ENTER)) == []


def test_an_opened_position_ends_the_signal_even_after_a_refusal() -> None:
    stage = a_stage()
    signal = a_raised(stage)
    opened = PositionOpened(at_ms=AT_MS, position=a_position(signal_id=signal.signal_id))
    stage.handle(EntryRefused(at_ms=AT_MS, signal_id=signal.signal_id, reason="late"))

    assert the_signal(told(stage, opened)).status is SignalStatus.ENTERED
    assert told(stage, opened) == []


def test_a_signal_that_ended_long_ago_is_not_entered_any_more() -> None:
    stage = a_stage()
    ended = []
    for number in range(MOST_ENDED + 1):
        (fact,) = told(stage, FilterMatched(at_ms=AT_MS, match=a_match(symbol=f"S{number}USDT")))
        assert isinstance(fact, SignalRaised)
        ended.append(fact.signal.signal_id)
        stage.handle(EntryRefused(at_ms=AT_MS, signal_id=ended[-1], reason="late"))
    first, second = (
        told(stage, PositionOpened(at_ms=AT_MS, position=a_position(signal_id=signal_id)))
        for signal_id in ended[:2]
    )
    assert not first
    assert the_signal(second).status is SignalStatus.ENTERED


def test_what_is_said_of_unknown_signals_is_nothing() -> None:
    stage = a_stage()
    stranger = SignalId("s-stranger")
    assert told(stage, EntryRefused(at_ms=AT_MS, signal_id=stranger, reason="")) == []
    assert told(stage, PositionOpened(at_ms=AT_MS, position=a_position())) == []
    assert told(stage, TimerDue(at_ms=AT_MS, timer_id=TimerId("signal-wait:s-stranger"))) == []
    assert told(stage, TimerDue(at_ms=AT_MS, timer_id=TimerId("other"))) == []
    assert told(stage, FeedChanged(at_ms=AT_MS, is_up=True, reason="")) == []


def test_a_waiting_signal_is_looked_at_again_while_it_is_fresh() -> None:
    stage = a_stage()
    signal = a_raised(stage)

    updated, timer = told(stage, decided(signal, Choice.WAIT))
    assert isinstance(updated, SignalUpdated)
    assert updated.signal.status is SignalStatus.WAITING
    assert isinstance(timer, StartTimer)
    assert timer.due_ms == AT_MS + 60_000
    assert told(stage, decided(signal, Choice.WAIT, recheck_after_ms=5))[0] == StartTimer(
        timer_id=timer.timer_id, due_ms=AT_MS + 5
    )

    (again,) = told(stage, TimerDue(at_ms=AT_MS + 60_000, timer_id=timer.timer_id))
    assert isinstance(again, DecisionMade)
    entered = told(stage, again)
    assert [type(row) for row in entered] == [SignalUpdated, EntryWanted]


def test_a_waiting_signal_expires_with_its_candle() -> None:
    stage = a_stage()
    _updated, timer = told(stage, decided(a_raised(stage), Choice.WAIT))
    assert isinstance(timer, StartTimer)

    answer = told(stage, TimerDue(at_ms=AT_MS + 300_000, timer_id=timer.timer_id))

    assert the_signal(answer).status is SignalStatus.EXPIRED


def test_an_impossible_move_quarantines_the_symbol() -> None:
    stage = a_stage()
    signal = a_raised(stage)
    stage.handle(decided(signal, Choice.WAIT))

    (answer,) = told(stage, EntryRefused(at_ms=AT_MS, signal_id=signal.signal_id, reason="?"))

    assert isinstance(answer, Quarantined)


def test_a_removed_trader_raises_nothing_and_its_signals_are_skipped() -> None:
    stage = a_stage()
    signal = a_raised(stage)
    stage.handle(TraderRemoved(at_ms=AT_MS, trader_id=TRADER))

    assert told(stage, MATCHED) == []
    (decision,) = told(stage, SignalRaised(at_ms=AT_MS, signal=signal))
    assert isinstance(decision, DecisionMade)
    assert decision.decision.choice is Choice.SKIP


def started(at_ms: int, **saved: object) -> list[Event | Command]:
    event = Started(at_ms=at_ms, saved=Saved(**saved))  # type: ignore[arg-type]
    return told(SignalStage(), event)


def test_starting_decides_fresh_signals_without_order_again() -> None:
    signal = a_signal()
    (decision,) = started(AT_MS + 1, traders=(a_trader(),), signals=(signal,))
    assert isinstance(decision, DecisionMade)


def test_starting_leaves_ordered_signals_to_their_orders() -> None:
    signal = a_signal()
    entry = an_order(position_id=ids.position_id(signal.signal_id))
    assert started(AT_MS, traders=(a_trader(),), signals=(signal,), orders=(entry,)) == []


def test_starting_expires_what_is_old_or_nobodys() -> None:
    old = started(AT_MS + 300_000, traders=(a_trader(),), signals=(a_signal(),))
    orphan = started(AT_MS, signals=(a_signal(),))
    assert the_signal(old).note == "it was too old to enter when the engine started"
    assert the_signal(orphan).note == "the trader was removed"
