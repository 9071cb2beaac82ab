from __future__ import annotations

import msgspec
import pytest
from tests.builders import AT_MS, TRADER, a_match, a_position, a_signal
from tests.unit.screening.traders import (
    BROKEN,
    FLAT,
    JUMP,
    RISING,
    STEP_MS,
    SYMBOLS,
    a_compiled,
    a_table,
)

from aitrader.market.series import SeriesTable
from aitrader.model.commands import Command, Screen, WatchMarket
from aitrader.model.events import (
    CandlesClosed,
    EntriesPaused,
    Event,
    ExitConditionsMet,
    FeedChanged,
    FilterFailed,
    FilterMatched,
    PositionClosed,
    PositionOpened,
    Quarantined,
    Saved,
    ScreenDone,
    SignalRaised,
    SignalUpdated,
    Started,
    TraderRemoved,
    TraderSaved,
    UniverseChanged,
)
from aitrader.model.ids import TraderId
from aitrader.model.signal import ExitMatch, Match, SignalStatus
from aitrader.model.trader import Trader
from aitrader.screening.stage import ScreeningStage

CLOSED = CandlesClosed(at_ms=AT_MS, intervals=("1m", "5m"))
SAVED_MS = AT_MS - 60_000


def told(stage: ScreeningStage, event: Event) -> list[Event | Command]:
    return list(stage.handle(event))


def a_stage(*traders: Trader, table: SeriesTable | None = None) -> ScreeningStage:
    series = table or a_table({"BTCUSDT": JUMP, "ETHUSDT": FLAT})
    stage = ScreeningStage(series, series)
    stage.handle(Started(at_ms=SAVED_MS, saved=Saved()))
    for trader in traders or (a_compiled(),):
        stage.handle(TraderSaved(at_ms=SAVED_MS, trader=trader))
        stage.handle(
            UniverseChanged(at_ms=SAVED_MS, universe=trader.plan.universe, symbols=SYMBOLS)
        )
    return stage


def done(*matches: Match, **changes: object) -> ScreenDone:
    answer = ScreenDone(
        at_ms=AT_MS + 50,
        closed_ms=AT_MS,
        matches=matches,
        exit_matches=(),
        warming=(),
        faults=(),
        checks=2,
        cpu_ms=1.0,
    )
    return msgspec.structs.replace(answer, **changes)


def found(answer: list[Event | Command]) -> list[tuple[str, str]]:
    return [
        (row.match.trader_id, row.match.symbol) for row in answer if isinstance(row, FilterMatched)
    ]


def test_a_close_is_screened_and_the_answer_becomes_matches() -> None:
    stage = a_stage()

    (command,) = told(stage, CLOSED)
    assert isinstance(command, Screen)
    assert command.closed_ms == AT_MS

    assert found(told(stage, command.run())) == [("dip", "BTCUSDT")]


def test_a_close_is_screened_once_and_never_one_of_the_last_run() -> None:
    stage = a_stage()
    told(stage, CLOSED)
    assert told(stage, CLOSED) == []

    again = ScreeningStage(SeriesTable(), SeriesTable())
    saved = Saved(
        traders=(a_compiled(),),
        universes=((a_compiled().plan.universe, SYMBOLS),),
        last_event_ms=AT_MS,
    )
    again.handle(Started(at_ms=AT_MS, saved=saved))
    assert told(again, CLOSED) == []
    later = CandlesClosed(at_ms=AT_MS + STEP_MS, intervals=("5m",))
    assert isinstance(told(again, later)[0], Screen)


def test_a_close_that_concerns_nobody_is_nothing() -> None:
    assert told(a_stage(), CandlesClosed(at_ms=AT_MS, intervals=("1m",))) == []
    assert told(a_stage(), FeedChanged(at_ms=AT_MS, is_up=True, reason="")) == []


def test_streams_are_said_when_they_change_and_only_then() -> None:
    table = SeriesTable()
    stage = ScreeningStage(table, table)
    trader = a_compiled()
    universe = trader.plan.universe
    assert told(stage, TraderSaved(at_ms=AT_MS, trader=trader)) == []

    (watch,) = told(stage, UniverseChanged(at_ms=AT_MS, universe=universe, symbols=SYMBOLS))
    assert isinstance(watch, WatchMarket)
    assert {row.symbol for row in watch.streams} == set(SYMBOLS)
    assert told(stage, TraderSaved(at_ms=AT_MS, trader=trader)) == []
    anew = UniverseChanged(at_ms=AT_MS, universe=universe, symbols=SYMBOLS[::-1])
    assert told(stage, anew) == []

    assert told(stage, TraderRemoved(at_ms=AT_MS, trader_id=TRADER)) == [WatchMarket(streams=())]


def test_a_held_symbol_stays_watched_when_it_leaves_the_universe() -> None:
    stage = a_stage()
    held = a_position(symbol="ETHUSDT")
    universe = a_compiled().plan.universe
    assert told(stage, PositionOpened(at_ms=AT_MS, position=held)) == []

    changed = UniverseChanged(at_ms=AT_MS, universe=universe, symbols=("BTCUSDT",))
    assert told(stage, changed) == []

    (watch,) = told(stage, PositionClosed(at_ms=AT_MS, position=held))
    assert isinstance(watch, WatchMarket)
    assert [row.symbol for row in watch.streams] == ["BTCUSDT"]


