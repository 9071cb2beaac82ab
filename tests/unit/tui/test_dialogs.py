"""Questions and windows to read."""

from __future__ import annotations

import asyncio

from tests.fake_engine import FakeEngine
from tests.tui.stage import screen_of, shown

from aitrader.tui.dialogs import Question, Reading


def test_a_question_is_answered_by_its_keys_alone() -> None:
    async def story() -> None:
        answers: list[str | None] = []
        async with shown(FakeEngine(), (80, 24)) as (app, pilot):
            app.push_screen(Question("Really?", (("y", "yes"),)), answers.append)
            await pilot.pause()
            await pilot.press("a", "n", "1")
            assert "Really?" in screen_of(app)
            await pilot.press("y")
            app.push_screen(Question("Again?", (("y", "yes"),)), answers.append)
            await pilot.pause()
            await pilot.press("escape")
            await pilot.pause()
        assert answers == ["y", ""]

    asyncio.run(story())


def test_a_long_text_scrolls() -> None:
    async def story() -> None:
        lines = [("", f"line {number}") for number in range(60)]
        async with shown(FakeEngine(), (80, 24)) as (app, pilot):
            app.push_screen(Reading("[Title]", lines))
            await pilot.pause()
            assert "line 0 " in screen_of(app)
            assert "(Title]" in screen_of(app)
            for _ in range(5):
                await pilot.press("j")
            await pilot.pause()
            assert "line 0 " not in screen_of(app)
            await pilot.press("k", "escape")

    asyncio.run(story())
