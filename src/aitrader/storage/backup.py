"""A copy of the database while it is in use: one consistent moment, checked before it counts."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from pathlib import Path

from aitrader.model.errors import ConfigError


def write_backup(source: Path, target: Path) -> int:
    """Copy a database into a new file and return its size in bytes.

    The copy is one moment's state, read beside an engine that goes on writing. It is checked and
    on disk before it gets its name, so a file of that name is always whole.

    Raises:
        ConfigError: There is no database, the target exists or cannot be written, or the copy is
            not sound; in one sentence.
    """
    if not source.exists():
        raise ConfigError(f"there is nothing to back up: {source} does not exist")
    if target.exists():
        raise ConfigError(f"{target} exists: choose another name, a backup replaces nothing")
    part = target.with_name(f"{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        _copy(source, part)
        _check(part)
        _sync(part)
        part.rename(target)
        _sync(target.parent)
    except (OSError, sqlite3.Error) as exc:
        _drop(part)
        reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else exc
        raise ConfigError(f"the backup {target} could not be written: {reason}") from exc
    return target.stat().st_size


def restore_backup(source: Path, target: Path) -> Path | None:
    """Put a backup in the place of a database that no engine uses.

    What stood there is kept beside it; the caller holds the folder's lock.

    Args:
        source: The backup; it is checked first.
        target: The database.

    Returns:
        Where the database that stood there is now, None when there was none.

    Raises:
        ConfigError: The backup is not sound, or the folder cannot be written; in one sentence.
    """
    if not source.exists():
        raise ConfigError(f"there is no backup {source}")
    aside = target.with_name(f"{target.name}.before-restore")
    if aside.exists():
        raise ConfigError(f"{aside} is kept from a restore before: move it away first")
    part = target.with_name(f"{target.name}.part")
    try:
        fault = find_fault(source)
        if fault:
            raise sqlite3.DatabaseError(fault)
        shutil.copyfile(source, part)
        _sync(part)
        kept = _move_aside(target, aside)
        part.rename(target)
        _sync(target.parent)
    except (OSError, sqlite3.Error) as exc:
        _drop(part)
        reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else exc
        raise ConfigError(f"{source} could not be restored: {reason}") from exc
    return kept


def _move_aside(target: Path, aside: Path) -> Path | None:
    """Move a database with its write-ahead log: a log beside another database would ruin it.

    A log whose database is gone is moved too.
    """
    for ending in ("-wal", "-shm"):
        log = target.with_name(target.name + ending)
        if log.exists():
            log.rename(aside.with_name(aside.name + ending))
    if not target.exists():
        return None
    target.rename(aside)
    return aside


def find_fault(path: Path) -> str:
    """Return what SQLite finds wrong with a database, "" when it is sound.

    Raises:
        sqlite3.Error: It cannot be read at all.
    """
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        found = str(connection.execute("pragma quick_check(1)").fetchone()[0])
    finally:
        connection.close()
    return "" if found == "ok" else found


def _copy(source: Path, part: Path) -> None:
    connection = sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)
    try:
        connection.execute("vacuum into ?", (str(part),))
    finally:
        connection.close()


def _check(part: Path) -> None:
    fault = find_fault(part)
    if fault:
        raise sqlite3.DatabaseError(fault)


def _drop(part: Path) -> None:
    with contextlib.suppress(OSError):
        part.unlink()


def _sync(path: Path) -> None:
    """Put the file and its name on disk."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
