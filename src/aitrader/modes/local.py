"""`aitrader`: find the engine of this data folder or start it, then show the terminal app on it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from aitrader.config import Settings
from aitrader.model.control import CloseAll, StopEngine
from aitrader.model.errors import ConfigError, Refused, Transient
from aitrader.modes import door
from aitrader.remote.client import RemoteEngine


def run_local(settings: Settings) -> None:
    """Show the terminal app on the engine of this folder, which is started when none runs.

    Raises:
        ConfigError: The engine cannot start, in one sentence.
    """
    if find_engine(settings.data_folder) is None:
        start_engine(["--headless", "--data-folder", str(settings.data_folder)])
    show(settings.data_folder)


def find_engine(data_folder: Path) -> RemoteEngine | None:
    """Return the engine that runs on this folder, not yet connected; None when there is none."""
    found = door.find_door(data_folder)
    if found is None:
        return None
    port = 0 if found.socket_path else found.port
    try:
        asyncio.run(
            _knock(RemoteEngine(socket_path=found.socket_path, port=port, token=found.token))
        )
    except (Transient, Refused):
        return None
    return RemoteEngine(socket_path=found.socket_path, port=port, token=found.token)


async def _knock(engine: RemoteEngine) -> None:
    try:
        await engine.open()
    finally:
        await engine.close()


def start_engine(arguments: Sequence[str]) -> None:
    """Start an engine as a process that outlives this one, and return once it is up.

    Args:
        arguments: Those of `aitrader` that run it without a terminal.

    Raises:
        ConfigError: It could not start, in its own sentence.
    """
    hears, tells = os.pipe()
    os.set_inheritable(tells, True)
    subprocess.Popen(
        [sys.executable, "-m", "aitrader", *arguments, "--ready-fd", str(tells)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(tells,),
        start_new_session=True,
    )
    os.close(tells)
    door.hear(hears)


def show(data_folder: Path) -> None:
    """Show the terminal app on the running engine, then do what the person chose on leaving."""
    from aitrader.tui.app import Parting, TraderApp  # noqa: PLC0415 - start-up: engine first

    engine = find_engine(data_folder)
    if engine is None:
        raise ConfigError("the engine ended before the terminal app was up; its log says why")
    parting = TraderApp(engine, engine).run()
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
