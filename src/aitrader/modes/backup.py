"""`aitrader backup` and `restore`: a copy of the database, and its way back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from aitrader.config import Settings
from aitrader.engine.clock import SystemClock
from aitrader.modes.data import say
from aitrader.storage.backup import restore_backup, write_backup
from aitrader.storage.lock import FolderLock

FOLDER_NAME = "backups"


def run_backup(settings: Settings, file: Path | None) -> None:
    """Write a backup and say where it is and how it is put back.

    Raises:
        ConfigError: There is no database, or the copy cannot be written.
    """
    target = file or settings.data_folder / FOLDER_NAME / _name()
    size = write_backup(settings.sqlite_path, target)
    say(f"{target} ({size / (1 << 20):,.1f} MB)")
    say(f"To put it back: end the engine, then aitrader restore {target}")


def run_restore(settings: Settings, file: Path) -> None:
    """Put a backup in the place of the database; what stood there is kept beside it.

    What was traded after the backup is not in it. The next start of an engine asks the exchange
    about every order that the backup knows as open.

    Raises:
        ConfigError: An engine runs, or the backup cannot be used.
    """
    lock = FolderLock(settings.sqlite_path.parent)
    lock.acquire()
    try:
        kept = restore_backup(file, settings.sqlite_path)
    finally:
        lock.release()
    say(f"{settings.sqlite_path} is now {file}")
    if kept is not None:
        say(f"What stood there is kept as {kept}")


def _name() -> str:
    moment = datetime.fromtimestamp(SystemClock().now_ms() // 1000, UTC)
    return f"aitrader-{moment:%Y%m%d-%H%M%S}.sqlite"
