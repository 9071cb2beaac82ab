"""Traders and the universes they look at, as rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from aitrader.model.events import TraderRemoved, TraderSaved, UniverseChanged
from aitrader.model.trader import Trader, Universe
from aitrader.storage.rows.statement import Owner, Statement, Value, on, plain, to_json, upsert

SAVE_TRADER = upsert(
    "traders",
    keys=("user_id", "trader_id"),
    columns=(
        "name",
        "source",
        "plan",
        "mode",
        "is_enabled",
        "rank",
        "version",
        "created_ms",
        "updated_ms",
        "removed_ms",
        "lease_token",
    ),
)
REMOVE_TRADER = """
update traders set removed_ms = :removed_ms, updated_ms = :removed_ms
where user_id = :user_id and trader_id = :trader_id
"""
SAVE_UNIVERSE = upsert("universes", keys=("user_id", "universe", "at_ms"), columns=("symbols",))
LIVE_TRADERS = """
select * from traders where user_id = :user_id and removed_ms is null order by rank, trader_id
"""
SAVED_MS = """
select trader_id, updated_ms from traders where user_id = :user_id and removed_ms is null
"""
LAST_UNIVERSES = """
select universe, symbols from universes as u where user_id = :user_id and at_ms =
  (select max(at_ms) from universes where user_id = u.user_id and universe = u.universe)
order by universe
"""


def save_trader(event: TraderSaved, owner: Owner) -> Iterator[Statement]:
    """Yield the write of a trader; one that was removed is back."""
    values = plain(event.trader, owner, json=("plan",))
    values.update(name=event.trader.plan.name, updated_ms=event.at_ms, removed_ms=None)
    values["is_enabled"] = int(event.trader.is_enabled)
    yield Statement(SAVE_TRADER, values)


def remove_trader(event: TraderRemoved, owner: Owner) -> Iterator[Statement]:
    """Yield the write that hides a trader; its row stays for its orders' sake."""
    yield Statement(
        REMOVE_TRADER,
        {"user_id": owner.user_id, "trader_id": event.trader_id, "removed_ms": event.at_ms},
    )


def save_universe(event: UniverseChanged, owner: Owner) -> Iterator[Statement]:
    """Yield the write of a universe as it was from this instant on; older ones stay."""
    yield Statement(
        SAVE_UNIVERSE,
        {
            "user_id": owner.user_id,
            "universe": to_json(event.universe),
            "at_ms": event.at_ms,
            "symbols": to_json(event.symbols),
        },
    )


def trader_from_row(row: Mapping[str, Value]) -> Trader:
    """Return the trader that this row was made from."""
    fields = {**row, "plan": msgspec.json.decode(str(row["plan"]))}
    return msgspec.convert({**fields, "is_enabled": bool(row["is_enabled"])}, Trader)


def universe_from_row(row: Mapping[str, Value]) -> tuple[Universe, tuple[str, ...]]:
    """Return a universe and its symbols, best first."""
    universe = msgspec.json.decode(str(row["universe"]), type=Universe)
    return universe, msgspec.json.decode(str(row["symbols"]), type=tuple[str, ...])


WRITERS = (
    on(TraderSaved, save_trader),
    on(TraderRemoved, remove_trader),
    on(UniverseChanged, save_universe),
)
