"""What a person does beside looking, by keys."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.fake_engine import FakeEngine
from tests.tui.stage import screen_of, shown, until

from aitrader.model.control import AddTrader, Answer, CloseAll, RemoveTrader
from aitrader.tui.dialogs import Question
from aitrader.tui.editing import Editor
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


def test_a_trader_is_removed_after_one_question() -> None:
    async def story() -> None:
        fake = a_busy_engine()
        async with shown(fake) as (app, pilot):
            await pilot.press("2", "j", "D")
            assert "Remove RSI dip buyer? Its open positions stay guarded." in screen_of(app)
            await pilot.press("y")
            await until(pilot, lambda: fake.asked)
            assert fake.asked == [RemoveTrader("rsi-dip-buyer")]

    asyncio.run(story())


@pytest.mark.parametrize("key", ["D", "E", "e"])
def test_without_a_trader_in_focus_nothing_is_done_to_one(key: str) -> None:
    async def story() -> None:
        async with shown(a_busy_engine()) as (app, pilot):
            await pilot.press("1", key)
            await until(pilot, lambda: app.board.key_bar.message.text)
            assert app.board.key_bar.message.text == "select a trader first (2)"
            assert not isinstance(app.screen, Question | Editor)

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


def test_a_trader_is_edited_and_checked_when_saved() -> None:
    async def story() -> None:
        fake = a_busy_engine()
        async with shown(fake) as (app, pilot):
            await pilot.press("2", "E")
            await until(pilot, lambda: isinstance(app.screen, Editor))
            await pilot.press("ctrl+s")
            await until(pilot, lambda: "there is no conditions(m)" in screen_of(app))
            await pilot.press(*"def", "space", *"conditions(m)", "ctrl+s")
            await until(pilot, lambda: not isinstance(app.screen, Editor))
            asked = fake.asked[-1]
            assert isinstance(asked, AddTrader)
            assert asked.trader_id == "macd-crossover"
            assert "def conditions(m)" in asked.source
            assert app.board.key_bar.message.text == "it is watching"

    asyncio.run(story())


def test_a_file_that_cannot_be_read_is_not_edited() -> None:
    class Deaf(FakeEngine):
        async def ask(self, request: object) -> Answer:  # type: ignore[override]
            return Answer(0, False, "there is no such trader")

    async def story() -> None:
        fake = Deaf()
        fake.fill()
        async with shown(fake) as (app, pilot):
            await pilot.press("2", "E")
            await until(pilot, lambda: app.board.key_bar.message.text)
            assert app.board.key_bar.message == ("there is no such trader", "down")

    asyncio.run(story())


def test_without_a_terminal_to_hand_over_the_own_editor_is_used() -> None:
    async def story() -> None:
        async with shown(a_busy_engine(), (120, 36), Taste(editor="no-such-editor -n")) as (app, p):
            await p.press("2", "E")
            await until(p, lambda: isinstance(app.screen, Editor))

    asyncio.run(story())
