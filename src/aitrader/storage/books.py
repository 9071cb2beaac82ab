"""The books for a person: positions, trades and orders as flat records, read beside the writer.

Unlike `history`, which pages typed values to faces, this walks whole tables once, for a list on
the screen or a file for the tax office. Numbers stay the exact text they are on disk.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

from aitrader.model.errors import ConfigError

Record = Mapping[str, str | int | None]

_TRADER = "coalesce(t.name, p.trader_id) as trader"
_WITH_TRADER = "left join traders t on t.user_id = p.user_id and t.trader_id = p.trader_id"
_MINE = "p.user_id = :user_id"

OPEN_POSITIONS = f"""
select {_TRADER}, p.account_id as account, p.symbol, p.side, p.status, p.quantity, p.entry_price,
  p.stop_price, p.targets, p.opened_ms, p.fees, p.realized_pnl as pnl, p.position_id
from positions p {_WITH_TRADER}
where {_MINE} and p.status <> 'CLOSED' order by p.opened_ms desc, p.position_id limit :most
"""
TRADES = f"""
select {_TRADER}, p.account_id as account, p.symbol, p.side, p.opened_ms as entry_ms,
  p.entry_price, p.closed_ms as exit_ms, p.exit_price, p.entry_quantity as quantity, p.fees,
  p.realized_pnl as pnl, p.exit_reason, p.position_id
from positions p {_WITH_TRADER}
where {_MINE} and p.status = 'CLOSED' order by p.closed_ms desc, p.position_id limit :most
"""
ORDERS = f"""
select {_TRADER}, p.account_id as account, p.symbol, p.leg, p.side, p.kind, p.quantity, p.price,
  p.stop_price, p.status, p.filled, p.planned_ms, p.updated_ms, p.reason, p.note,
  p.client_order_id, p.venue_order_id, p.position_id
from orders p {_WITH_TRADER}
where {_MINE} order by p.planned_ms desc, p.client_order_id limit :most
"""
NO_LIMIT = -1
"""SQLite's word for all rows."""


def read_books(path: Path, query: str, *, user_id: str, most: int = NO_LIMIT) -> Iterator[Record]:
    """Yield the newest records of one of the queries above, newest first.

    Args:
        path: The database; it is opened for reading only.
        query: `OPEN_POSITIONS`, `TRADES` or `ORDERS`.
        user_id: Whose books.
        most: How many records at the most.

    Raises:
        ConfigError: There is no database yet, or it cannot be read.
    """
    if not path.exists():
        raise ConfigError(f"nothing was traded in {path.parent} yet: there is no database")
    connection: sqlite3.Connection | None = None
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        for row in connection.execute(query, {"user_id": user_id, "most": most}):
            yield dict(row)
    except sqlite3.Error as exc:
        raise ConfigError(f"the database {path} cannot be read: {exc}") from exc
    finally:
        if connection is not None:
            connection.close()
