"""The app itself: following a view that ends, fails and comes back. Its keys: tests/tui."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
from tests.fake_engine import FakeEngine
from tests.tui.stage import screen_of, shown, until

from aitrader.model.control import Answer, AnyRequest
from aitrader.model.errors import ConfigError, Refused, Transient
from aitrader.model.view import Frame
from aitrader.tui.app import TraderApp
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
            assert "the token is wrong; looking for it" in screen_of(app)

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
