"""One engine per data folder: a lock file that the kernel frees when its holder dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from aitrader.model.errors import ConfigError

LOCK_NAME = "engine.lock"


class FolderLock:
    """The right to be the one engine of a data folder, held until `release` or death."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOCK_NAME
        self._file: int | None = None

    def acquire(self) -> None:
        """Take the folder.

        Raises:
            ConfigError: Another process has it, or the folder cannot be written; in one sentence.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as exc:
            raise ConfigError(
                f"the data folder {self._path.parent} cannot be written "
                f"({exc.strerror}): make it writable, or choose another data folder"
            ) from exc
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            os.close(file)
            raise ConfigError(
                f"the data folder {self._path.parent} is used by process {self.holder() or '?'}: "
                "stop that one, or choose another data folder"
            ) from exc
        os.ftruncate(file, 0)
        os.pwrite(file, str(os.getpid()).encode(), 0)
        self._file = file

    def release(self) -> None:
        """Give the folder back; without a hold it does nothing."""
        if self._file is not None:
            os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = None

    def holder(self) -> int | None:
        """Return the process that wrote its number into the lock file last, None if nobody did."""
        try:
            text = self._path.read_text()
        except OSError:
            return None
        return int(text) if text.isdigit() else None
