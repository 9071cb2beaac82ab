"""The schema: numbered SQL files, applied in order, each in one transaction.

`PRAGMA user_version` holds the number of the last one. A database that a newer program has
migrated is not touched.
"""

from __future__ import annotations

import sqlite3
from importlib import resources

from aitrader.model.errors import ConfigError


def migrations() -> list[tuple[int, str]]:
    """Return (number, SQL text) of every migration in the package, in order."""
    folder = resources.files("aitrader.storage.migrations")
    files = sorted(
        (entry for entry in folder.iterdir() if entry.name.endswith(".sql")),
        key=lambda entry: entry.name,
    )
    return [(int(entry.name.split("_")[0]), entry.read_text("utf-8")) for entry in files]


def version_of(connection: sqlite3.Connection) -> int:
    """Return the number of the last migration this database has had, 0 for a new one."""
    return int(connection.execute("pragma user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection, *, steps: list[tuple[int, str]] | None = None) -> None:
    """Bring a database to the newest version; `steps` are the package's own by default.

    Raises:
        ConfigError: The database is of a newer version than this program.
        sqlite3.Error: A step failed; the database is as the step before left it.
    """
    steps = migrations() if steps is None else steps
    found, newest = version_of(connection), steps[-1][0]
    if found > newest:
        raise ConfigError(
            f"the database is of version {found} and this program knows versions up to {newest}: "
            "install a newer aitrader, or choose another data folder"
        )
    for number, sql in steps:
        if number > found:
            _apply(connection, number, sql)


def _apply(connection: sqlite3.Connection, number: int, sql: str) -> None:
    try:
        connection.executescript(
            f"begin immediate;\n{sql}\npragma user_version = {number};\ncommit;"
        )
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("rollback")
        raise
