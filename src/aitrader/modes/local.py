"""The engine of a data folder as another process: find the one that runs, or start it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from time import sleep
from typing import NamedTuple

from aitrader.config import Settings
from aitrader.model.errors import ConfigError, Refused, Transient
from aitrader.modes import door
from aitrader.remote.client import RemoteEngine
from aitrader.storage.lock import FolderLock

OFFER = "; to see it work without a network: aitrader demo"


JOIN_TRIES, JOIN_EVERY_S = 100, 0.1
"""How often we knock at the door of an engine that is starting: for ten seconds."""


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
        return start_or_join(folder, ["--headless", "--data-folder", str(folder)])
    except ConfigError as error:
        raise ConfigError(f"{error}{OFFER}") from error


def start_or_join(folder: Path, arguments: Sequence[str]) -> Found:
    """Start the engine of a folder, or join the one that another terminal is starting just now.

    Raises:
        ConfigError: It could not start, in its own sentence.
    """
    try:
        start_engine(arguments)
    except ConfigError:
        if not _comes_up(folder):
            raise
        return Found(folder, is_started=False)
    return Found(folder, is_started=True)


def _comes_up(folder: Path) -> bool:
    """Wait for the engine of another process that holds the folder; False when there is none."""
    for _ in range(JOIN_TRIES):
        if not _is_held(folder):
            return False
        if find_engine(folder) is not None:
            return True
        sleep(JOIN_EVERY_S)
    return False


def _is_held(folder: Path) -> bool:
    holder = FolderLock(folder).holder()
    if holder is None:
        return False
    try:
        os.kill(holder, 0)
    except OSError:
        return False
    return True


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