def test_matches_are_ranked_by_trader_then_universe() -> None:
    stage = a_stage(a_compiled(rank=2), a_compiled(trader_id="first", rank=1))
    rows = [
        a_match(symbol="ETHUSDT"),
        a_match(symbol="BTCUSDT"),
        a_match(trader_id=TraderId("first"), symbol="ETHUSDT"),
    ]
    assert found(told(stage, done(*rows))) == [
        ("first", "ETHUSDT"),
        ("dip", "BTCUSDT"),
        ("dip", "ETHUSDT"),
    ]


def test_a_symbol_that_left_the_universe_meanwhile_comes_last() -> None:
    rows = [a_match(symbol="SOLUSDT"), a_match(symbol="ETHUSDT")]
    assert found(told(a_stage(), done(*rows))) == [("dip", "ETHUSDT"), ("dip", "SOLUSDT")]


@pytest.mark.parametrize(
    "meanwhile",
    [
        EntriesPaused(at_ms=AT_MS, is_paused=True),
        TraderSaved(at_ms=AT_MS, trader=a_compiled(is_enabled=False)),
        TraderSaved(at_ms=AT_MS + 1, trader=a_compiled(RISING + "\n")),
        TraderRemoved(at_ms=AT_MS, trader_id=TRADER),
        Quarantined(at_ms=AT_MS, trader_id=TRADER, symbol="BTCUSDT", reason="overfill"),
        PositionOpened(at_ms=AT_MS, position=a_position()),
        SignalRaised(at_ms=AT_MS, signal=a_signal()),
        done(faults=((TRADER, "division by zero"),)),
    ],
)
def test_what_happened_since_may_forbid_a_match(meanwhile: Event) -> None:
    stage = a_stage()
    stage.handle(meanwhile)
    assert found(told(stage, done(a_match()))) == []


@pytest.mark.parametrize(
    "meanwhile",
    [
        EntriesPaused(at_ms=AT_MS, is_paused=False),
        SignalUpdated(at_ms=AT_MS, signal=a_signal(status=SignalStatus.SKIPPED)),
        PositionClosed(at_ms=AT_MS, position=a_position()),
    ],
)
def test_what_is_over_forbids_nothing(meanwhile: Event) -> None:
    stage = a_stage()
    stage.handle(SignalRaised(at_ms=AT_MS, signal=a_signal()))
    stage.handle(SignalUpdated(at_ms=AT_MS, signal=a_signal(status=SignalStatus.ENTERED)))
    stage.handle(meanwhile)
    assert found(told(stage, done(a_match()))) == [("dip", "BTCUSDT")]


def test_exit_conditions_are_said_of_what_is_still_held() -> None:
    stage = a_stage()
    row = ExitMatch(TRADER, "BTCUSDT", AT_MS - STEP_MS, "below its average")
    assert told(stage, done(exit_matches=(row,))) == []

    stage.handle(PositionOpened(at_ms=AT_MS, position=a_position()))

    (met,) = told(stage, done(exit_matches=(row,)))
    assert isinstance(met, ExitConditionsMet)
    assert (met.symbol, met.condition) == ("BTCUSDT", "below its average")


def test_a_fault_is_said_once_and_its_trader_is_not_screened_until_saved_anew() -> None:
    stage = a_stage()
    fault = done(faults=((TRADER, "division by zero"),))

    (failed,) = told(stage, fault)
    assert isinstance(failed, FilterFailed)
    assert told(stage, fault) == []
    assert told(stage, CLOSED) == []

    stage.handle(TraderSaved(at_ms=AT_MS, trader=a_compiled()))
    later = CandlesClosed(at_ms=AT_MS + STEP_MS, intervals=("5m",))
    assert isinstance(told(stage, later)[0], Screen)


def test_a_file_that_does_not_compile_fails_when_the_engine_starts() -> None:
    table = SeriesTable()
    stage = ScreeningStage(table, table)
    broken = a_compiled(source=RISING)
    broken = msgspec.structs.replace(broken, source=BROKEN)

    (failed,) = told(stage, Started(at_ms=AT_MS, saved=Saved(traders=(broken,))))

    assert isinstance(failed, FilterFailed)
    assert "smaa" in failed.reason
    assert told(stage, CLOSED) == []


def test_starting_knows_what_is_held_and_awaited() -> None:
    table = a_table({"BTCUSDT": JUMP, "ETHUSDT": JUMP})
    stage = ScreeningStage(table, table)
    saved = Saved(
        traders=(a_compiled(),),
        universes=((a_compiled().plan.universe, SYMBOLS),),
        positions=(a_position(),),
        signals=(a_signal(symbol="ETHUSDT"),),
        last_event_ms=SAVED_MS,
    )

    (watch,) = told(stage, Started(at_ms=AT_MS, saved=saved))

    assert isinstance(watch, WatchMarket)
    assert found(told(stage, done(a_match(), a_match(symbol="ETHUSDT")))) == []


def test_a_quarantine_outlives_a_restart() -> None:
    series = a_table({"BTCUSDT": JUMP, "ETHUSDT": FLAT})
    stage = ScreeningStage(series, series)
    trader = a_compiled()
    saved = Saved(
        traders=(trader,),
        universes=((trader.plan.universe, SYMBOLS),),
        quarantined=((trader.trader_id, "BTCUSDT"),),
    )
    stage.handle(Started(at_ms=SAVED_MS, saved=saved))
    both = done(a_match(), a_match(symbol="ETHUSDT"))
    assert found(told(stage, both)) == [("dip", "ETHUSDT")]
    stage.handle(TraderSaved(at_ms=SAVED_MS, trader=trader))
    assert found(told(stage, both)) == [("dip", "BTCUSDT"), ("dip", "ETHUSDT")]
