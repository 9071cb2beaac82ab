"""What is on disk, for faces: read in a connection and a thread of its own, beside the writer."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from aitrader.model.order import Order
from aitrader.model.position import Position
from aitrader.model.signal import Signal
from aitrader.storage.load import Rows, orders_of
from aitrader.storage.rows.positions import position_from_row
from aitrader.storage.rows.signals import signal_from_row
from aitrader.storage.rows.statement import Owner

MOST_ROWS = 1000
"""No answer is longer; a face pages by time."""

NEWEST_ORDERS = """
select * from orders where user_id = :user_id and account_id = :account_id
  and planned_ms < :before_ms order by planned_ms desc, client_order_id limit :most
"""
NEWEST_POSITIONS = """
select * from positions where user_id = :user_id and account_id = :account_id
  and opened_ms < :before_ms order by opened_ms desc, position_id limit :most
"""
NEWEST_SIGNALS = """
select * from signals where user_id = :user_id and account_id = :account_id
  and raised_ms < :before_ms order by raised_ms desc, signal_id limit :most
"""
END_OF_TIME_MS = 2**53

T = TypeVar("T")


class History:
    """Orders, positions and signals of one owner, newest first, at most 1000 per answer."""

    def __init__(self, path: Path, owner: Owner) -> None:
        self._path = path
        self._owner = owner
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="history")
        self._connection: sqlite3.Connection | None = None

    async def orders(self, rows: int, *, before_ms: int = END_OF_TIME_MS) -> tuple[Order, ...]:
        """Return orders planned before that instant."""
        return await self._read(
            lambda found: orders_of(found, NEWEST_ORDERS, before_ms=before_ms, most=_at_most(rows))
        )

    async def positions(
        self, rows: int, *, before_ms: int = END_OF_TIME_MS
    ) -> tuple[Position, ...]:
        """Return positions opened before that instant."""
        return await self._read(
            lambda found: tuple(
                position_from_row(row)
                for row in found.of(NEWEST_POSITIONS, before_ms=before_ms, most=_at_most(rows))
            )
        )

    async def signals(self, rows: int, *, before_ms: int = END_OF_TIME_MS) -> tuple[Signal, ...]:
        """Return signals raised before that instant."""
        return await self._read(
            lambda found: tuple(
                signal_from_row(row)
                for row in found.of(NEWEST_SIGNALS, before_ms=before_ms, most=_at_most(rows))
            )
        )

    async def close(self) -> None:
        """End the thread; a second call does nothing."""
        if self._connection is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.close)
            self._connection = None
        self._thread.shutdown()

    async def _read(self, query: Callable[[Rows], T]) -> T:
        def work() -> T:
            if self._connection is None:
                address = f"{self._path.absolute().as_uri()}?mode=ro"
                self._connection = sqlite3.connect(address, uri=True, isolation_level=None)
                self._connection.row_factory = sqlite3.Row
            return query(Rows(self._connection, self._owner))

        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _at_most(rows: int) -> int:
    return min(rows, MOST_ROWS)
