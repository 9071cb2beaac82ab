"""The app itself: following a view that ends, fails and comes back. Its keys: tests/tui."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
from tests.fake_engine import FakeEngine
from tests.tui.stage import screen_of, shown, until
from textual._styles_cache import StylesCache

from aitrader.model.control import Answer, AnyRequest
from aitrader.model.errors import ConfigError, Refused, Transient
from aitrader.model.view import Frame
from aitrader.tui import app as app_module
from aitrader.tui.app import Parting, TraderApp
from aitrader.tui.taste import Taste


class Unreachable(FakeEngine):
    async def frames(self, hz: float) -> AsyncIterator[Frame]:
        raise Refused(1008, "the token is wrong")
        yield

    async def ask(self, request: AnyRequest) -> Answer:
        raise Transient("no engine answers")


def test_an_engine_that_refuses_us_is_quoted() -> None:
    async def story() -> None:
        fake = Unreachable()
        app = TraderApp(fake, fake)
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: app.board.trouble)
            assert "the token is wrong; trying again" in screen_of(app)

    asyncio.run(story())


def test_a_request_without_an_answer_is_said_to_be_one() -> None:
    class Deaf(FakeEngine):
        async def ask(self, request: AnyRequest) -> Answer:
            raise Transient("the engine did not answer within 30 s")

    async def story() -> None:
        fake = Deaf()
        fake.fill()
        async with shown(fake) as (app, pilot):
            await pilot.press("x", "y")
            await until(pilot, lambda: app.board.key_bar.message.text)
            said = app.board.key_bar.message
            assert said == (
                "the engine did not answer within 30 s; look before you try again", "down",
            )  # fmt: skip
            await pilot.press("2", "enter")
            await until(pilot, lambda: "did not answer" in screen_of(app))

    asyncio.run(story())


def test_a_window_may_be_closed_before_its_text_comes() -> None:
    class Slow(FakeEngine):
        def __init__(self) -> None:
            super().__init__()
            self.may_answer = asyncio.Event()

        async def ask(self, request: AnyRequest) -> Answer:
            await self.may_answer.wait()
            return await super().ask(request)

    async def story() -> None:
        fake = Slow()
        async with shown(fake) as (app, pilot):
            await pilot.press("2", "enter", "escape")
            fake.may_answer.set()
            await until(pilot, lambda: fake.asked)
            await pilot.pause()
            assert "made-up" not in screen_of(app)
            assert app.is_running

    asyncio.run(story())


def test_live_money_is_said_to_be_guarded_by_the_exchange() -> None:
    async def story() -> None:
        fake = FakeEngine()
        fake.fill()
        fake.put_status(mode="LIVE")
        fake.commit()
        async with shown(fake) as (app, pilot):
            await pilot.press("q")
            await until(pilot, lambda: "the exchange keeps stop and target" in screen_of(app))

    asyncio.run(story())


def test_a_distant_engine_has_a_latency_and_is_left_running_when_in_doubt() -> None:
    async def story() -> None:
        fake = FakeEngine()
        fake.fill()
        app = TraderApp(fake, fake, latency_ms=lambda: 34.4)
        async with app.run_test(size=(120, 36)) as pilot:
            await until(pilot, lambda: app.board.status_bar.status)
            app._tick()
            await pilot.pause()
            assert "34 ms away" in screen_of(app).splitlines()[0]
            await pilot.press("7")
            await until(pilot, lambda: "● distant" in screen_of(app))
            await pilot.press("ctrl+c")
            await until(pilot, lambda: "Leave aitrader" in screen_of(app))
            shown = screen_of(app)
            assert shown.index("leave it running") < shown.index("stop the engine;")
            await pilot.press("ctrl+c")
        assert app.return_value is Parting.KEEP

    asyncio.run(story())


LAST_WINDOW = 4
"""Widgets of the window that was closed last: Textual holds on to them until the next one."""


def test_windows_that_were_closed_leave_nothing_behind() -> None:
    def kept() -> int:
        gc.collect()
        return sum(type(each) is StylesCache for each in gc.get_objects())

    async def story() -> None:
        fake = FakeEngine()
        fake.fill()
        async with shown(fake, (80, 24)) as (app, pilot):
            before = kept()
            for _ in range(4):
                await pilot.press("4", "enter")
                await until(pilot, lambda: "move stop" in screen_of(app))
                assert kept() > before
                await pilot.press("escape")
                await until(pilot, lambda: len(app.screen_stack) == 1)
            await until(pilot, lambda: kept() <= before + LAST_WINDOW)

    asyncio.run(story())


def test_a_lost_engine_is_looked_for_ever_later() -> None:
    waits = [app_module.RETRY_S]
    while waits[-1] < app_module.RETRY_MOST_S:
        waits.append(app_module.later(waits[-1]))
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0]
    assert app_module.later(16.0) == 16.0


def test_a_terminal_loads_nothing_of_the_engine() -> None:
    code = "import aitrader.tui.app, aitrader.remote.client, sys; print(*sys.modules)"
    bare: dict[str, str] = {}  # no environment: measuring coverage would load sqlite3
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=bare
    )
    heavy = {"numpy", "talib", "httpx2", "websockets", "picows", "starlette", "sqlite3", "click"}
    assert not heavy & set(run.stdout.split())
    assert "aitrader.engine" not in run.stdout


def test_a_taste_chooses_theme_and_keys() -> None:
    async def story() -> None:
        fake = FakeEngine()
        fake.fill()
        taste = Taste(theme="nord", keys={"zoom": "f"})
        async with shown(fake, (120, 36), taste) as (app, pilot):
            assert app.theme_variables["background"].lower() == "#2e3440"
            await pilot.press("f")
            assert not app.board.markets.display

    asyncio.run(story())


def test_a_theme_that_there_is_not_is_refused() -> None:
    fake = FakeEngine()
    with pytest.raises(ConfigError, match=r"theme: there is no nrod; there are: .*nord"):
        TraderApp(fake, fake, taste=Taste(theme="nrod"))
    with pytest.raises(ConfigError, match="there is nothing called zom"):
        TraderApp(fake, fake, taste=Taste(keys={"zom": "f"}))
