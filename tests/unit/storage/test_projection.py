"""The table from kinds of facts to their writes."""

from __future__ import annotations

import json
import sqlite3

import msgspec
from tests.builders import AT_MS, a_trader, an_order

from aitrader.model.events import (
    DURABLE,
    CandlesClosed,
    Event,
    OrderAccepted,
    OrderPlanned,
    TraderSaved,
)
from aitrader.model.ids import ClientOrderId
from aitrader.storage.projection import WRITERS, is_durable, statements
from aitrader.storage.rows.statement import Owner
from aitrader.storage.schema import migrate

ME = Owner("me", "paper")


def test_only_durable_kinds_have_writers() -> None:
    assert set(WRITERS) <= set(DURABLE)


def test_an_answer_of_the_venue_is_not_durable_and_a_plan_is() -> None:
    accepted = OrderAccepted(at_ms=AT_MS, client_order_id=ClientOrderId("at1-x"))
    assert not is_durable(accepted)
    assert is_durable(OrderPlanned(at_ms=AT_MS, order=an_order()))


def test_a_fact_without_a_row_is_one_line_in_the_log() -> None:
    found = list(statements(CandlesClosed(at_ms=AT_MS, intervals=("1m",)), ME))
    assert len(found) == 1
    assert found[0].values["kind"] == "CandlesClosed"


def test_the_line_in_the_log_holds_the_whole_fact() -> None:
    fact = TraderSaved(at_ms=AT_MS, trader=a_trader())
    body = str(next(iter(statements(fact, ME))).values["body"])
    assert json.loads(body)["type"] == "TraderSaved"
    assert msgspec.json.decode(body, type=TraderSaved) == fact


def test_every_statement_fits_the_schema() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    facts: list[Event] = [
        TraderSaved(at_ms=AT_MS, trader=a_trader()),
        OrderPlanned(at_ms=AT_MS, order=an_order()),
    ]
    for fact in facts:
        for sql, values in statements(fact, ME):
            connection.execute(sql, values)
    connection.close()
