"""The filter line."""

from __future__ import annotations

import asyncio

from tests.fake_engine import FakeEngine
from tests.tui.stage import shown

from aitrader.tui.search import MOST, Search


def typed(*keys: str, needle: str = "") -> list[tuple[str, bool]]:
    told: list[tuple[str, bool]] = []

    async def story() -> None:
        async with shown(FakeEngine(), (80, 24)) as (app, pilot):
            app.push_screen(Search(needle, lambda text, going: told.append((text, going))))
            await pilot.pause()
            await pilot.press(*keys)
            await pilot.pause()

    asyncio.run(story())
    return told


def test_every_key_is_told_and_enter_keeps_it() -> None:
    assert typed("b", "T", "f1", "enter") == [
        ("", True), ("b", True), ("bT", True), ("bT", True), ("bT", False),
    ]  # fmt: skip


def test_escape_clears_and_so_does_taking_everything_back() -> None:
    assert typed("escape", needle="btc") == [("btc", True), ("", False)]
    assert typed("backspace", "ctrl+u", "enter", needle="ab")[1:] == [
        ("a", True), ("", True), ("", False),
    ]  # fmt: skip


def test_a_filter_is_not_endless() -> None:
    assert typed("x", needle="y" * MOST)[-1] == ("y" * MOST, True)
