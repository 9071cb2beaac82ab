"""The table under keys, mouse and changes: what is drawn and what is not."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace
from tests.fake_engine import FakeEngine
from tests.tui.stage import screen_of, shown, until
from textual import events
from textual.widget import Widget

from aitrader.tui.chart import ChartScreen
from aitrader.tui.table import Table


def test_keys_move_the_cursor_and_enter_opens_its_row() -> None:
    async def story() -> None:
        async with shown(FakeEngine(symbols=40), (80, 24)) as (app, pilot):
            markets = app.board.markets
            await pilot.press("1", "j", "down", "k")
            assert markets.selected == markets.rows["ETHUSDT"]
            await pilot.press("pagedown", "G", "pageup", "g", "enter")
            assert isinstance(app.screen, ChartScreen)
            assert "BTCUSDT" in screen_of(app)

    asyncio.run(story())


def test_a_click_selects_and_a_double_click_opens() -> None:
    async def story() -> None:
        async with shown(FakeEngine(), (80, 24)) as (app, pilot):
            markets = app.board.markets
            await pilot.click(markets, offset=(5, 4))
            assert markets.selected == markets.rows["BNBUSDT"]
            await pilot.click(markets, offset=(5, 1))
            await pilot.click(markets, offset=(5, 0))
            assert markets.selected == markets.rows["BNBUSDT"]
            await pilot.double_click(markets, offset=(5, 2))
            await until(pilot, lambda: isinstance(app.screen, ChartScreen))

    asyncio.run(story())


def test_the_wheel_scrolls_and_leaves_the_cursor() -> None:
    async def story() -> None:
        async with shown(FakeEngine(symbols=40), (80, 24)) as (app, pilot):
            markets = app.board.markets
            await pilot._post_mouse_events([events.MouseScrollDown], markets, button=0)
            await pilot.pause()
            assert "BTCUSDT" not in screen_of(app).split("3 Signals")[0]
            await pilot._post_mouse_events([events.MouseScrollUp], markets, button=0)
            await pilot.pause()
            assert "BTCUSDT" in screen_of(app)

    asyncio.run(story())


def test_an_empty_table_opens_nothing() -> None:
    async def story() -> None:
        fake = FakeEngine(symbols=0, traders=0)
        async with shown(fake, (80, 24)) as (app, pilot):
            await pilot.press("1", "j", "enter", "2", "enter")
            assert not isinstance(app.screen, ChartScreen)

    asyncio.run(story())


def test_the_live_path_asks_for_no_layout() -> None:
    async def story() -> None:
        fake = FakeEngine(symbols=30)
        fake.fill()
        async with shown(fake) as (app, pilot):
            await pilot.pause(0.01)
            widgets: list[Widget] = [*app.board.panels, app.board.status_bar, app.screen]
            before = [widget._layout_updates for widget in widgets]
            for number in range(20):
                fake.step()
                fake.add_signal(100 + number)
                fake.log("INFO", f"line {number}")
                fake.commit()
                await pilot.pause()
            await until(pilot, lambda: "line 19" in screen_of(app))
            assert [widget._layout_updates for widget in widgets] == before

    asyncio.run(story())


def test_only_the_changed_row_is_drawn_again() -> None:
    async def story() -> None:
        fake = FakeEngine(symbols=30)
        async with shown(fake) as (app, pilot):
            markets = app.board.markets
            before = dict(markets._lines)
            row = fake.rows["MarketRow:ETHUSDT"]
            fake.put(replace(row, price=1.0))
            fake.commit()
            await until(pilot, lambda: markets.rows["ETHUSDT"].row.price == 1.0)
            after = markets._lines
            assert [key for key in before if before[key] is not after.get(key)] == ["ETHUSDT"]

    asyncio.run(story())


def test_a_table_of_its_own_has_no_detail() -> None:
    table: Table[int] = Table((), name="plain")
    assert table.detail(1) == ("", ())
