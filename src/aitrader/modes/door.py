"""Where the engine of a data folder is reached, and how another process is told that it is up."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

import msgspec

from aitrader.model.errors import ConfigError

FILE_NAME = "engine.json"
SOCKET_NAME = "engine.sock"
LONGEST_SOCKET_PATH = 100
"""Bytes; Linux allows 107, macOS 103. A longer path is served on a loopback port instead."""


class Door(msgspec.Struct, frozen=True):
    """A running engine: its process, and its Unix socket or its loopback port with a token."""

    pid: int
    socket_path: str
    port: int
    token: str


class News(msgspec.Struct, frozen=True):
    """What a starting engine tells the process that started it: it is up, or why it is not."""

    is_up: bool
    reason: str = ""


def new_token() -> str:
    """Return a token that cannot be guessed (256 bits)."""
    return secrets.token_urlsafe(32)


def find_socket_path(data_folder: Path) -> Path | None:
    """Return where the Unix socket of this folder stands, None where it must be a port."""
    path = data_folder / SOCKET_NAME
    if os.name != "posix" or len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
        return None
    return path


def write_door(data_folder: Path, door: Door) -> None:
    """Say where the engine is, to this user alone."""
    path = data_folder / FILE_NAME
    fresh = path.with_suffix(".new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.encode(door))
    fresh.replace(path)


def find_door(data_folder: Path) -> Door | None:
    """Return what the last engine of this folder wrote; it may be dead by now."""
    try:
        return msgspec.json.decode((data_folder / FILE_NAME).read_bytes(), type=Door)
    except (OSError, msgspec.DecodeError):
        return None


def remove_door(data_folder: Path) -> None:
    """Take the word back when the engine ends."""
    (data_folder / FILE_NAME).unlink(missing_ok=True)


def tell(ready_fd: int | None, news: News) -> None:
    """Write the news to the pipe of the process that started us, once, and close it."""
    if ready_fd is None:
        return
    with contextlib.suppress(OSError), os.fdopen(ready_fd, "wb") as pipe:
        pipe.write(msgspec.json.encode(news))


def hear(pipe_fd: int) -> None:
    """Wait until the engine we started is up.

    Raises:
        ConfigError: It could not start, in its own sentence.
    """
    with os.fdopen(pipe_fd, "rb") as pipe:
        data = pipe.read()
    try:
        news = msgspec.json.decode(data, type=News)
    except msgspec.DecodeError:
        raise ConfigError("the engine ended before it was up; its log says why") from None
    if not news.is_up:
        raise ConfigError(news.reason)
