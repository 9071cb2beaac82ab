"""The store on SQLite: what it does with a bad file, a full disk, a second engine."""

from __future__ import annotations

import asyncio
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.builders import AT_MS, a_signal, a_trader, an_order

from aitrader.model.errors import ConfigError, Transient
from aitrader.model.events import CandlesClosed, OrderPlanned, Saved, SignalRaised, TraderSaved
from aitrader.storage.rows.statement import Owner
from aitrader.storage.sqlite import SqliteStore

ME = Owner("me", "paper")
CLOSE = CandlesClosed(at_ms=AT_MS, intervals=("1m",))
PLANNED = OrderPlanned(at_ms=AT_MS, order=an_order())


@contextmanager
def a_full_disk() -> Iterator[None]:
    """Let no file of this process grow beyond a few bytes, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def test_each_durable_fact_has_one_line_in_the_log_of_events(tmp_path: Path) -> None:
    async def story() -> None:
        store = await SqliteStore.open(tmp_path / "a.sqlite", ME)
        await store.record([CLOSE, SignalRaised(at_ms=AT_MS, signal=a_signal())])
        await store.record([PLANNED])
        await store.close()

    asyncio.run(story())
    found = rows(tmp_path / "a.sqlite", "select seq, kind from events order by seq")
    assert found == [(1, "CandlesClosed"), (2, "SignalRaised"), (3, "OrderPlanned")]


def test_rows_bear_their_owner_and_the_fencing_token(tmp_path: Path) -> None:
    async def story() -> None:
        store = await SqliteStore.open(tmp_path / "a.sqlite", Owner("me", lease_token=7))
        await store.record([OrderPlanned(at_ms=AT_MS, order=an_order(account="live"))])
        await store.close()

    asyncio.run(story())
    sql = "select user_id, account_id, lease_token, not_after_ms from orders"
    assert rows(tmp_path / "a.sqlite", sql) == [("me", "live", 7, AT_MS + 5000)]


def test_owners_do_not_see_each_other(tmp_path: Path) -> None:
    async def story() -> Saved:
        store = await SqliteStore.open(tmp_path / "a.sqlite", ME)
        await store.record([TraderSaved(at_ms=AT_MS, trader=a_trader()), PLANNED])
        await store.close()
        store = await SqliteStore.open(tmp_path / "a.sqlite", Owner("you", "paper"))
        saved = await store.load()
        await store.close()
        return saved

    assert asyncio.run(story()) == Saved()


def test_a_full_disk_is_transient_and_takes_nothing(tmp_path: Path) -> None:
    async def story() -> Saved:
        store = await SqliteStore.open(tmp_path / "a.sqlite", ME)
        await store.record([TraderSaved(at_ms=AT_MS, trader=a_trader())])
        with a_full_disk(), pytest.raises(Transient, match="took nothing"):
            await store.record([CLOSE, PLANNED])
        await store.record([CLOSE])
        saved = await store.load()
        await store.close()
        return saved

    saved = asyncio.run(story())
    assert (saved.traders, saved.orders) == ((a_trader(),), ())


def test_a_stranger_that_holds_the_file_is_transient(tmp_path: Path) -> None:
    async def story() -> None:
        store = await SqliteStore.open(tmp_path / "a.sqlite", ME, busy_s=0.01)
        stranger = sqlite3.connect(tmp_path / "a.sqlite", isolation_level=None)
        stranger.execute("begin immediate")
        with pytest.raises(Transient, match="locked"):
            await store.record([PLANNED])
        stranger.execute("rollback")
        stranger.close()
        await store.record([PLANNED])
        await store.close()

    asyncio.run(story())


def test_a_second_engine_is_told_who_has_the_folder(tmp_path: Path) -> None:
    async def story() -> None:
        store = await SqliteStore.open(tmp_path / "a.sqlite", ME)
        with pytest.raises(ConfigError, match=r"is used by process \d+: stop that one"):
            await SqliteStore.open(tmp_path / "a.sqlite", ME)
        await store.close()
        await (await SqliteStore.open(tmp_path / "a.sqlite", ME)).close()

    asyncio.run(story())


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    path.write_bytes(b"my holiday pictures, not a database" * 100)
    with pytest.raises(ConfigError, match=r"a\.sqlite cannot be used"):
        asyncio.run(SqliteStore.open(path, ME))
    assert path.read_bytes().startswith(b"my holiday")


def test_a_path_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.sqlite").mkdir()
    with pytest.raises(ConfigError, match=r"a\.sqlite cannot be used .* choose another"):
        asyncio.run(SqliteStore.open(tmp_path / "a.sqlite", ME))


def test_a_database_of_a_newer_version_is_not_touched_and_the_folder_is_free(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("pragma user_version = 999")
    connection.close()
    for _ in range(2):
        with pytest.raises(ConfigError, match="version 999"):
            asyncio.run(SqliteStore.open(path, ME))


def test_money_is_synced_to_the_disk_and_the_rest_is_not(tmp_path: Path) -> None:
    async def story() -> list[int]:
        store = await SqliteStore.open(tmp_path / "a.sqlite", ME)
        levels = []
        for fact in (CLOSE, PLANNED, PLANNED, CLOSE):
            await store.record([fact])
            levels.append(await store.synchronous())
        await store.close()
        return levels

    normal, full = 1, 2
    assert asyncio.run(story()) == [normal, full, full, normal]


def test_closing_twice_is_harmless(tmp_path: Path) -> None:
    async def story() -> None:
        store = await SqliteStore.open(tmp_path / "a.sqlite", ME)
        await store.close()
        await store.close()

    asyncio.run(story())
