from __future__ import annotations

from collections.abc import Mapping

from tests.builders import AT_MS, TRADER
from tests.unit.screening.traders import (
    HOURLY,
    JUMP,
    RISING,
    SYMBOLS,
    WITH_BITCOIN,
    a_compiled,
    a_table,
)

from aitrader.filters.compiled import CompiledTrader
from aitrader.filters.evaluate import Program
from aitrader.filters.traderfile import compile_trader
from aitrader.model.commands import Stream
from aitrader.model.ids import TraderId
from aitrader.model.trader import Trader
from aitrader.screening.match import Evaluator, Round
from aitrader.screening.schedule import Roster

NOBODY = frozenset[tuple[TraderId, str]]()


class Counted:
    """Makes programs and counts them."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self, traders: Mapping[TraderId, CompiledTrader]) -> Evaluator:
        self.made += 1
        return Program(traders)


def a_roster(*traders: Trader, make: Counted | None = None) -> Roster:
    roster = Roster(make or Counted())
    for trader in traders:
        roster.enroll(trader, compile_trader(trader.source))
        roster.set_universe(trader.plan.universe, SYMBOLS)
    return roster


def a_round(
    roster: Roster,
    intervals: tuple[str, ...] = ("1m", "5m"),
    held: frozenset[tuple[TraderId, str]] = NOBODY,
) -> Round:
    return roster.round(
        AT_MS, intervals, held=held, missed=frozenset(), is_out=lambda trader_id: trader_id == "out"
    )


def test_an_enabled_trader_needs_its_lookback_and_two_bars_more() -> None:
    roster = a_roster(a_compiled())
    assert roster.streams(()) == (Stream("BTCUSDT", "5m", 6), Stream("ETHUSDT", "5m", 6))


def test_traders_of_one_universe_share_streams_of_the_longest_lookback() -> None:
    long = RISING.replace("m.close, 3", "m.close, 20")
    roster = a_roster(a_compiled(), a_compiled(long, trader_id="long"))
    assert {row.bars for row in roster.streams(())} == {23}


def test_every_interval_that_a_trader_reads_is_needed() -> None:
    streams = a_roster(a_compiled(HOURLY)).streams(())
    assert [(row.symbol, row.interval) for row in streams] == [
        ("BTCUSDT", "5m"),
        ("BTCUSDT", "1h"),
        ("ETHUSDT", "5m"),
        ("ETHUSDT", "1h"),
    ]


def test_named_symbols_are_needed_though_no_universe_has_them() -> None:
    roster = a_roster(a_compiled(WITH_BITCOIN))
    roster.set_universe(a_compiled(WITH_BITCOIN).plan.universe, ("ETHUSDT",))
    assert {row.symbol for row in roster.streams(())} == {"BTCUSDT", "ETHUSDT"}


def test_a_disabled_trader_needs_only_what_it_holds_and_names() -> None:
    roster = a_roster(a_compiled(WITH_BITCOIN, is_enabled=False))
    assert roster.streams(()) == ()
    held = roster.streams(((TRADER, "ETHUSDT"),))
    assert [row.symbol for row in held] == ["BTCUSDT", "ETHUSDT"]


def test_a_held_symbol_of_nobody_is_watched_for_its_price() -> None:
    assert a_roster().streams(((TRADER, "BTCUSDT"),)) == (Stream("BTCUSDT", "1m", 3),)


def test_a_round_has_the_traders_whose_interval_closed() -> None:
    hour = RISING.replace('"5m"', '"1h"')
    roster = a_roster(a_compiled(), a_compiled(hour, trader_id="hour"))

    five, both = a_round(roster), a_round(roster, ("5m", "1h"))

    assert [group.interval for group in five.groups] == ["5m"]
    assert [group.interval for group in both.groups] == ["5m", "1h"]
    assert five.groups[0].watchers[0].symbols == SYMBOLS


def test_a_disabled_trader_looks_at_what_it_holds_only() -> None:
    roster = a_roster(a_compiled(is_enabled=False))
    assert a_round(roster).groups == ()
    held = frozenset({(TRADER, "ETHUSDT"), (TraderId("other"), "BTCUSDT")})
    (watcher,) = a_round(roster, held=held).groups[0].watchers
    assert (watcher.symbols, watcher.held) == ((), ("ETHUSDT",))


def test_who_is_out_is_not_in_the_round() -> None:
    assert a_round(a_roster(a_compiled(trader_id="out"))).groups == ()


def test_a_program_is_made_anew_only_when_its_traders_change() -> None:
    roster = a_roster(a_compiled())
    first = a_round(roster).groups[0].evaluator
    assert a_round(roster).groups[0].evaluator is first

    roster.enroll(a_compiled(HOURLY), compile_trader(HOURLY))

    assert a_round(roster).groups[0].evaluator is not first


def test_traders_are_merged_when_they_are_first_asked_and_once() -> None:
    make = Counted()
    (group,) = a_round(a_roster(a_compiled(), make=make)).groups
    assert make.made == 0
    table = a_table({"BTCUSDT": JUMP, "ETHUSDT": JUMP})
    panels = {"5m": table.panel("5m", closed_ms=AT_MS, bars=5)}

    for _ in range(2):
        assert list(group.evaluator.run(panels)) == [TRADER]

    assert make.made == 1


def test_a_dismissed_trader_is_forgotten() -> None:
    roster = a_roster(a_compiled())
    assert roster.find(TRADER) is not None
    roster.dismiss(TRADER)
    assert roster.find(TRADER) is None
    assert a_round(roster).groups == ()


def test_a_universe_that_is_not_known_yet_means_nothing() -> None:
    roster = Roster(Counted())
    roster.enroll(a_compiled(), compile_trader(RISING))
    assert roster.symbols(a_compiled()) == ()
    assert roster.streams(()) == ()
