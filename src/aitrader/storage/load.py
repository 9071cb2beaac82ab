"""From rows to `Saved`: everything a starting engine remembers."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

import msgspec

from aitrader.model.account import ACCOUNTS
from aitrader.model.candle import DAY_MS
from aitrader.model.errors import ConfigError
from aitrader.model.events import ClosedBefore, Saved, SavedAccount
from aitrader.model.ids import TraderId
from aitrader.model.money import ZERO
from aitrader.model.order import Order
from aitrader.model.trader import Trader
from aitrader.storage.rows.account import ACCOUNT, PEAK
from aitrader.storage.rows.orders import FILLS_OF_ORDER, LIVE_ORDERS, order_from_rows
from aitrader.storage.rows.positions import (
    CLOSED_SINCE,
    LIVE_POSITIONS,
    MADE_SINCE,
    PNL_BY_POSITION,
    REALIZED_SINCE,
    pnl_since,
    position_from_row,
)
from aitrader.storage.rows.quarantines import QUARANTINES
from aitrader.storage.rows.signals import LIVE_SIGNALS, SIGNALS_BY_TRADER, signal_from_row
from aitrader.storage.rows.statement import Owner, Value
from aitrader.storage.rows.traders import (
    LAST_UNIVERSES,
    LIVE_TRADERS,
    SAVED_MS,
    trader_from_row,
    universe_from_row,
)

CLOSED_KEPT_MS = 7 * DAY_MS
"""How far back closed positions are remembered, for cooldowns and the day's losses."""

LAST_EVENT = """
select max(at_ms) as at_ms from
  (select at_ms from events where user_id = :user_id and account_id = :account_id
   order by seq desc limit 100) as newest
"""


class Rows:
    """Queries of one owner's rows on one connection (whose `row_factory` is `sqlite3.Row`)."""

    def __init__(
        self, connection: sqlite3.Connection, owner: Owner, *, account: str | None = None
    ) -> None:
        self._connection = connection
        self._owner = {"user_id": owner.user_id, "account_id": account or owner.account_id}

    def of(self, sql: str, **values: Value) -> Iterator[dict[str, Value]]:
        """Yield the rows of a query whose names are the owner's and `values`, as dicts."""
        for row in self._connection.execute(sql, {**self._owner, **values}):
            yield dict(row)


def load_saved(connection: sqlite3.Connection, owner: Owner) -> Saved:
    """Return what the last run left for this owner.

    Raises:
        ConfigError: The file or a row in it cannot be read.
    """
    try:
        return _saved(
            Rows(connection, owner),
            [(name, Rows(connection, owner, account=name)) for name in ACCOUNTS],
        )
    except (sqlite3.Error, msgspec.MsgspecError, ArithmeticError) as exc:
        raise ConfigError(
            f"the database cannot be read ({exc}): put a backup in its place "
            "(aitrader restore FILE), or choose another data folder"
        ) from exc


def orders_of(rows: Rows, sql: str, **values: Value) -> tuple[Order, ...]:
    """Return the orders that a query of `orders` finds, with their fills."""
    found = list(rows.of(sql, **values))
    return tuple(
        order_from_rows(
            row,
            rows.of(
                FILLS_OF_ORDER,
                account_id=row["account_id"],
                client_order_id=row["client_order_id"],
            ),
        )
        for row in found
    )


def _saved(rows: Rows, accounts: Sequence[tuple[str, Rows]]) -> Saved:
    """Return what was left: `rows` of the engine as a whole, `accounts` of the money of each."""
    last_ms = int(next(rows.of(LAST_EVENT))["at_ms"] or 0)
    each = [row for _, row in accounts]
    traders = tuple(trader_from_row(row) for row in rows.of(LIVE_TRADERS))
    counted = _counted_since(rows, traders)
    money = (_account(name, found, last_ms=last_ms, counted=counted) for name, found in accounts)
    return Saved(
        traders=traders,
        signals=tuple(signal_from_row(row) for row in rows.of(LIVE_SIGNALS)),
        orders=tuple(order for found in each for order in orders_of(found, LIVE_ORDERS)),
        positions=tuple(
            position_from_row(row) for found in each for row in found.of(LIVE_POSITIONS)
        ),
        universes=tuple(universe_from_row(row) for row in rows.of(LAST_UNIVERSES)),
        accounts=tuple(row for row in money if row != SavedAccount(row.account)),
        last_event_ms=last_ms,
        is_paused=any(row["is_paused"] for row in rows.of(ACCOUNT)),
        is_closing_all=any(row["is_closing"] for row in rows.of(ACCOUNT)),
        results=_results(rows, each),
        quarantined=tuple(
            (TraderId(str(row["trader_id"])), str(row["symbol"])) for row in rows.of(QUARANTINES)
        ),
    )


def _counted_since(rows: Rows, traders: Iterable[Trader]) -> dict[TraderId, int]:
    """Return since when the drawdown of each trader counts that has a limit of it."""
    resumed_ms = max((int(row["resumed_ms"] or 0) for row in rows.of(ACCOUNT)), default=0)
    saved_ms = {str(row["trader_id"]): int(row["updated_ms"] or 0) for row in rows.of(SAVED_MS)}
    return {
        trader.trader_id: max(saved_ms[trader.trader_id], resumed_ms)
        for trader in traders
        if trader.plan.limits.brakes.max_drawdown_pct
    }


def _highs(
    rows: Rows, counted: Mapping[TraderId, int]
) -> Iterator[tuple[TraderId, Decimal, Decimal]]:
    """Yield what the closed positions of each of these traders made in all, and the best of it."""
    for trader_id, since_ms in counted.items():
        made = best = ZERO
        for row in rows.of(MADE_SINCE, trader_id=trader_id, since_ms=since_ms):
            made += Decimal(str(row["realized_pnl"]))
            best = max(best, made)
        if made or best:
            yield trader_id, made, best


def _account(
    name: str, rows: Rows, *, last_ms: int, counted: Mapping[TraderId, int]
) -> SavedAccount:
    money = next(rows.of(ACCOUNT), {"cash": None, "unexplained": None})
    cash = money["cash"]
    peak = next(rows.of(PEAK), {"peak": None})["peak"]
    since_ms = last_ms // DAY_MS * DAY_MS
    closed = rows.of(CLOSED_SINCE, since_ms=last_ms - CLOSED_KEPT_MS)
    return SavedAccount(
        account=name,
        cash=None if cash is None else Decimal(cash),
        day_pnl=pnl_since(rows.of(REALIZED_SINCE, since_ms=since_ms), since_ms),
        realized_pnl=sum(
            (Decimal(str(row["realized_pnl"])) for row in rows.of(PNL_BY_POSITION)), ZERO
        ),
        closed=tuple(msgspec.convert(row, ClosedBefore, strict=False) for row in closed),
        peak=ZERO if peak is None else Decimal(peak),
        unexplained=Decimal(money["unexplained"] or 0),
        highs=tuple(_highs(rows, counted)),
    )


def _results(rows: Rows, accounts: Sequence[Rows]) -> tuple[tuple[TraderId, int, Decimal], ...]:
    pnl: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in (row for found in accounts for row in found.of(PNL_BY_POSITION)):
        pnl[str(row["trader_id"])] += Decimal(str(row["realized_pnl"]))
    signals = {
        str(row["trader_id"]): int(row["signals"] or 0) for row in rows.of(SIGNALS_BY_TRADER)
    }
    names = sorted(pnl.keys() | signals.keys())
    return tuple((TraderId(name), signals.get(name, 0), pnl[name]) for name in names)
