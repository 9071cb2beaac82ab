"""A whole evening by keys on a real engine, and what is on disk afterwards."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from tests.processes import command
from tests.tui.stage import AppPilot, screen_of, until

from aitrader.modes import door
from aitrader.modes.local import find_engine
from aitrader.modes.terminal import leave
from aitrader.remote.client import RemoteEngine
from aitrader.tui.app import Parting, TraderApp
from aitrader.tui.editing import Editor

FOLDER = "seed-7"
NAME = "Takes every rise"
FILE = f'''"""Buys whenever a candle rises after one that did not."""
NAME = "{NAME}"
SYMBOLS = ["BTCUSDT"]
INTERVAL = "1m"
SIDE = "LONG"
EXITS = {{"stop_loss": "20%", "max_age": "3d"}}
RISK = {{"amount": 100}}


def conditions(m):
    return {{"it rises": m.close > m.close[1]}}
'''


async def evening(app: TraderApp, file: Path) -> None:
    """Add a trader, see its signal, look at it, close its position, leave."""
    async with app.run_test(size=(160, 50)) as pilot:
        await until(pilot, lambda: app.board.traders.rows)
        await add_trader(app, pilot, file)
        await pilot.press("3", "slash", *"takes", "enter")
        await until(pilot, lambda: signal_of(app) and app.board.signals.selected)
        await pilot.press("enter")
        await until(pilot, lambda: "it rises" in screen_of(app))
        await until(pilot, lambda: "how it leaves" in screen_of(app))
        await pilot.press("escape", "4", "slash", *"takes", "enter")
        await until(pilot, lambda: position_is(app, "OPEN"))
        await pilot.press("x", "y")
        await until(pilot, lambda: position_is(app, "CLOSED"))
        await pilot.press("q", "s")


async def add_trader(app: TraderApp, pilot: AppPilot, file: Path) -> None:
    await pilot.press("a")
    await until(pilot, lambda: isinstance(app.screen, Editor))
    await pilot.press(*(named(char) for char in str(file)))
    await pilot.press("ctrl+s")
    await until(pilot, lambda: not isinstance(app.screen, Editor))
    await until(pilot, lambda: NAME in [row.name for row in app.board.traders.rows.values()])


def named(char: str) -> str:
    """Return a character as the keyboard names it."""
    names = {"/": "slash", ".": "full_stop", "-": "minus", "_": "underscore"}
    return names.get(char, char)


def signal_of(app: TraderApp) -> bool:
    rows = app.board.signals.rows.values()
    return any(row.trader == NAME and row.status == "ENTERED" for row in rows)


def position_is(app: TraderApp, status: str) -> bool:
    rows = app.board.positions.rows.values()
    return any(row.trader == NAME and row.status == status for row in rows)


@contextmanager
def running(base: Path) -> Iterator[RemoteEngine]:
    """Yield a demo engine of this folder, a process of its own that must end by itself."""
    hears, tells = os.pipe()
    words = ("demo", "--headless", "--symbols", "5", "--speed", "240", "--for", "300")
    words += ("--data-folder", str(base), "--ready-fd", str(tells))
    with subprocess.Popen(
        command(words), pass_fds=(tells,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        os.close(tells)
        door.hear(hears)
        engine = find_engine(base / FOLDER)
        assert engine is not None
        try:
            yield engine
            assert process.wait(20) == 0
        finally:
            process.kill()


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_trader_is_added_signals_is_closed_and_all_of_it_is_on_disk(tmp_path: Path) -> None:
    file = tmp_path / "rises.py"
    file.write_text(FILE)
    with running(tmp_path / "demo") as engine:
        app = TraderApp(engine, engine)
        asyncio.run(asyncio.wait_for(evening(app, file), 120))
        assert app.return_value is Parting.STOP
        leave(engine, app.return_value)
    with closing(sqlite3.connect(tmp_path / "demo" / FOLDER / "aitrader.sqlite")) as database:
        ask = database.execute
        trader_id, source = ask(
            "SELECT trader_id, source FROM traders WHERE name = ?", [NAME]
        ).fetchone()
        held = ask(
            "SELECT position_id, quantity, signal_id FROM positions"
            " WHERE trader_id = ? AND status = 'CLOSED' AND exit_reason = 'MANUAL'",
            [trader_id],
        ).fetchall()
        (signal,) = ask("SELECT status FROM signals WHERE signal_id = ?", [held[0][2]]).fetchone()
        legs = ask(
            "SELECT leg, kind, status FROM orders WHERE position_id = ? ORDER BY planned_ms",
            [held[0][0]],
        ).fetchall()
    assert source == FILE
    assert (len(held), Decimal(held[0][1]), signal) == (1, 0, "ENTERED")
    assert legs == [
        ("ENTRY", "MARKET", "FILLED"),
        ("EXIT", "STOP_LOSS", "CANCELED"),
        ("EXIT", "MARKET", "FILLED"),
    ]
