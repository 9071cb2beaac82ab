"""Positions as rows, and beside them what each had realized by when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

import msgspec

from aitrader.model.events import PositionClosed, PositionOpened, PositionUpdated
from aitrader.model.money import ZERO
from aitrader.model.position import Position
from aitrader.storage.rows.statement import Owner, Statement, Value, on, plain, upsert

JSON_FIELDS = ("exits", "targets")
SAVE_POSITION = upsert(
    "positions",
    keys=("user_id", "account_id", "position_id"),
    columns=(
        "trader_id",
        "signal_id",
        "symbol",
        "side",
        "status",
        "exits",
        "opened_ms",
        "entry_quantity",
        "quantity",
        "entry_price",
        "exit_price",
        "stop_price",
        "targets",
        "trail_price",
        "realized_pnl",
        "fees",
        "exit_reason",
        "closed_ms",
        "even_price",
        "updated_ms",
        "lease_token",
    ),
)
SAVE_REALIZED = """
insert into realized (user_id, account_id, position_id, at_ms, realized_pnl)
select :user_id, :account_id, :position_id, :updated_ms, :realized_pnl
where :realized_pnl <> coalesce(
    (select realized_pnl from positions
     where user_id = :user_id and account_id = :account_id and position_id = :position_id), '0')
on conflict (user_id, account_id, position_id, at_ms)
do update set realized_pnl = excluded.realized_pnl
"""
LIVE_POSITIONS = """
select * from positions where user_id = :user_id and account_id = :account_id
  and status <> 'CLOSED' order by opened_ms, position_id
"""
CLOSED_SINCE = """
select trader_id, symbol, closed_ms, realized_pnl as pnl from positions
where user_id = :user_id and account_id = :account_id
  and status = 'CLOSED' and closed_ms >= :since_ms order by closed_ms, position_id
"""
MADE_SINCE = """
select realized_pnl from positions
where user_id = :user_id and account_id = :account_id and trader_id = :trader_id
  and status = 'CLOSED' and closed_ms >= :since_ms order by closed_ms, position_id
"""
REALIZED_SINCE = """
select position_id, at_ms, realized_pnl from realized
where user_id = :user_id and account_id = :account_id
  and position_id in (select position_id from realized where user_id = :user_id
                      and account_id = :account_id and at_ms >= :since_ms)
order by at_ms
"""
PNL_BY_POSITION = """
select trader_id, realized_pnl from positions
where user_id = :user_id and account_id = :account_id
"""


def save_position(
    event: PositionOpened | PositionUpdated | PositionClosed, owner: Owner
) -> Iterator[Statement]:
    """Yield the writes of a position; what it realized is compared with the row before."""
    values = plain(event.position, owner, json=JSON_FIELDS)
    values["updated_ms"] = event.at_ms
    yield Statement(SAVE_REALIZED, values)
    yield Statement(SAVE_POSITION, values)


def position_from_row(row: Mapping[str, Value]) -> Position:
    """Return the position that this row was made from."""
    nested = {name: msgspec.json.decode(str(row[name])) for name in JSON_FIELDS}
    return msgspec.convert({**row, **nested, "account": row["account_id"]}, Position)


def pnl_since(rows: Iterable[Mapping[str, Value]], since_ms: int) -> Decimal:
    """Return what these positions realized from `since_ms` on; `rows` are REALIZED_SINCE's."""
    before: dict[Value, Decimal] = {}
    now: dict[Value, Decimal] = {}
    for row in rows:
        amounts = before if int(row["at_ms"] or 0) < since_ms else now
        amounts[row["position_id"]] = Decimal(str(row["realized_pnl"]))
    return sum((pnl - before.get(key, ZERO) for key, pnl in now.items()), ZERO)


WRITERS = (
    on(PositionOpened, save_position),
    on(PositionUpdated, save_position),
    on(PositionClosed, save_position),
)
