"""What a person does with traders, by keys."""

from __future__ import annotations

import asyncio
import sys

import pytest
from msgspec.structs import replace
from tests.fake_engine import FakeEngine
from tests.tui.stage import screen_of, shown, until

from aitrader.model.control import AddTrader, Answer, AnyRequest, RemoveTrader, SetMode
from aitrader.model.trader import Mode
from aitrader.model.view import TraderRow
from aitrader.tui.dialogs import Question
from aitrader.tui.editing import Editor
from aitrader.tui.taste import Taste
from aitrader.tui.trader_doings import run_editor, words_of


def a_busy_engine() -> FakeEngine:
    fake = FakeEngine(symbols=30)
    fake.fill()
    return fake


def switched(fake: FakeEngine, *keys: str, wanted: str) -> str:
    """Press keys on the first trader until the screen says so; return what it shows then."""

    async def story() -> str:
        async with shown(fake) as (app, pilot):
            await pilot.press("2", *keys)
            await until(pilot, lambda: wanted in screen_of(app))
            shown_then = screen_of(app)
            await pilot.press("y")
            await pilot.pause(0.01)
            return shown_then

    return asyncio.run(story())


class Cautious(FakeEngine):
    """An engine that says what live money would mean, or refuses it."""

    def __init__(self, refusal: str = "") -> None:
        super().__init__()
        self.fill()
        self.refusal = refusal

    async def ask(self, request: AnyRequest) -> Answer:
        self.asked.append(request)
        if isinstance(request, SetMode) and self.refusal:
            return Answer(0, False, self.refusal)
        return Answer(0, True, "MACD crossover would trade 50 symbols with live money")


def test_live_money_is_asked_for_once_and_only_after_what_it_means() -> None:
    fake = Cautious()
    screen = switched(fake, "L", wanted="trade LIVE money")
    assert "would trade 50 symbols with live money" in screen
    assert fake.asked == [
        SetMode("macd-crossover", Mode.LIVE),
        SetMode("macd-crossover", Mode.LIVE, is_sure=True),
    ]


def test_live_money_that_is_refused_is_said_so_and_nothing_is_asked() -> None:
    fake = Cautious("live trading is off: PAPER_TRADING is true")
    switched(fake, "L", wanted="live trading is off")
    assert fake.asked == [SetMode("macd-crossover", Mode.LIVE)]


def test_back_to_paper_is_one_question() -> None:
    fake = Cautious()
    row = fake.rows["TraderRow:macd-crossover"]
    assert isinstance(row, TraderRow)
    fake.put(replace(row, mode="LIVE"))
    fake.commit()
    assert "back to paper money?" in switched(fake, "L", wanted="paper money from now on")
    assert fake.asked == [SetMode("macd-crossover", Mode.PAPER)]


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


@pytest.mark.parametrize("key", ["D", "E", "e", "b", "L"])
def test_without_a_trader_in_focus_nothing_is_done_to_one(key: str) -> None:
    async def story() -> None:
        async with shown(a_busy_engine()) as (app, pilot):
            await pilot.press("1", key)
            await until(pilot, lambda: app.board.key_bar.message.text)
            assert app.board.key_bar.message.text == "select a trader first (2)"
            assert not isinstance(app.screen, Question | Editor)

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


def test_a_command_is_split_as_a_shell_does_and_never_refused() -> None:
    assert words_of("nano -l 'my file'") == ["nano", "-l", "my file"]
    assert words_of("") == []
    assert words_of('nano "') == ['nano "']


def test_an_editor_that_cannot_begin_is_an_answer_not_an_exception() -> None:
    assert run_editor([sys.executable, "-c", "raise SystemExit(3)"]) == 3
    assert isinstance(run_editor(["no-such-editor", "file"]), FileNotFoundError)
