"""What is read for a person, in memory and without a change."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from tests.builders import AT_MS, TRADER, a_signal, a_trader
from tests.unit.engine.fakes import CANDLE, KeptCandles, ToldExplainer

from aitrader.engine.board import Board
from aitrader.engine.clock import FrameClock
from aitrader.engine.reading import Reading
from aitrader.model.control import (
    Answer,
    AnyRequest,
    ExplainTrader,
    ReadCandles,
    ReadLines,
    ReadSignal,
    ReadTrader,
)
from aitrader.model.events import Event, SignalRaised, TraderSaved, UniverseChanged

ADDED = TraderSaved(at_ms=AT_MS, trader=a_trader())
BROKEN = TraderSaved(at_ms=AT_MS, trader=a_trader(source="bad"))


def read(request: AnyRequest, *facts: Event) -> Answer:
    """Return the answer on a board that knows these facts."""
    board = Board(Decimal(10_000))
    board.update(facts)
    reading = Reading(
        board, clock=FrameClock(AT_MS), candles=KeptCandles(), explainer=ToldExplainer()
    )

    async def story() -> Answer:
        return await reading.handlers[type(request)](request)

    return asyncio.run(story())


def test_candles_are_read_within_limits() -> None:
    assert read(ReadCandles("BTCUSDT", "1m", 5)).candles == (CANDLE,)
    unwatched = read(ReadCandles("XUSDT", "1m", 5))
    assert not unwatched.is_ok
    assert unwatched.text == "XUSDT 1m is not watched or has no candles yet"
    assert read(ReadCandles("BTCUSDT", "7m", 5)).text.startswith("interval: expected one of 1m 3m")
    wrong = read(ReadCandles("BTCUSDT", "1m", 1001))
    assert wrong.text == "bars: expected 1 to 1000, found 1001"


def test_a_traders_file_is_read() -> None:
    assert read(ReadTrader(TRADER), ADDED).text == "NAME = 'Dip'\n"
    assert read(ReadTrader("x"), ADDED).text == f"there is no trader x; there are: {TRADER}"
    assert read(ReadTrader("x")).text == "there is no trader x; there are: none"


def test_a_signal_is_read_with_the_values_behind_it() -> None:
    signal = a_signal()
    known = read(ReadSignal(signal.signal_id), ADDED, SignalRaised(at_ms=AT_MS, signal=signal))
    assert known.signal == signal
    answer = read(ReadSignal("long-ago"))
    assert (answer.is_ok, answer.signal) == (False, None)
    assert "too old" in answer.text


def test_a_trader_says_why_it_did_not_signal() -> None:
    universe = a_trader().plan.universe
    known = UniverseChanged(at_ms=AT_MS, universe=universe, symbols=("BTCUSDT", "ETHUSDT"))
    rows = read(ExplainTrader(TRADER), ADDED, known).explanations
    assert [row.symbol for row in rows] == ["BTCUSDT", "ETHUSDT"]
    assert rows[0].conditions[0].values == (("rsi(close, 14)", 51.0),)
    rows = read(ExplainTrader(TRADER, ("SOLUSDT",)), ADDED, known).explanations
    assert [row.symbol for row in rows] == ["SOLUSDT"]


def test_what_cannot_be_explained_is_refused() -> None:
    assert "there is no trader" in read(ExplainTrader("nobody"), ADDED).text
    assert "no candles" in read(ExplainTrader(TRADER, ("LOSTUSDT",)), ADDED).text
    assert "rsj" in read(ExplainTrader(TRADER), BROKEN).text


def test_the_lines_of_a_filter_are_read() -> None:
    answer = read(ReadLines(TRADER, "BTCUSDT", 3), ADDED)
    assert answer.is_ok and answer.lines[0].values == (1.0,) * 3


def test_lines_that_there_are_not_are_refused() -> None:
    assert "there is no trader" in read(ReadLines("nobody", "BTCUSDT", 3), ADDED).text
    for bars in (0, 1001):
        text = read(ReadLines(TRADER, "BTCUSDT", bars), ADDED).text
        assert text == f"bars: expected 1 to 1000, found {bars}"
    lost = read(ReadLines(TRADER, "LOSTUSDT", 3), ADDED)
    assert (lost.is_ok, lost.text) == (False, "Dip does not watch LOSTUSDT")
    assert "rsj" in read(ReadLines(TRADER, "BTCUSDT", 3), BROKEN).text
