"""The engine of a data folder as another process: find the one that runs, or start it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from aitrader.config import Settings
from aitrader.model.errors import ConfigError, Refused, Transient
from aitrader.modes import door
from aitrader.remote.client import RemoteEngine

OFFER = "; to see it work without a network: aitrader demo"


class Found(NamedTuple):
    """An engine that runs on a folder, and whether it was started for this terminal."""

    folder: Path
    is_started: bool


def ensure_engine(settings: Settings) -> Found:
    """Return the engine of these settings, started now if none ran.

    Raises:
        ConfigError: The engine cannot start, in one sentence that offers the demo.
    """
    folder = settings.data_folder
    if find_engine(folder) is not None:
        return Found(folder, is_started=False)
    try:
        start_engine(["--headless", "--data-folder", str(folder)])
    except ConfigError as error:
        raise ConfigError(f"{error}{OFFER}") from error
    return Found(folder, is_started=True)


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
    process = subprocess.Popen(
        [sys.executable, "-m", "aitrader", *arguments, "--ready-fd", str(tells)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(tells,),
        start_new_session=True,
    )
    os.close(tells)
    # whoever started it has to take note of its end, or it stays in the table of processes
    threading.Thread(target=process.wait, name="engine's end", daemon=True).start()
    door.hear(hears)
