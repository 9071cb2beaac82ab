"""Migrations: in order, once, all or nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from aitrader.model.errors import ConfigError
from aitrader.storage.schema import migrate, migrations, version_of

MONEY_TABLES = {"signals", "orders", "fills", "positions", "realized", "accounts", "equity"}


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    yield connection
    connection.close()


def columns(connection: sqlite3.Connection, table: str) -> dict[str, str]:
    return {row[1]: row[2].lower() for row in connection.execute(f"pragma table_info({table})")}


def tables(connection: sqlite3.Connection) -> set[str]:
    return {
        row[0] for row in connection.execute("select name from sqlite_master where type='table'")
    }


def test_migrations_are_numbered_from_one_without_gaps() -> None:
    assert [number for number, _ in migrations()] == list(range(1, len(migrations()) + 1))


def test_a_new_database_gets_every_table(connection: sqlite3.Connection) -> None:
    migrate(connection)
    assert tables(connection) == MONEY_TABLES | {"traders", "universes", "events", "quarantines"}
    assert version_of(connection) == migrations()[-1][0]


def test_migrating_again_changes_nothing(connection: sqlite3.Connection) -> None:
    migrate(connection)
    before = connection.execute("select sql from sqlite_master").fetchall()
    migrate(connection)
    assert connection.execute("select sql from sqlite_master").fetchall() == before


def test_money_belongs_to_a_user_and_an_account(connection: sqlite3.Connection) -> None:
    migrate(connection)
    for table in MONEY_TABLES:
        assert {"user_id", "account_id"} <= columns(connection, table).keys(), table


def test_what_a_runner_decides_bears_its_fencing_token(connection: sqlite3.Connection) -> None:
    migrate(connection)
    for table in ("traders", "signals", "orders", "fills", "positions"):
        assert "lease_token" in columns(connection, table), table
    assert "not_after_ms" in columns(connection, "orders")


def test_no_column_holds_a_float(connection: sqlite3.Connection) -> None:
    migrate(connection)
    for table in tables(connection):
        assert set(columns(connection, table).values()) <= {"text", "integer", "bigint"}, table


def test_only_the_steps_that_are_missing_run(connection: sqlite3.Connection) -> None:
    first = (1, "create table a (x text);")
    migrate(connection, steps=[first])
    migrate(connection, steps=[first, (2, "create table b (x text);")])
    assert tables(connection) == {"a", "b"}
    assert version_of(connection) == 2


def test_a_step_that_fails_leaves_nothing_of_itself(connection: sqlite3.Connection) -> None:
    good, bad = (1, "create table a (x text);"), (2, "create table b (x text); nonsense;")
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, steps=[good, bad])
    assert tables(connection) == {"a"}
    assert version_of(connection) == 1


def test_a_step_that_cannot_begin_leaves_nothing(connection: sqlite3.Connection) -> None:
    connection.execute("pragma query_only = 1")
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, steps=[(1, "create table a (x text);")])
    assert tables(connection) == set()


def test_a_newer_database_is_refused_in_a_sentence(connection: sqlite3.Connection) -> None:
    connection.execute("pragma user_version = 12")
    with pytest.raises(ConfigError, match="version 12 and this program knows versions up to 1:"):
        migrate(connection, steps=[(1, "")])
