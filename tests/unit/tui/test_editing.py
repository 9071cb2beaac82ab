"""A trader's file in the terminal."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.fake_engine import FakeEngine
from tests.tui.stage import screen_of, shown, until
from textual.widgets import TextArea

from aitrader.tui.editing import Editor, read_if_path

FILE = 'NAME = "New"\n\ndef conditions(m):\n    return {}\n'


def test_a_path_is_read_and_a_text_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "new.py"
    path.write_text(FILE)
    assert read_if_path(f"  '{path}'\n") == FILE
    assert read_if_path(FILE) == FILE
    assert read_if_path("") == ""
    assert isinstance(read_if_path(str(tmp_path / "none.py")), OSError)


def test_a_trader_is_added_by_the_path_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "new.py"
    path.write_text(FILE)

    async def story() -> None:
        fake = FakeEngine()
        async with shown(fake, (80, 24)) as (app, pilot):
            await pilot.press("a")
            await pilot.pause()
            app.screen.query_one(TextArea).text = f"{path}x"
            await pilot.press("ctrl+s")
            await until(pilot, lambda: "cannot read" in screen_of(app))
            app.screen.query_one(TextArea).text = str(path)
            await pilot.press("ctrl+s")
            await until(pilot, lambda: not isinstance(app.screen, Editor))
            assert fake.asked[-1].source == FILE  # type: ignore[union-attr]

    asyncio.run(story())


def test_the_cursor_goes_to_the_line_that_is_wrong() -> None:
    async def story() -> None:
        async with shown(FakeEngine(), (80, 24)) as (app, pilot):
            await pilot.press("a")
            await pilot.pause()
            app.screen.query_one(TextArea).text = "NAME = 'x'\nY = 1\nZ = 2\n"
            await pilot.press("ctrl+s")
            await until(pilot, lambda: "line 2:" in screen_of(app))
            assert app.screen.query_one(TextArea).cursor_location == (1, 0)

    asyncio.run(story())


def test_what_was_written_is_thrown_away_only_when_asked_twice() -> None:
    async def story() -> None:
        async with shown(FakeEngine(), (80, 24)) as (app, pilot):
            await pilot.press("a", "x", "escape")
            await until(pilot, lambda: "esc again throws it away" in screen_of(app))
            await pilot.press("escape")
            await until(pilot, lambda: not isinstance(app.screen, Editor))
            await pilot.press("a", "escape")
            await until(pilot, lambda: not isinstance(app.screen, Editor))

    asyncio.run(story())
