from __future__ import annotations

from collections.abc import Mapping

import pytest
from tests.builders import AT_MS
from tests.unit.screening.traders import (
    DROP,
    FLAT,
    HOURLY,
    JUMP,
    RISING,
    STEP_MS,
    SYMBOLS,
    WITH_BITCOIN,
    a_table,
    fill,
)

from aitrader.filters.answers import Answers
from aitrader.filters.compiled import CompiledTrader
from aitrader.filters.evaluate import Program
from aitrader.filters.panel import Panel
from aitrader.filters.traderfile import compile_trader
from aitrader.market.series import SeriesTable
from aitrader.model.commands import Stream
from aitrader.model.errors import FilterFault
from aitrader.model.events import ScreenDone
from aitrader.model.ids import TraderId
from aitrader.screening.match import Evaluator, Group, Round, Watcher, needs_of, screen

ONE, TWO = TraderId("one"), TraderId("two")


def a_watcher(
    source: str = RISING,
    *,
    trader_id: TraderId = ONE,
    symbols: tuple[str, ...] = SYMBOLS,
    held: tuple[str, ...] = (),
) -> Watcher:
    return Watcher(trader_id, compile_trader(source), symbols, held)


def a_round(*watchers: Watcher, missed: frozenset[tuple[str, str]] = frozenset()) -> Round:
    program = Program({row.trader_id: row.compiled for row in watchers})
    return Round(AT_MS, (Group("5m", program, watchers, Program),), missed)


def screened(table: SeriesTable, *watchers: Watcher, **changes: object) -> ScreenDone:
    return screen(a_round(*watchers, **changes), table, table)  # type: ignore[arg-type]


def test_a_match_carries_the_candle_its_close_and_why() -> None:
    done = screened(a_table({"BTCUSDT": JUMP, "ETHUSDT": FLAT}), a_watcher())

    (match,) = done.matches
    assert (match.symbol, match.close, match.interval) == ("BTCUSDT", 110.0, "5m")
    assert match.candle_open_ms == AT_MS - STEP_MS
    assert match.findings[0].condition == "above its average"
    assert match.exits.stop_loss is not None
    assert (done.checks, done.warming, done.faults) == (2, (), ())


def test_a_held_symbol_is_asked_for_its_exit_and_never_entered() -> None:
    rising = screened(a_table({"BTCUSDT": JUMP}), a_watcher(held=("BTCUSDT",)))
    falling = screened(a_table({"BTCUSDT": DROP}), a_watcher(symbols=(), held=("BTCUSDT",)))

    assert (rising.matches, rising.exit_matches) == ((), ())
    (leaving,) = falling.exit_matches
    assert (leaving.symbol, leaving.condition) == ("BTCUSDT", "below its average")


def test_a_short_series_is_warming_up_and_the_least_ready_is_reported() -> None:
    done = screened(a_table({"BTCUSDT": JUMP[-3:], "ETHUSDT": JUMP[-2:]}), a_watcher())
    assert done.matches == ()
    assert done.warming == ((ONE, 2, 5),)
    assert done.checks == 0


def test_the_row_before_must_be_known_as_well() -> None:
    lookback = compile_trader(RISING).lookback["5m"]
    enough = screened(a_table({"BTCUSDT": JUMP[-lookback - 1 :]}), a_watcher(symbols=("BTCUSDT",)))
    short = screened(a_table({"BTCUSDT": JUMP[-lookback:]}), a_watcher(symbols=("BTCUSDT",)))
    assert (len(enough.matches), len(short.matches)) == (1, 0)


def test_a_gap_makes_the_symbol_warm_up_again() -> None:
    gap = (*FLAT, None, 100.0, 110.0)
    done = screened(a_table({"BTCUSDT": gap, "ETHUSDT": JUMP}), a_watcher())
    assert [row.symbol for row in done.matches] == ["ETHUSDT"]
    assert done.warming == ((ONE, 2, 5),)


def test_a_missed_candle_leaves_its_symbol_out_without_a_word() -> None:
    done = screened(
        a_table({"BTCUSDT": JUMP, "ETHUSDT": JUMP}),
        a_watcher(),
        missed=frozenset({("BTCUSDT", "5m"), ("ETHUSDT", "1h")}),
    )
    assert [row.symbol for row in done.matches] == ["ETHUSDT"]
    assert done.warming == ()


