"""Requests to the engine and the question before them."""

from __future__ import annotations

import asyncio

from tests.fake_engine import FakeEngine
from tests.tui.stage import screen_of, shown, until

from aitrader.model.control import Answer, AnyRequest, PauseEntries
from aitrader.model.errors import Transient
from aitrader.tui.asking import Asker

PAUSE = PauseEntries(is_paused=True)


class Lost(FakeEngine):
    async def ask(self, request: AnyRequest) -> Answer:
        raise Transient("no engine answers")


def test_an_answer_that_is_lost_is_a_sentence() -> None:
    async def story() -> None:
        fake = Lost()
        async with shown(fake) as (app, _):
            answer = await Asker(app, fake, app.say).answer(PAUSE)
            assert answer == Answer(0, False, "no engine answers; look before you try again")

    asyncio.run(story())


def test_a_question_is_asked_once_and_only_yes_does_it() -> None:
    async def story() -> None:
        fake = FakeEngine()
        async with shown(fake) as (app, pilot):
            asker = Asker(app, fake, app.say)
            for key in ("escape", "y"):
                asker.ask_once("Pause?", "pause", PAUSE)
                await until(pilot, lambda: "Pause?" in screen_of(app))
                await pilot.press(key)
            await until(pilot, lambda: app.board.key_bar.message.text == "done")
            assert fake.asked == [PAUSE]

    asyncio.run(story())
