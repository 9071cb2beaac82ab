"""The books as flat records, read beside the writer."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.builders import AT_MS, a_position, a_trader, an_order

from aitrader.model.errors import ConfigError
from aitrader.model.events import Event, OrderPlanned, PositionClosed, PositionOpened, TraderSaved
from aitrader.model.ids import PositionId
from aitrader.model.position import PositionStatus
from aitrader.storage.books import OPEN_POSITIONS, ORDERS, TRADES, read_books
from aitrader.storage.rows.statement import Owner
from aitrader.storage.sqlite import SqliteStore

ME = Owner("me", "paper")


def written(path: Path, *facts: Event) -> None:
    async def story() -> None:
        store = await SqliteStore.open(path, ME)
        await store.record(facts)
        await store.close()

    asyncio.run(story())


def test_open_closed_and_ordered_are_three_books(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    trader = a_trader()
    closed = a_position(
        position_id=PositionId("p-2"), status=PositionStatus.CLOSED, closed_ms=AT_MS + 5
    )
    written(
        path,
        TraderSaved(at_ms=AT_MS, trader=trader),
        OrderPlanned(at_ms=AT_MS, order=an_order()),
        PositionOpened(at_ms=AT_MS, position=a_position()),
        PositionClosed(at_ms=AT_MS + 5, position=closed),
    )
    [held] = read_books(path, OPEN_POSITIONS, user_id="me")
    [trade] = read_books(path, TRADES, user_id="me")
    [order] = read_books(path, ORDERS, user_id="me")
    assert held["trader"] == trade["trader"] == order["trader"] == trader.plan.name
    assert held["account"] == "paper"
    assert trade["position_id"] == "p-2" and trade["exit_ms"] == AT_MS + 5
    assert order["client_order_id"] == an_order().client_order_id


def test_the_newest_are_first_and_as_many_as_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    orders = [an_order(attempt=n, planned_ms=AT_MS + n) for n in (1, 2, 3)]
    written(path, *[OrderPlanned(at_ms=AT_MS, order=order) for order in orders])
    found = [row["planned_ms"] for row in read_books(path, ORDERS, user_id="me", most=2)]
    assert found == [AT_MS + 3, AT_MS + 2]


def test_another_persons_books_are_closed(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    written(path, OrderPlanned(at_ms=AT_MS, order=an_order()))
    assert list(read_books(path, ORDERS, user_id="you")) == []


def test_without_a_database_it_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no database"):
        list(read_books(tmp_path / "a.sqlite", ORDERS, user_id="me"))


def test_what_is_no_database_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    path.write_text("not a database, but long enough to be looked at " * 50)
    with pytest.raises(ConfigError, match="cannot be read"):
        list(read_books(path, ORDERS, user_id="me"))
