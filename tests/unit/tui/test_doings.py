"""What a person does beside looking, by keys."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.fake_engine import FakeEngine
from tests.tui.stage import screen_of, shown, until

from aitrader.model.control import CloseAll
from aitrader.tui.taste import Taste


def a_busy_engine() -> FakeEngine:
    fake = FakeEngine(symbols=30)
    fake.fill()
    return fake


def test_the_kill_switch_asks_once_and_says_how_much_it_closes() -> None:
    async def story() -> None:
        fake = a_busy_engine()
        async with shown(fake) as (app, pilot):
            await pilot.press("K")
            assert "Close all 4 open positions at market and pause entries?" in screen_of(app)
            await pilot.press("y")
            await until(pilot, lambda: fake.asked)
            assert fake.asked == [CloseAll()]

    asyncio.run(story())


def test_a_filter_narrows_while_it_is_typed_and_escape_shows_all() -> None:
    async def story() -> None:
        async with shown(a_busy_engine(), (160, 50)) as (app, pilot):
            await pilot.press("1", "slash", *"ethx", "backspace")
            await until(pilot, lambda: "/eth  1 of 30" in screen_of(app))
            assert "/eth▏" in screen_of(app)
            await pilot.press("enter")
            assert app.board.markets.arrangement.needle == "eth"
            await pilot.press("slash", "ctrl+u", *"nobody")
            await until(pilot, lambda: "nothing says nobody" in screen_of(app))
            await pilot.press("escape")
            await until(pilot, lambda: "BTCUSDT" in screen_of(app))
            await pilot.press("7", "slash")
            assert "nothing to filter" in app.board.key_bar.message.text

    asyncio.run(story())


def test_an_order_is_named_on_the_border() -> None:
    async def story() -> None:
        async with shown(a_busy_engine()) as (app, pilot):
            await pilot.press("1", "s")
            assert app.board.markets.border_subtitle == "by symbol · 30"
            await pilot.press("6", "s", "s")
            assert app.board.log.border_subtitle == "warning and worse"
            await pilot.press("7", "s")

    asyncio.run(story())


def test_the_selected_row_is_copied() -> None:
    async def story() -> None:
        async with shown(a_busy_engine()) as (app, pilot):
            await pilot.press("1", "j", "y")
            assert app.clipboard.startswith("ETHUSDT\t3120.42\t")

    asyncio.run(story())


def test_rows_and_the_screen_become_files(tmp_path: Path) -> None:
    async def story() -> None:
        folder = tmp_path / "exports"
        async with shown(a_busy_engine(), (160, 50), Taste(exports=folder)) as (app, pilot):
            await pilot.press("1", "slash", *"btc", "enter", "ctrl+e")
            await until(pilot, lambda: "1 rows" in app.board.key_bar.message.text)
            (table,) = folder.glob("markets-*.csv")
            assert table.read_text().splitlines()[1].startswith("BTCUSDT,64213.5,")
            await pilot.press("P")
            (picture,) = folder.glob("screen-*.svg")
            assert picture.read_text().startswith("<svg")

    asyncio.run(story())


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    async def story() -> None:
        async with shown(a_busy_engine(), (160, 50), Taste(exports=tmp_path / "file")) as (app, p):
            await p.press("1", "ctrl+e")
            assert "cannot write to" in app.board.key_bar.message.text

    asyncio.run(story())
