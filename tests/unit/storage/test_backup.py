"""Copies of a database that is in use, and their way back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.builders import AT_MS, an_order

from aitrader.model.errors import ConfigError
from aitrader.model.events import OrderPlanned
from aitrader.storage.backup import find_fault, restore_backup, write_backup
from aitrader.storage.rows.statement import Owner
from aitrader.storage.sqlite import SqliteStore

ME = Owner("me", "paper")
GARBAGE = "this is not a database at all, though it has a length " * 50


async def record(store: SqliteStore, attempt: int) -> None:
    await store.record([OrderPlanned(at_ms=AT_MS, order=an_order(attempt=attempt))])


def orders_in(path: Path) -> int:
    async def story() -> int:
        store = await SqliteStore.open(path, ME)
        try:
            return len((await store.load()).orders)
        finally:
            await store.close()

    return asyncio.run(story())


def test_a_backup_holds_one_moment_of_a_database_in_use(tmp_path: Path) -> None:
    path, copy = tmp_path / "a.sqlite", tmp_path / "copies" / "b.sqlite"

    async def story() -> None:
        store = await SqliteStore.open(path, ME)
        await record(store, 1)
        assert write_backup(path, copy) == copy.stat().st_size > 0
        await record(store, 2)
        await store.close()

    asyncio.run(story())
    assert find_fault(copy) == ""
    assert (orders_in(copy), orders_in(path)) == (1, 2)


def test_a_backup_is_put_back_and_what_stood_there_is_kept(tmp_path: Path) -> None:
    path, copy = tmp_path / "a.sqlite", tmp_path / "b.sqlite"

    async def story() -> None:
        store = await SqliteStore.open(path, ME)
        await record(store, 1)
        write_backup(path, copy)
        await record(store, 2)
        await store.close()

    asyncio.run(story())
    path.with_name("a.sqlite-wal").write_bytes(b"what a killed engine leaves")
    kept = restore_backup(copy, path)
    assert kept is not None
    assert orders_in(path) == 1
    assert kept.with_name(f"{kept.name}-wal").exists()
    kept.with_name(f"{kept.name}-wal").unlink()
    assert orders_in(kept) == 2
    with pytest.raises(ConfigError, match="is kept from a restore before: move it away"):
        restore_backup(copy, path)


def test_a_backup_can_be_put_where_nothing_stood(tmp_path: Path) -> None:
    path, copy = tmp_path / "a.sqlite", tmp_path / "b.sqlite"

    async def story() -> None:
        store = await SqliteStore.open(copy, ME)
        await record(store, 1)
        await store.close()

    asyncio.run(story())
    assert restore_backup(copy, path) is None
    assert orders_in(path) == 1


def test_a_log_whose_database_is_gone_does_not_ruin_what_is_put_back(tmp_path: Path) -> None:
    path, copy = tmp_path / "a.sqlite", tmp_path / "b.sqlite"
    log = path.with_name("a.sqlite-wal")

    async def story() -> bytes:
        store = await SqliteStore.open(path, ME)
        await record(store, 1)
        write_backup(path, copy)
        await record(store, 2)
        left = log.read_bytes()
        await store.close()
        return left

    left = asyncio.run(story())
    path.unlink()
    log.write_bytes(left)  # what a killed engine leaves, the database thrown away
    assert restore_backup(copy, path) is None
    assert not log.exists()
    assert orders_in(path) == 1


def test_a_backup_replaces_nothing(tmp_path: Path) -> None:
    path, copy = tmp_path / "a.sqlite", tmp_path / "b.sqlite"
    path.touch()
    copy.touch()
    with pytest.raises(ConfigError, match=r"b\.sqlite exists: choose another name"):
        write_backup(path, copy)


def test_there_must_be_something_to_copy(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is nothing to back up"):
        write_backup(tmp_path / "a.sqlite", tmp_path / "b.sqlite")
    with pytest.raises(ConfigError, match="there is no backup"):
        restore_backup(tmp_path / "a.sqlite", tmp_path / "b.sqlite")


def test_what_is_no_database_is_neither_copied_nor_put_back(tmp_path: Path) -> None:
    path, copy = tmp_path / "a.sqlite", tmp_path / "b.sqlite"
    path.write_text(GARBAGE)
    with pytest.raises(ConfigError, match="could not be written: file is not a database"):
        write_backup(path, copy)
    with pytest.raises(ConfigError, match="could not be restored: file is not a database"):
        restore_backup(path, copy)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.sqlite"]


def test_a_damaged_database_is_not_called_a_backup(tmp_path: Path) -> None:
    path, copy = tmp_path / "a.sqlite", tmp_path / "b.sqlite"

    async def story() -> None:
        store = await SqliteStore.open(path, ME)
        for attempt in range(1, 40):
            await record(store, attempt)
        await store.close()

    asyncio.run(story())
    data = bytearray(path.read_bytes())
    data[8192:12288] = b"\xff" * 4096  # one page of a table
    path.write_bytes(data)
    assert find_fault(path) != ""
    with pytest.raises(ConfigError, match="could not be restored"):
        restore_backup(path, copy)
    assert not copy.exists()


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    path.touch()
    with pytest.raises(ConfigError, match="could not be written: "):
        write_backup(path, path / "below" / "b.sqlite")
