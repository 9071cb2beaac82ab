"""Files of the candle store: replaced whole or not at all, by one writer at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from aitrader.model.errors import ConfigError

LOCK_NAME = ".lock"


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Put what `write` makes in the place of `path`, whole and on disk, or not at all.

    Raises:
        ConfigError: The disk refused; `path` is as it was.
    """
    # by process: two that fill a cache at once must not take each other's file away
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(unfinished)
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as exc:
        with_reason = exc.strerror or str(exc)
        _discard(unfinished)
        raise ConfigError(f"{path} cannot be written: {with_reason}") from exc


def replace_bytes(path: Path, content: bytes) -> None:
    """Put these bytes in the place of `path`, as `replace_file` does.

    Raises:
        ConfigError: The disk refused; `path` is as it was.
    """
    replace_file(path, lambda unfinished: unfinished.write_bytes(content))


@contextmanager
def writer_turn(folder: Path) -> Iterator[None]:
    """Hold the right to write below `folder`, after another process's write is finished.

    Raises:
        ConfigError: The folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / LOCK_NAME).open("wb")
    except OSError as exc:
        raise ConfigError(f"{folder} cannot be written: {exc.strerror}") from exc
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _discard(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return  # its folder is not a folder: there is nothing to discard
