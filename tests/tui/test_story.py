"""A person at the keyboard, from the first look to leaving."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace
from rich.segment import Segment
from tests.fake_engine import FakeEngine
from tests.tui.stage import App, screen_of, shown, until

from aitrader.model.control import Answer, ClosePosition, PauseEntries, SwitchTrader
from aitrader.model.view import SignalRow
from aitrader.tui.app import Parting
from aitrader.tui.dialogs import Question, Reading
from aitrader.tui.keys import DOINGS, PANELS


def a_busy_engine() -> FakeEngine:
    fake = FakeEngine(symbols=30, traders=4)
    fake.fill()
    return fake


def pieces_with(app: App, text: str) -> list[Segment]:
    strips = app.screen._compositor.render_strips()
    return [segment for strip in strips for segment in strip if text in segment.text]


def test_keys_go_from_panel_to_panel() -> None:
    async def story() -> None:
        async with shown(a_busy_engine()) as (app, pilot):
            for number, panel in enumerate(app.board.panels, 1):
                await pilot.press(str(number))
                assert panel.has_focus
            await pilot.press("tab")
            assert app.board.markets.has_focus
            await pilot.press("h")
            assert app.board.deploy.has_focus
            await pilot.press("l", "l")
            assert app.board.traders.has_focus

    asyncio.run(story())


def test_zoom_shows_the_focused_panel_and_follows_the_focus() -> None:
    async def story() -> None:
        async with shown(a_busy_engine()) as (app, pilot):
            await pilot.press("3", "z")
            assert app.board.signals.size.width > 100
            assert not app.board.markets.display
            await pilot.press("1")
            assert app.board.markets.display
            assert not app.board.signals.display
            await pilot.press("z")
            assert app.board.signals.display

    asyncio.run(story())


def test_a_changed_price_is_seen_with_its_direction() -> None:
    async def story() -> None:
        fake = a_busy_engine()
        async with shown(fake) as (app, pilot):
            row = fake.rows["MarketRow:BTCUSDT"]
            fake.put(replace(row, price=70_000.0))
            fake.commit()
            await until(pilot, lambda: "70,000.00" in screen_of(app))
            up = pieces_with(app, "70,000.00")[0].style
            fake.put(replace(row, price=60_000.0))
            fake.commit()
            await until(pilot, lambda: "60,000.00" in screen_of(app))
            down = pieces_with(app, "60,000.00")[0].style
            assert up is not None
            assert down is not None
            assert up.color != down.color

    asyncio.run(story())


def test_a_position_is_closed_after_one_question() -> None:
    async def story() -> None:
        fake = a_busy_engine()
        async with shown(fake) as (app, pilot):
            await pilot.press("4", "j", "x")
            assert isinstance(app.screen, Question)
            await pilot.press("escape")
            assert fake.asked == []
            await pilot.press("x", "y")
            await until(pilot, lambda: fake.asked)
            assert fake.asked == [ClosePosition("p-1")]
            await pilot.press("z")  # the whole width has room for why it was closed
            await until(pilot, lambda: "manual" in screen_of(app))
            assert app.board.key_bar.message.text == "done"

    asyncio.run(story())


@pytest.mark.parametrize("keys", [("1", "x"), ("4", "G", "x")])
def test_only_a_selected_open_position_can_be_closed(keys: tuple[str, ...]) -> None:
    async def story() -> None:
        fake = a_busy_engine()
        async with shown(fake) as (app, pilot):
            await pilot.press(*keys)
            assert app.board.key_bar.message.text == "select an open position first (4)"
            assert not isinstance(app.screen, Question)

    asyncio.run(story())


def test_entries_are_paused_and_resumed() -> None:
    async def story() -> None:
        fake = a_busy_engine()
        async with shown(fake) as (app, pilot):
            await pilot.press("p", "y")
            await until(pilot, lambda: "entries paused" in screen_of(app))
            await pilot.press("p", "y")
            await until(pilot, lambda: "entries paused" not in screen_of(app))
            assert fake.asked == [PauseEntries(is_paused=True), PauseEntries(is_paused=False)]

    asyncio.run(story())


def test_a_trader_is_switched_off() -> None:
    async def story() -> None:
        fake = a_busy_engine()
        async with shown(fake) as (app, pilot):
            await pilot.press("e")
            assert app.board.key_bar.message.text == "select a trader first (2)"
            await pilot.press("2", "e")
            await until(pilot, lambda: not app.board.traders.rows["macd-crossover"].is_enabled)
            assert fake.asked == [SwitchTrader("macd-crossover", is_enabled=False)]

    asyncio.run(story())


def test_a_refusal_is_shown_as_one() -> None:
    async def story() -> None:
        fake = a_busy_engine()
        fake.answer = Answer(0, False, "the position is being closed already")
        async with shown(fake) as (app, pilot):
            await pilot.press("x", "y")
            await until(pilot, lambda: app.board.key_bar.message.text)
            assert app.board.key_bar.message == ("the position is being closed already", "down")

    asyncio.run(story())


def test_a_traders_file_is_read_into_its_window() -> None:
    async def story() -> None:
        async with shown(a_busy_engine()) as (app, pilot):
            await pilot.press("2", "enter")
            await until(pilot, lambda: "why no signal?" in screen_of(app))
            assert isinstance(app.screen, Reading)
            await pilot.press("j", "k", "end")
            await until(pilot, lambda: "A made-up trader." in screen_of(app))
            await pilot.press("escape")
            assert not isinstance(app.screen, Reading)

    asyncio.run(story())


@pytest.mark.parametrize(
    ("key", "parting"), [("s", Parting.STOP), ("k", Parting.KEEP), ("c", Parting.CLOSE_FIRST)]
)
def test_leaving_asks_what_becomes_of_the_engine(key: str, parting: Parting) -> None:
    async def story() -> None:
        async with shown(a_busy_engine()) as (app, pilot):
            await pilot.press("q")
            assert isinstance(app.screen, Question)
            await pilot.press("escape", "q", key)
            assert app.return_value is parting

    asyncio.run(story())


def test_ctrl_c_twice_stops_the_engine() -> None:
    async def story() -> None:
        async with shown(a_busy_engine()) as (app, pilot):
            await pilot.press("ctrl+c", "ctrl+c")
            assert app.return_value is Parting.STOP

    asyncio.run(story())


def test_without_positions_there_is_nothing_to_close_first() -> None:
    async def story() -> None:
        fake = FakeEngine()
        fake.commit()
        async with shown(fake) as (app, pilot):
            await pilot.press("q", "c")
            assert isinstance(app.screen, Question)
            await pilot.press("k")
            assert app.return_value is Parting.KEEP

    asyncio.run(story())


def test_an_engine_that_ended_is_left_without_a_question() -> None:
    async def story() -> None:
        fake = a_busy_engine()
        async with shown(fake) as (app, pilot):
            fake.end()
            await until(pilot, lambda: app.board.status_bar.trouble)
            assert all(market.is_old for market in app.board.markets.rows.values())
            await pilot.press("q")
            assert app.return_value is Parting.ENGINE_GONE

    asyncio.run(story())


def test_text_from_outside_cannot_speak_to_the_terminal() -> None:
    async def story() -> None:
        fake = a_busy_engine()
        evil = "\x1b]0;owned\x07[bold red]x[/]\n\u202eabc"
        signal = SignalRow("s-evil", 1, evil, evil, 1.0, (evil,), "RAISED", evil)
        fake.put(replace(signal, at_ms=fake.status.now_ms + 10**9))
        fake.log("INFO", evil)
        fake.put_status(notice=evil)
        fake.commit()
        async with shown(fake, (200, 60)) as (app, pilot):
            await pilot.press("3", "enter")
            await pilot.pause()
            text = screen_of(app)
            assert "[bold red]x[/]" in text
            assert not set(text) & {"\x1b", "\x07", "\u202e"}

    asyncio.run(story())


def test_the_palette_has_what_the_keys_have() -> None:
    async def story() -> None:
        async with shown(a_busy_engine()) as (app, pilot):
            names = [command.title for command in app.get_system_commands(app.screen)]
            assert names[:7] == [f"Go to {name}" for name in PANELS]
            assert {title for _, _, _, title, _ in DOINGS} <= set(names)
            await pilot.press("ctrl+p")
            await pilot.press(*"zoom")
            await until(pilot, lambda: "Key z: the focused panel alone" in screen_of(app))
            await pilot.press("escape")

    asyncio.run(story())


def test_rows_that_are_gone_leave_the_screen() -> None:
    async def story() -> None:
        fake = a_busy_engine()
        async with shown(fake) as (app, pilot):
            fake.drop("MarketRow", "SOLUSDT")
            fake.commit()
            await until(pilot, lambda: "SOLUSDT" not in app.board.markets.rows)

    asyncio.run(story())
