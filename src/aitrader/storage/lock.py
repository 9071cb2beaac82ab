"""One engine per data folder, and one per exchange account: files that the kernel holds for us.

A lock ends when its holder gives it back or dies; what stands in the file only says who it is.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from pathlib import Path

from aitrader.model.errors import ConfigError

LOCK_NAME = "engine.lock"


class FolderLock:
    """The right to be the one engine of a data folder, held until `release` or death."""

    def __init__(self, folder: Path) -> None:
        self._file = _HeldFile(folder / LOCK_NAME)
        self._folder = folder

    def acquire(self) -> None:
        """Take the folder.

        Raises:
            ConfigError: Another process has it, or the folder cannot be written; in one sentence.
        """
        try:
            is_ours = self._file.take(str(os.getpid()))
        except OSError as exc:
            raise ConfigError(
                f"the data folder {self._folder} cannot be written "
                f"({exc.strerror}): make it writable, or choose another data folder"
            ) from exc
        if not is_ours:
            raise ConfigError(
                f"the data folder {self._folder} is used by process {self.holder() or '?'}: "
                "stop that one, or choose another data folder"
            )

    def release(self) -> None:
        """Give the folder back; without a hold it does nothing."""
        self._file.release()

    def holder(self) -> int | None:
        """Return the process that wrote its number into the lock file last, None if nobody did."""
        text = self._file.words()
        return int(text) if text.isdigit() else None


class KeyLock:
    """The right to be the one engine of an API key, whatever its data folder.

    The file is named by a digest, which tells nothing of the key.
    """

    def __init__(self, folder: Path, api_key: str) -> None:
        name = hashlib.blake2b(
            api_key.encode(), digest_size=16, person=b"aitrader-lock"
        ).hexdigest()
        self._file = _HeldFile(folder / f"{name}.lock")
        self._folder = folder

    def acquire(self, data_folder: Path) -> None:
        """Take the key for the engine of this data folder.

        Raises:
            ConfigError: Another process has it, or no lock can be written; in one sentence.
        """
        try:
            is_ours = self._file.take(f"{os.getpid()} {data_folder}")
        except OSError as exc:
            raise ConfigError(
                f"the lock folder {self._folder} cannot be written ({exc.strerror}): "
                "make it writable, or set AITRADER_LOCK_FOLDER"
            ) from exc
        if not is_ours:
            pid, _, other = self._file.words().partition(" ")
            raise ConfigError(
                f"the API key is used by process {pid or '?'} with the data folder {other or '?'}: "
                "two engines must not trade on one key; stop that one, or use another key"
            )

    def release(self) -> None:
        """Give the key back; without a hold it does nothing."""
        self._file.release()


class _HeldFile:
    """A file that at most one process holds, with words of its holder in it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def take(self, words: str) -> bool:
        """Return whether the file is ours now; raises OSError where it cannot be written."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return False
        os.ftruncate(file, 0)
        os.pwrite(file, words.encode(), 0)
        self._file = file
        return True

    def release(self) -> None:
        if self._file is not None:
            os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = None

    def words(self) -> str:
        """Return what the last holder wrote, "" if nobody did."""
        try:
            return self._path.read_text()
        except OSError:
            return ""
