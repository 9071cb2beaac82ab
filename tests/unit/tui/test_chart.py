"""A chart over the whole screen."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace
from tests.fake_engine import START_MS, FakeEngine, some_candles
from tests.tui.stage import screen_of, shown, until

from aitrader.model.control import Answer, AnyRequest, LineRow, ReadCandles, ReadLines
from aitrader.model.errors import Transient
from aitrader.tui.candlestick import PriceLine
from aitrader.tui.chart import (
    INTERVALS,
    ChartScreen,
    Scene,
    Watcher,
    curves_of,
    position_scene,
)


def test_entries_and_exits_point_from_their_side() -> None:
    fake = FakeEngine()
    long, short = fake.add_position(0), fake.add_position(3)
    closed = fake.add_position(4, is_open=False)
    marks, lines = position_scene([long, short, closed])
    assert [mark.is_below for mark in marks] == [True, False, True, False]
    assert marks[-1].at_ms == START_MS
    assert len(lines) == 4
    assert PriceLine(long.entry_price, "note") in lines
    naked = replace(long, stop_price=None, target_price=None)
    assert position_scene([naked])[1] == [PriceLine(long.entry_price, "note")]


def show(fake: FakeEngine, *keys: str, symbol: str = "BTCUSDT", wanted: str = "") -> str:
    async def story() -> str:
        async with shown(fake, (120, 36)) as (app, pilot):
            watchers = [Watcher("a", "Ann"), Watcher("b", "Bob [x]")]
            scene = Scene("[BTCUSDT]", (("price", "1"),), watchers=watchers)
            app.push_screen(ChartScreen(fake, symbol, "1m", scene=lambda: scene))
            await pilot.press(*keys)
            await until(pilot, lambda: wanted in screen_of(app))
            return screen_of(app)

    return asyncio.run(story())


def test_intervals_go_round_both_ways() -> None:
    show(FakeEngine(), "i", wanted="(BTCUSDT] · 3m")
    show(FakeEngine(), "I", wanted=f"· {INTERVALS[-1]}")


def test_a_symbol_that_is_not_watched_says_so() -> None:
    assert "┃" not in show(FakeEngine(), symbol="BNBUSDT", wanted="BNBUSDT 1m is not watched")


def test_an_engine_that_is_gone_leaves_a_note() -> None:
    class Gone(FakeEngine):
        async def ask(self, request: AnyRequest) -> Answer:
            assert isinstance(request, ReadCandles)
            raise Transient("no engine answers")

    show(Gone(), wanted="no engine answers")


def test_each_candle_has_the_value_that_was_known_at_its_close() -> None:
    candles = some_candles("BTCUSDT", "15m", 3)
    first_ms = candles[0].open_ms
    row = LineRow("ema", "", "5m", first_ms, (1.0, 2.0, 3.0, 4.0, 5.0, None))
    assert [list(curve.values) for curve in curves_of([row], candles)] == [[3.0, None, None]]
    minutes = some_candles("BTCUSDT", "1m", 8)
    row = LineRow("ema", "", "5m", minutes[-1].open_ms - 4 * 60_000, (1.0,))
    assert list(curves_of([row], minutes)[0].values) == [None] * 7 + [1.0]


def test_the_lines_of_one_trader_after_the_other_and_of_none_are_shown() -> None:
    screen = show(FakeEngine(), wanted="\u00b7 Ann")
    assert "rsi(close, 14)" in screen
    assert "\u00b7 Bob (x]" in show(FakeEngine(), "t", wanted="Bob")
    assert "rsi(close, 14)" not in show(FakeEngine(), "t", "t", wanted="(BTCUSDT] \u00b7 1m \u2500")


def test_lines_are_asked_for_once_per_candle() -> None:
    async def story() -> int:
        fake = FakeEngine()
        async with shown(fake, (120, 36)) as (app, pilot):
            scene = Scene("BTCUSDT", (), watchers=[Watcher("a", "Ann")])
            chart = ChartScreen(fake, "BTCUSDT", "1m", scene=lambda: scene)
            app.push_screen(chart)
            await until(pilot, lambda: "rsi" in screen_of(app))
            chart._ask()
            await until(pilot, lambda: sum(isinstance(r, ReadCandles) for r in fake.asked) > 1)
            return sum(isinstance(request, ReadLines) for request in fake.asked)

    assert asyncio.run(story()) == 1
