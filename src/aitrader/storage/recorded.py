"""What an engine wrote down of a span of time, to compare it with a backtest of the same days."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import msgspec

from aitrader.model.errors import ConfigError
from aitrader.model.events import (
    CandlesClosed,
    EntriesPaused,
    Event,
    TraderRemoved,
    TraderSaved,
)
from aitrader.model.position import Position
from aitrader.model.signal import Signal
from aitrader.model.trader import Trader, Universe
from aitrader.storage.load import Rows
from aitrader.storage.rows.positions import position_from_row
from aitrader.storage.rows.signals import signal_from_row
from aitrader.storage.rows.statement import Owner
from aitrader.storage.rows.traders import trader_from_row, universe_from_row

POSITIONS = """
select * from positions where user_id = :user_id and account_id = :account
  and opened_ms < :to_ms and (closed_ms is null or closed_ms >= :from_ms)
order by opened_ms, position_id
"""
SIGNALS = """
select * from signals where user_id = :user_id and account_id = :account_id
  and raised_ms >= :from_ms and raised_ms < :to_ms order by raised_ms, signal_id
"""
UNIVERSES = """
select universe, at_ms, symbols from universes where user_id = :user_id and at_ms < :to_ms
order by at_ms
"""
TRADERS = "select * from traders where user_id = :user_id order by rank, trader_id"
EVENTS = """
select body from events where user_id = :user_id and account_id = :account_id
  and kind = :kind and at_ms >= :from_ms and at_ms < :to_ms order by seq
"""
EQUITY = """
select equity from equity where user_id = :user_id and account_id = :account
  and at_ms <= :from_ms order by at_ms desc limit 1
"""

E = TypeVar("E", bound=Event)


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """One account's [from_ms, to_ms).

    `positions`: those held at any time in it, oldest first. `signals`: raised in it. `saved` and
    `removed`: all there is of traders up to its end, as far as events reach back; `traders`: as
    they are now. `universes`: when each meant which symbols. `closes` and `pauses` are those in it.
    `equity`: the account's worth when it began, None when nothing is known.
    """

    positions: tuple[Position, ...] = ()
    signals: tuple[Signal, ...] = ()
    traders: tuple[Trader, ...] = ()
    saved: tuple[TraderSaved, ...] = ()
    removed: tuple[TraderRemoved, ...] = ()
    universes: tuple[tuple[int, Universe, tuple[str, ...]], ...] = ()
    closes: tuple[CandlesClosed, ...] = ()
    pauses: tuple[EntriesPaused, ...] = ()
    equity: Decimal | None = None


def read_recorded(path: Path, owner: Owner, *, account: str, from_ms: int, to_ms: int) -> Recorded:
    """Return what a database says of a span; an engine may be writing to it meanwhile.

    Raises:
        ConfigError: There is no database, or it cannot be read.
    """
    if not path.is_file():
        raise ConfigError(f"{path} is not there: no engine has run on this data folder")
    try:
        with closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        ) as connection:
            connection.row_factory = sqlite3.Row
            return _recorded(Rows(connection, owner), account, from_ms, to_ms)
    except (sqlite3.Error, msgspec.MsgspecError, ArithmeticError) as exc:
        raise ConfigError(f"the database {path} cannot be read: {exc}") from exc


def _recorded(rows: Rows, account: str, from_ms: int, to_ms: int) -> Recorded:
    span = {"from_ms": from_ms, "to_ms": to_ms}
    ever = {"from_ms": 0, "to_ms": to_ms}
    worth = next(rows.of(EQUITY, account=account, from_ms=from_ms), None)
    return Recorded(
        positions=tuple(
            position_from_row(row) for row in rows.of(POSITIONS, account=account, **span)
        ),
        signals=tuple(signal_from_row(row) for row in rows.of(SIGNALS, **span)),
        traders=tuple(trader_from_row(row) for row in rows.of(TRADERS)),
        saved=_events(rows, TraderSaved, ever),
        removed=_events(rows, TraderRemoved, ever),
        universes=tuple(
            (int(row["at_ms"] or 0), *universe_from_row(row))
            for row in rows.of(UNIVERSES, to_ms=to_ms)
        ),
        closes=_events(rows, CandlesClosed, span),
        pauses=_events(rows, EntriesPaused, ever),
        equity=None if worth is None else Decimal(str(worth["equity"])),
    )


def _events(rows: Rows, kind: type[E], span: dict[str, int]) -> tuple[E, ...]:
    bodies: Iterable[str] = (
        str(row["body"]) for row in rows.of(EVENTS, kind=kind.__name__, **span)
    )
    decoder = msgspec.json.Decoder(kind)
    return tuple(decoder.decode(body) for body in bodies)
