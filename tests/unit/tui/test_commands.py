"""What the palette offers."""

from __future__ import annotations

import asyncio

from tests.fake_engine import FakeEngine
from tests.tui.stage import shown, until

from aitrader.tui.commands import commands
from aitrader.tui.dialogs import Reading
from aitrader.tui.keys import DOINGS, PANELS


def test_everything_a_key_does_is_there_with_the_key_the_person_chose() -> None:
    async def story() -> None:
        async with shown(FakeEngine()) as (app, _):
            found = list(commands(app, {"trader.edit": "v,ctrl+v", "panel.2": "f2"}))
            told = {row.title: row.help for row in found}
            assert [row.title for row in found[:7]] == [f"Go to {name}" for name in PANELS]
            assert {title for _, _, _, title, _ in DOINGS} <= set(told)
            assert told["Go to Traders"] == "Key f2"
            assert told["Edit trader"] == "Key v: the selected one's file"
            assert told["Filter rows"] == "Key /: in the focused panel"

    asyncio.run(story())


def test_a_command_does_what_its_key_does() -> None:
    async def story() -> None:
        async with shown(FakeEngine()) as (app, pilot):
            found = {row.title: row for row in commands(app, {})}
            await found["Go to Traders"].callback()
            await until(pilot, lambda: app.board.traders.has_focus)
            await found["Help"].callback()
            await until(pilot, lambda: isinstance(app.screen, Reading))

    asyncio.run(story())
