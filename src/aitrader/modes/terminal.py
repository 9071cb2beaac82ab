"""The terminal app on a running engine, and what becomes of the engine when the person leaves."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aitrader.config import read_settings
from aitrader.model.control import CloseAll, StopEngine
from aitrader.model.errors import ConfigError, Transient
from aitrader.modes.local import find_engine
from aitrader.modes.taste import taste_of
from aitrader.remote.client import RemoteEngine
from aitrader.tui.app import Parting, TraderApp


def show(data_folder: Path) -> None:
    """Show the terminal app on the running engine, then do what the person chose on leaving."""
    engine = find_engine(data_folder)
    if engine is None:
        raise ConfigError("the engine ended before the terminal app was up; its log says why")
    taste = taste_of(read_settings(data_folder=data_folder))
    parting = TraderApp(engine, engine, taste=taste).run()
    leave(engine, parting)


def leave(engine: RemoteEngine, parting: Parting | None) -> None:
    """Do to the engine what the person chose on leaving."""
    if parting in (Parting.STOP, Parting.CLOSE_FIRST):
        asyncio.run(_end(engine, is_closing_first=parting is Parting.CLOSE_FIRST))


async def _end(engine: RemoteEngine, *, is_closing_first: bool) -> None:
    try:
        if is_closing_first:
            await engine.ask(CloseAll())
            await _until_flat(engine)
        await engine.ask(StopEngine())
    except Transient:
        return
    finally:
        await engine.close()


async def _until_flat(engine: RemoteEngine) -> None:
    """Wait until nothing is held, at most a minute: the venue may be slow."""
    async with asyncio.timeout(60):
        async for frame in engine.frames(2.0):
            if frame.status.open_positions == 0:
                return