def test_a_symbol_that_has_no_series_is_warming_up_from_nothing() -> None:
    done = screened(a_table({"BTCUSDT": JUMP}), a_watcher(symbols=("SOLUSDT",)))
    assert done.warming == ((ONE, 0, 5),)


def test_a_named_symbol_that_is_missed_or_short_stops_the_whole_trader() -> None:
    watcher = a_watcher(WITH_BITCOIN, symbols=("ETHUSDT",))
    both = a_table({"BTCUSDT": JUMP, "ETHUSDT": JUMP})
    short = a_table({"BTCUSDT": JUMP[-2:], "ETHUSDT": JUMP})

    assert len(screened(both, watcher).matches) == 1
    missed = screened(both, watcher, missed=frozenset({("BTCUSDT", "5m")}))
    assert (missed.matches, missed.warming) == ((), ())
    assert screened(short, watcher).warming == ((ONE, 2, 5),)
    assert screened(short, watcher).matches == ()


def test_a_slower_interval_must_be_filled_too() -> None:
    table = SeriesTable()
    streams = [Stream("BTCUSDT", "5m", 20), Stream("BTCUSDT", "1h", 20)]
    table.configure(streams)
    fill(table, "BTCUSDT", JUMP)
    watcher = a_watcher(HOURLY, symbols=("BTCUSDT",))
    assert screened(table, watcher).warming[0][1] == 0

    fill(table, "BTCUSDT", JUMP, interval="1h", step_ms=3_600_000)

    assert len(screened(table, watcher).matches) == 1


def test_what_a_trader_reads_is_known_per_symbol() -> None:
    compiled = compile_trader(HOURLY)
    assert set(needs_of(compiled, "")) == {"5m", "1h"}
    assert needs_of(compiled, "BTCUSDT") == {}


class Failing:
    """An evaluator that breaks whenever a certain trader is in it."""

    def __init__(self, traders: Mapping[TraderId, CompiledTrader], error: Exception) -> None:
        self._program = Program(traders)
        self._traders = traders
        self._error = error

    def run(self, panels: Mapping[str, Panel], last: int = 2) -> Mapping[TraderId, Answers]:
        if TWO in self._traders:
            raise self._error
        return self._program.run(panels, last)


@pytest.mark.parametrize("error", [FilterFault("no such thing"), ZeroDivisionError("by zero")])
def test_a_trader_that_fails_is_named_and_the_others_are_answered(error: Exception) -> None:
    watchers = (a_watcher(), a_watcher(trader_id=TWO))

    def make(traders: Mapping[TraderId, CompiledTrader]) -> Evaluator:
        return Failing(traders, error)

    merged = make({row.trader_id: row.compiled for row in watchers})
    work = Round(AT_MS, (Group("5m", merged, watchers, make),), frozenset())
    table = a_table({"BTCUSDT": JUMP, "ETHUSDT": FLAT})

    done = screen(work, table, table)

    assert [row.trader_id for row in done.matches] == [ONE]
    assert done.faults == ((TWO, f"{type(error).__name__}: {error}"),)


def test_a_symbol_that_the_panel_does_not_have_is_not_judged() -> None:
    table = a_table({"BTCUSDT": JUMP})

    class Everywhere:
        def filled(self, symbol: str, interval: str, closed_ms: int) -> int:
            return 99

    done = screen(a_round(a_watcher()), table, Everywhere())

    assert done.checks == 1


def test_each_series_is_asked_once_for_all_traders() -> None:
    table = a_table({"BTCUSDT": JUMP})
    asked: list[str] = []

    class Asked:
        def filled(self, symbol: str, interval: str, closed_ms: int) -> int:
            asked.append(symbol)
            return table.filled(symbol, interval, closed_ms)

    watchers = [a_watcher(trader_id=name, symbols=("BTCUSDT",)) for name in (ONE, TWO)]

    done = screen(a_round(*watchers), table, Asked())

    assert (asked, done.checks) == (["BTCUSDT"], 2)


def test_a_trader_whose_interval_nobody_keeps_yet_is_warming_up_and_the_others_look() -> None:
    hourly = a_watcher(HOURLY, trader_id=TWO, symbols=("BTCUSDT",))
    table = a_table({"BTCUSDT": JUMP})

    both = screened(table, a_watcher(symbols=("BTCUSDT",)), hourly)
    alone = screened(table, hourly)

    assert [row.trader_id for row in both.matches] == [ONE]
    assert [row[:2] for row in both.warming] == [(TWO, 0)]
    assert (alone.matches, [row[:2] for row in alone.warming]) == ((), [(TWO, 0)])
