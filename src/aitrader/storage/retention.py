"""What is forgotten with age: events, universes of old days, all but one point a day of equity.

Orders, fills, positions, signals and what positions realized are kept for ever. Rows go a few at a
time, oldest first, so that no commit of the engine waits behind a long delete.
"""

from __future__ import annotations

import sqlite3

from aitrader.model.candle import DAY_MS

MOST_ROWS = 2_000
"""Looked at in one transaction: about 5 ms of the writer's thread."""

OLD_EVENTS = """
delete from events where seq in
  (select seq from (select seq, at_ms from events order by seq limit :most)
   where at_ms < :before_ms)
"""
OLD_EQUITY = """
delete from equity where rowid in
  (select rowid from equity as e where at_ms < :before_ms and exists
     (select 1 from equity as later where later.user_id = e.user_id
        and later.account_id = e.account_id
        and later.at_ms > e.at_ms and later.at_ms / :day_ms = e.at_ms / :day_ms)
   limit :most)
"""
OLD_UNIVERSES = """
delete from universes where rowid in
  (select rowid from universes as u where at_ms < :before_ms and exists
     (select 1 from universes as later where later.user_id = u.user_id
        and later.universe = u.universe and later.at_ms > u.at_ms)
   limit :most)
"""
RULES = (OLD_EVENTS, OLD_EQUITY, OLD_UNIVERSES)


def forget(connection: sqlite3.Connection, *, before_ms: int) -> int:
    """Delete a few rows of before that instant; return how many, 0 when none are left.

    Raises:
        sqlite3.Error: The disk refused; nothing of it is deleted.
    """
    deleted = 0
    values = {"before_ms": before_ms, "most": MOST_ROWS, "day_ms": DAY_MS}
    connection.execute("begin immediate")
    try:
        for sql in RULES:
            deleted += connection.execute(sql, values).rowcount
        connection.execute("commit")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("rollback")
        raise
    return deleted
