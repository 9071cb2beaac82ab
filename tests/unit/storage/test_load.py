"""Reading back: what cannot be read is said in a sentence."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from decimal import Decimal

import pytest
from tests.builders import AT_MS, TRADER, a_position, a_signal, a_trader

from aitrader.model.errors import ConfigError
from aitrader.model.events import (
    CashChanged,
    Event,
    PositionOpened,
    SavedAccount,
    SignalRaised,
    TraderSaved,
)
from aitrader.storage.load import Rows, load_saved
from aitrader.storage.projection import statements
from aitrader.storage.rows.statement import Owner
from aitrader.storage.schema import migrate

ME = Owner("me", "paper")


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.row_factory = sqlite3.Row
    migrate(connection)
    yield connection
    connection.close()


def write(connection: sqlite3.Connection, *facts: Event) -> None:
    for fact in facts:
        for sql, values in statements(fact, ME):
            connection.execute(sql, values)


def test_money_is_found_under_each_account_and_a_traders_result_is_one(
    connection: sqlite3.Connection,
) -> None:
    write(
        connection,
        CashChanged(at_ms=AT_MS, cash=Decimal(2), account="live"),
        PositionOpened(at_ms=AT_MS, position=a_position(realized_pnl=Decimal(1))),
        PositionOpened(at_ms=AT_MS, position=a_position(account="live", realized_pnl=Decimal(3))),
    )
    saved = load_saved(connection, ME)
    assert saved.accounts == (
        SavedAccount("paper", None, Decimal(1), Decimal(1)),
        SavedAccount("live", Decimal(2), Decimal(3), Decimal(3)),
    )
    assert [row.account for row in saved.positions] == ["paper", "live"]
    assert saved.results == ((TRADER, 0, Decimal(4)),)


@pytest.mark.parametrize(
    "damage",
    [
        "update traders set mode = 'BOTH'",
        "update traders set plan = '{'",
        "update signals set findings = '[1]'",
        "update signals set price = 'high'",
        "update accounts set cash = 'much'",
        "drop table orders",
    ],
)
def test_a_damaged_row_is_told_in_a_sentence(connection: sqlite3.Connection, damage: str) -> None:
    write(
        connection,
        TraderSaved(at_ms=AT_MS, trader=a_trader()),
        SignalRaised(at_ms=AT_MS, signal=a_signal()),
        CashChanged(at_ms=AT_MS, cash=Decimal(5)),
    )
    connection.execute(damage)
    with pytest.raises(ConfigError, match=r"cannot be read .*: put a backup in its place"):
        load_saved(connection, ME)


def test_a_query_sees_the_owners_names(connection: sqlite3.Connection) -> None:
    found = list(Rows(connection, ME).of("select :user_id as who, :more as more", more=3))
    assert found == [{"who": "me", "more": 3}]
