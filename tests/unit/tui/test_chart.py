"""A chart over the whole screen."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace
from tests.fake_engine import START_MS, FakeEngine
from tests.tui.stage import screen_of, shown, until

from aitrader.model.control import Answer, AnyRequest, ReadCandles
from aitrader.model.errors import Transient
from aitrader.tui.candlestick import PriceLine
from aitrader.tui.chart import INTERVALS, ChartScreen, Scene, position_scene


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
            scene = Scene("[BTCUSDT]", (("price", "1"),))
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
