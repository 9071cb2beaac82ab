"""Strips in the palette's styles."""

from __future__ import annotations

import asyncio

import pytest
from rich.segment import Segment
from tests.fake_engine import FakeEngine
from tests.tui.stage import shown

from aitrader.tui.columns import Cell
from aitrader.tui.lines import CURSOR
from aitrader.tui.taste import Taste


def test_a_strip_has_its_width_its_styles_and_its_background() -> None:
    async def story() -> None:
        async with shown(FakeEngine(), (80, 24)) as (app, _):
            bar = app.board.key_bar
            strip = bar.strip([Cell("ab", "up"), Cell("", "down")], 5, fill="dim")
            assert strip.cell_length == 5
            assert next(iter(strip)) == Segment("ab", bar.ink("up"))
            backs = {segment.style.bgcolor for segment in strip if segment.style}
            assert len(backs) == 1

    asyncio.run(story())


def test_the_cursor_is_another_background_and_the_same_color() -> None:
    async def story() -> None:
        async with shown(FakeEngine(), (80, 24)) as (app, _):
            table = app.board.markets
            assert table.ink("up").color == table.ink("up" + CURSOR).color
            assert table.ink("up").bgcolor != table.ink("up" + CURSOR).bgcolor
            assert table.ink("faint" + CURSOR).color == table.ink("dim").color

    asyncio.run(story())


def test_another_theme_brings_other_colors() -> None:
    async def story() -> None:
        async with shown(FakeEngine(), (80, 24)) as (app, pilot):
            before = app.board.markets.ink("text")
            app.theme = "textual-light"
            await pilot.pause()
            assert app.board.markets.ink("text") != before

    asyncio.run(story())


@pytest.mark.parametrize("theme", ["tokyo-night", "textual-light", "ansi-dark"])
def test_every_line_is_painted_in_colors_that_need_no_filter(theme: str) -> None:
    async def story() -> None:
        async with shown(FakeEngine(), (80, 24), Taste(theme=theme)) as (app, _):
            lines = app.board.markets.render_lines(app.board.markets.size.region)
            colors = [s.style.color for line in lines for s in line if s.style and s.style.color]
            assert colors
            assert not app.board.markets.get_line_filters()
            assert app.native_ansi_color or all(color.triplet for color in colors)

    asyncio.run(story())
