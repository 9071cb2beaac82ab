"""The log's lines: following, scrolling back, forgetting."""

from __future__ import annotations

import asyncio

from tests.fake_engine import FakeEngine
from tests.tui.stage import screen_of, shown, until
from textual import events


def a_talking_engine() -> FakeEngine:
    fake = FakeEngine()
    for number in range(100):
        fake.log("INFO", f"line {number:03d}")
    fake.commit()
    return fake


def test_the_newest_line_is_in_sight_until_the_person_scrolls_back() -> None:
    async def story() -> None:
        fake = a_talking_engine()
        async with shown(fake, (80, 24)) as (app, pilot):
            assert "line 099" in screen_of(app)
            await pilot.press("6", "k")
            assert not app.board.log.is_following
            assert "line 099" not in screen_of(app)
            fake.log("INFO", "line 100")
            fake.commit()
            await until(pilot, lambda: "line 100" not in screen_of(app))
            assert "line 098" in screen_of(app)
            await pilot.press("G")
            await until(pilot, lambda: "line 100" in screen_of(app))
            assert app.board.log.is_following

    asyncio.run(story())


def test_pages_ends_and_the_wheel() -> None:
    async def story() -> None:
        async with shown(a_talking_engine(), (80, 24)) as (app, pilot):
            await pilot.press("6", "g")
            assert "line 000" in screen_of(app)
            await pilot.press("pagedown", "pageup", "pagedown", "j")
            assert "line 000" not in screen_of(app)
            await pilot._post_mouse_events([events.MouseScrollUp], app.board.log, button=0)
            await pilot._post_mouse_events([events.MouseScrollUp], app.board.log, button=0)
            await pilot.pause()
            assert "line 000" in screen_of(app)
            await pilot._post_mouse_events([events.MouseScrollDown], app.board.log, button=0)
            await pilot.pause()
            assert "line 000" not in screen_of(app)

    asyncio.run(story())


def test_only_so_many_lines_are_kept() -> None:
    async def story() -> None:
        async with shown(FakeEngine(), (80, 24)) as (app, pilot):
            log = app.board.log
            fake = FakeEngine()
            for number in range(3000):
                fake.log("INFO", f"n {number}")
            rows = [row for _, row in fake._logs]
            for _ in range(5):
                log.extend(rows)
            await pilot.press("6", "g")
            assert "n 2500" in screen_of(app)
            log.clear()
            await pilot.pause()
            assert "nothing yet" in screen_of(app)

    asyncio.run(story())
