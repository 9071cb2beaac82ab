"""The store on SQLite: one file, one writer thread, one transaction per event of the engine.

Theory of operation. A connection lives in the one thread of an executor; the loop hops there and
waits, so what `record` has returned from is committed. Write-ahead logging lets readers read
meanwhile. `synchronous=NORMAL` survives the death of the process; a transaction with money in it
is committed with FULL and survives a power cut too. A fact without a row of its own still gets
its line in `events`; a fact that is not durable costs nothing here.

Invariants: a transaction holds all the durable facts of one call or none of them; nobody else
writes to the file while the folder's lock is held.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from aitrader.model.errors import ConfigError, Transient
from aitrader.model.events import MONEY, Event, Saved
from aitrader.storage.load import load_saved
from aitrader.storage.lock import FolderLock
from aitrader.storage.projection import is_durable, statements
from aitrader.storage.retention import forget
from aitrader.storage.rows.statement import Owner
from aitrader.storage.schema import migrate

CACHE_KB = 512
"""Of pages in memory; the rest is read from the system's own, which holds the file anyway."""

BUSY_S = 2.0
"""How long a write waits for a backup or a shell that holds the file."""

T = TypeVar("T")


class SqliteStore:
    """The `Store` port on one SQLite file; made by `open`."""

    def __init__(self, path: Path, owner: Owner, *, busy_s: float = BUSY_S) -> None:
        self._path = path
        self._owner = owner
        self._busy_s = busy_s
        self._lock = FolderLock(path.parent)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._connection: sqlite3.Connection | None = None
        self._is_full_sync = False

    @classmethod
    async def open(cls, path: Path, owner: Owner, *, busy_s: float = BUSY_S) -> SqliteStore:
        """Return the store on this file, which is made, or migrated, as needed.

        Args:
            path: The file; its folder is locked for this process.
            owner: Whose rows are written and read.
            busy_s: How long a write waits for a stranger that holds the file.

        Raises:
            ConfigError: Another engine has the folder, the file cannot be written, is no
                database or is of a newer version; in one sentence.
        """
        store = cls(path, owner, busy_s=busy_s)
        store._lock.acquire()
        try:
            await store._in_thread(store._connect)
        except ConfigError:
            store._thread.shutdown()
            store._lock.release()
            raise
        return store

    async def load(self) -> Saved:
        """Return what the last run left.

        Raises:
            ConfigError: A row cannot be read.
        """
        return await self._in_thread(lambda: load_saved(self._open_connection(), self._owner))

    async def record(self, facts: Sequence[Event]) -> None:
        """Commit the durable ones among these facts and their rows in one transaction.

        Raises:
            Transient: The disk refused; nothing of it was written.
        """
        durable = [fact for fact in facts if is_durable(fact)]
        if durable:
            await self._in_thread(lambda: self._commit(durable))

    async def forget(self, *, before_ms: int) -> int:
        """Delete a few events and points of equity of before that instant; return how many.

        Raises:
            Transient: The disk refused; nothing of it was deleted.
        """
        return await self._in_thread(lambda: self._forget(before_ms))

    async def synchronous(self) -> int:
        """Return SQLite's sync level: 2 (FULL) if the last transaction held money, else 1."""
        connection = self._open_connection()
        return int(
            await self._in_thread(lambda: connection.execute("pragma synchronous").fetchone()[0])
        )

    async def close(self) -> None:
        """End the writer thread and give the folder back; a second call does nothing."""
        if self._connection is not None:
            await self._in_thread(self._connection.close)
            self._connection = None
        self._thread.shutdown()
        self._lock.release()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _open_connection(self) -> sqlite3.Connection:
        assert self._connection is not None, "the store is closed"
        return self._connection

    def _connect(self) -> None:
        connection: sqlite3.Connection | None = None
        try:
            connection = sqlite3.connect(self._path, timeout=self._busy_s, isolation_level=None)
            connection.row_factory = sqlite3.Row
            migrate(connection)  # first: a newer program's database is not touched at all
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = normal")
            connection.execute("pragma fullfsync = 1")  # macOS: fsync alone stays in the drive
            connection.execute("pragma journal_size_limit = 16777216")
            connection.execute(f"pragma cache_size = -{CACHE_KB}")
        except sqlite3.Error as exc:
            if connection is not None:
                connection.close()
            raise ConfigError(
                f"the database {self._path} cannot be used ({exc}): {_advice(exc)}, "
                "or choose another data folder"
            ) from exc
        except ConfigError:
            if connection is not None:
                connection.close()
            raise
        self._connection = connection

    def _commit(self, facts: Sequence[Event]) -> None:
        connection = self._open_connection()
        try:
            self._sync_fully(any(isinstance(fact, MONEY) for fact in facts))
            connection.execute("begin immediate")
            for fact in facts:
                for sql, values in statements(fact, self._owner):
                    connection.execute(sql, values)
            connection.execute("commit")
        except sqlite3.Error as exc:
            self._roll_back()
            raise Transient(f"the database {self._path} took nothing: {exc}") from exc

    def _forget(self, before_ms: int) -> int:
        try:
            return forget(self._open_connection(), before_ms=before_ms)
        except sqlite3.Error as exc:
            raise Transient(f"the database {self._path} forgot nothing: {exc}") from exc

    def _sync_fully(self, is_full: bool) -> None:
        if is_full is not self._is_full_sync:
            level = "full" if is_full else "normal"
            self._open_connection().execute(f"pragma synchronous = {level}")
            self._is_full_sync = is_full

    def _roll_back(self) -> None:
        connection = self._open_connection()
        if connection.in_transaction:
            connection.execute("rollback")


def _advice(error: sqlite3.Error) -> str:
    if isinstance(error, sqlite3.OperationalError):
        return "make it writable"
    return "put a backup in its place (aitrader restore FILE)"
