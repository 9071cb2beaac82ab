"""What is on disk, of all accounts, for faces: read in a connection and a thread of its own.

The writer is not disturbed. A face pages by time: rows of one instant are never torn apart, so that
asking for what was before the last of them loses nothing. A page may be longer than asked for then.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec

from aitrader.model.account import PAPER
from aitrader.model.history import EquityPoint, PastEvent, PositionStory
from aitrader.model.order import Order
from aitrader.model.position import Position
from aitrader.model.signal import Signal
from aitrader.storage.load import Rows, orders_of
from aitrader.storage.rows.positions import position_from_row
from aitrader.storage.rows.signals import signal_from_row
from aitrader.storage.rows.statement import Owner
from aitrader.storage.sqlite import CACHE_KB

MOST_ROWS = 1000
"""No answer is longer, but for rows of one instant."""

NEWEST_ORDERS = """
select * from orders where user_id = :user_id and account_id in ('paper', 'live')
  and planned_ms < :before_ms and planned_ms >= coalesce(
    (select planned_ms from orders where user_id = :user_id and account_id in ('paper', 'live')
     and planned_ms < :before_ms order by planned_ms desc limit 1 offset :most - 1), 0)
order by planned_ms desc, client_order_id
"""
NEWEST_POSITIONS = """
select * from positions where user_id = :user_id and account_id in ('paper', 'live')
  and opened_ms < :before_ms and opened_ms >= coalesce(
    (select opened_ms from positions where user_id = :user_id and account_id in ('paper', 'live')
     and opened_ms < :before_ms order by opened_ms desc limit 1 offset :most - 1), 0)
order by opened_ms desc, position_id
"""
NEWEST_SIGNALS = """
select * from signals where user_id = :user_id and account_id = :account_id
  and raised_ms < :before_ms and raised_ms >= coalesce(
    (select raised_ms from signals where user_id = :user_id and account_id = :account_id
     and raised_ms < :before_ms order by raised_ms desc limit 1 offset :most - 1), 0)
order by raised_ms desc, signal_id
"""
EQUITY = """
select at_ms, equity, cash, open_positions from
  (select max(at_ms) as at_ms, equity, cash, open_positions from equity
   where user_id = :user_id and account_id = :account and at_ms < :before_ms
   group by at_ms / :every_ms order by at_ms desc limit :most)
"""
NEWEST_EVENTS = """
select seq, at_ms, kind, body from events
where user_id = :user_id and account_id = :account_id and seq < :before_seq
  and (:kind = '' or kind = :kind) order by seq desc limit :most
"""
ONE_POSITION = """
select * from positions where user_id = :user_id and account_id in ('paper', 'live')
  and position_id = :position_id
"""
ONE_SIGNAL = """
select * from signals where user_id = :user_id and account_id = :account_id
  and signal_id = :signal_id
"""
ORDERS_OF_POSITION = """
select * from orders where user_id = :user_id and account_id in ('paper', 'live')
  and position_id = :position_id order by planned_ms, client_order_id
"""
END_OF_TIME_MS = 2**53

T = TypeVar("T")


class History:
    """What one owner has on disk, newest first, at most 1000 rows per answer and its instant."""

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

    async def equity(
        self,
        rows: int,
        *,
        before_ms: int = END_OF_TIME_MS,
        every_ms: int = 1,
        account: str = PAPER,
    ) -> tuple[EquityPoint, ...]:
        """Return an account's worth before that instant, the last of each `every_ms`."""
        return await self._read(
            lambda found: tuple(
                msgspec.convert(row, EquityPoint)
                for row in found.of(
                    EQUITY,
                    before_ms=before_ms,
                    every_ms=every_ms,
                    account=account,
                    most=_at_most(rows),
                )
            )
        )

    async def events(
        self, rows: int, *, before_seq: int = END_OF_TIME_MS, kind: str = ""
    ) -> tuple[PastEvent, ...]:
        """Return what was written down before that one; of one kind, "" for all."""
        return await self._read(
            lambda found: tuple(
                msgspec.convert(row, PastEvent)
                for row in found.of(
                    NEWEST_EVENTS, before_seq=before_seq, kind=kind, most=_at_most(rows)
                )
            )
        )

    async def find_story(self, position_id: str) -> PositionStory | None:
        """Return one position from its signal to its last fill, None if there is none."""
        return await self._read(lambda found: _story(found, position_id))

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
                self._connection.execute(f"pragma cache_size = -{CACHE_KB}")
            return query(Rows(self._connection, self._owner))

        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _story(rows: Rows, position_id: str) -> PositionStory | None:
    row = next(rows.of(ONE_POSITION, position_id=position_id), None)
    if row is None:
        return None
    position = position_from_row(row)
    raised = next(rows.of(ONE_SIGNAL, signal_id=position.signal_id), None)
    return PositionStory(
        position=position,
        signal=None if raised is None else signal_from_row(raised),
        orders=orders_of(rows, ORDERS_OF_POSITION, position_id=position_id),
    )


def _at_most(rows: int) -> int:
    return min(rows, MOST_ROWS)
