"""What is forgotten with age, and what never is."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from tests.builders import AT_MS, a_filled_order, a_position, a_signal

from aitrader.model.candle import DAY_MS
from aitrader.model.events import (
    CandlesClosed,
    EquityMarked,
    Event,
    OrderUpdated,
    PositionOpened,
    SignalRaised,
    UniverseChanged,
)
from aitrader.model.trader import Universe
from aitrader.storage import retention
from aitrader.storage.retention import MOST_ROWS, forget
from aitrader.storage.rows.statement import Owner
from aitrader.storage.sqlite import SqliteStore

HOUR_MS = 3_600_000
TOP = Universe(quote="USDT", top=5)


def after(folder: Path, facts: Sequence[Event], *, before_ms: int) -> sqlite3.Connection:
    """Return the database after these facts and all forgetting."""

    async def story() -> None:
        store = await SqliteStore.open(folder / "a.sqlite", Owner("me", "paper"))
        await store.record(facts)
        while await store.forget(before_ms=before_ms):
            pass
        await store.close()

    asyncio.run(story())
    return sqlite3.connect(folder / "a.sqlite")


def times(connection: sqlite3.Connection, table: str) -> list[int]:
    found = [row[0] for row in connection.execute(f"select at_ms from {table} order by at_ms")]
    connection.close()
    return found


def test_old_events_go_and_young_ones_stay(tmp_path: Path) -> None:
    facts = [CandlesClosed(at_ms=AT_MS + n * HOUR_MS, intervals=("1h",)) for n in range(4)]
    left = times(after(tmp_path, facts, before_ms=AT_MS + 2 * HOUR_MS), "events")
    assert left == [AT_MS + 2 * HOUR_MS, AT_MS + 3 * HOUR_MS]


def test_of_an_old_day_the_last_worth_stays(tmp_path: Path) -> None:
    marks = [
        EquityMarked(
            at_ms=AT_MS + n * HOUR_MS, equity=Decimal(n), cash=Decimal(0), open_positions=0
        )
        for n in range(50)
    ]
    left = times(after(tmp_path, marks, before_ms=AT_MS + 2 * DAY_MS), "equity")
    hours = [(at_ms - AT_MS) // HOUR_MS for at_ms in left]
    assert hours == [23, 47, 48, 49]


def test_the_newest_universe_stays_however_old(tmp_path: Path) -> None:
    facts = [UniverseChanged(at_ms=AT_MS + n, universe=TOP, symbols=("BTCUSDT",)) for n in range(3)]
    assert times(after(tmp_path, facts, before_ms=AT_MS + DAY_MS), "universes") == [AT_MS + 2]


def test_money_is_never_forgotten(tmp_path: Path) -> None:
    order = a_filled_order()
    facts = [
        SignalRaised(at_ms=AT_MS, signal=a_signal()),
        OrderUpdated(at_ms=AT_MS, order=order, fill=order.fills[0]),
        PositionOpened(at_ms=AT_MS, position=a_position()),
    ]
    connection = after(tmp_path, facts, before_ms=AT_MS + DAY_MS)
    for table in ("signals", "orders", "fills", "positions"):
        assert connection.execute(f"select count(*) from {table}").fetchone() == (1,), table
    assert connection.execute("select count(*) from events").fetchone() == (0,)
    connection.close()


def test_only_a_few_go_at_a_time(tmp_path: Path) -> None:
    facts = [CandlesClosed(at_ms=AT_MS, intervals=("1m",)) for _ in range(MOST_ROWS + 5)]
    connection = after(tmp_path, facts, before_ms=AT_MS)
    connection.isolation_level = None
    assert forget(connection, before_ms=AT_MS + 1) == MOST_ROWS
    assert forget(connection, before_ms=AT_MS + 1) == 5
    connection.close()


def test_a_disk_that_refuses_keeps_all(tmp_path: Path) -> None:
    connection = after(tmp_path, [CandlesClosed(at_ms=AT_MS, intervals=("1m",))], before_ms=0)
    connection.isolation_level = None
    connection.execute("drop table universes")
    with pytest.raises(sqlite3.Error):
        forget(connection, before_ms=AT_MS + 1)
    assert not connection.in_transaction
    assert times(connection, "events") == [AT_MS]


def test_no_rule_names_a_table_of_money() -> None:
    for sql in retention.RULES:
        for table in ("orders", "fills", "positions", "signals", "realized", "traders"):
            assert table not in sql
