"""Rows in detail."""

from __future__ import annotations

import asyncio

from tests.fake_engine import FakeEngine
from tests.tui.stage import screen_of, shown, until

from aitrader.tui.chart import ChartScreen


def a_busy_engine() -> FakeEngine:
    fake = FakeEngine(symbols=30)
    fake.fill()
    return fake


def read(*keys: str, wanted: str) -> str:
    async def story() -> str:
        async with shown(a_busy_engine(), (160, 50)) as (app, pilot):
            await pilot.press(*keys)
            await until(pilot, lambda: wanted in screen_of(app))
            return screen_of(app)

    return asyncio.run(story())


def test_a_market_is_a_chart_in_the_interval_of_who_trades_it() -> None:
    screen = read("1", "enter", wanted="BTCUSDT · 5m")
    assert "1 open, 0 closed" in screen
    screen = read("1", "G", "enter", wanted="· 1m")
    assert "0 open, 0 closed" in screen


def test_a_position_is_a_chart_with_its_prices() -> None:
    screen = read("4", "enter", wanted="BTCUSDT long · 5m")
    assert "63,250.30" in screen


def test_a_signal_shows_the_values_behind_it() -> None:
    assert "what held, and the values" in read("3", "enter", wanted="how it leaves")


def test_a_trader_says_why_it_did_not_signal_and_shows_its_file() -> None:
    screen = read("2", "enter", wanted="A made-up trader.")
    assert "why no signal?" in screen
    assert "✗ below the zero line" in screen


def test_a_position_that_closes_while_it_is_looked_at_says_so() -> None:
    async def story() -> None:
        fake = a_busy_engine()
        async with shown(fake, (160, 50)) as (app, pilot):
            await pilot.press("4", "enter")
            await until(pilot, lambda: "OPEN" in screen_of(app))
            assert isinstance(app.screen, ChartScreen)
            fake._close("p-0")
            fake.commit()
            await until(pilot, lambda: app.board.positions.rows["p-0"].status == "CLOSED")
            app.screen._ask()
            await until(pilot, lambda: "MANUAL" in screen_of(app))

    asyncio.run(story())


def test_a_trader_says_what_came_of_its_signals_and_positions() -> None:
    screen = read("2", "enter", wanted="why no signal?")
    assert "lately    2 entered" in screen
    assert "1, of them 0 won (0 %)" in screen
    assert "closed    nothing yet" in read("2", "j", "enter", wanted="why no signal?")


def test_a_chart_whose_prices_are_old_says_so() -> None:
    fake = a_busy_engine()
    fake.put_status(feed="down")
    fake.commit()

    async def story() -> None:
        async with shown(fake, (160, 50)) as (app, pilot):
            await pilot.press("4", "enter")
            await until(pilot, lambda: "OLD       the market stream is down" in screen_of(app))

    asyncio.run(story())
