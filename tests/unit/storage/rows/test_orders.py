"""Orders and fills as rows."""

from __future__ import annotations

from decimal import Decimal

from tests.builders import AT_MS, a_fill, an_order

from aitrader.model.events import OrderPlanned, OrderUpdated
from aitrader.storage.rows.orders import SAVE_FILL, SAVE_ORDER, order_from_rows, save_order
from aitrader.storage.rows.statement import Owner

ME = Owner("me", "paper")


def test_a_planned_order_is_one_write() -> None:
    written = list(save_order(OrderPlanned(at_ms=AT_MS, order=an_order()), ME))
    assert [statement.sql for statement in written] == [SAVE_ORDER]
    assert written[0].values["filled"] == "0"


def test_each_fill_is_numbered_in_the_order_it_came() -> None:
    order = an_order(quantity=Decimal(5), fills=(a_fill(2), a_fill(1)))
    written = list(save_order(OrderUpdated(at_ms=AT_MS, order=order), ME))
    fills = [statement.values for statement in written if statement.sql is SAVE_FILL]
    assert [(fill["number"], fill["fill_id"]) for fill in fills] == [(0, "f-2"), (1, "f-1")]


def test_rows_make_the_same_order_again() -> None:
    order = an_order(price=Decimal("99.50"), fills=(a_fill(),))
    first, *fills = save_order(OrderUpdated(at_ms=AT_MS, order=order), ME)
    assert order_from_rows(first.values, [fill.values for fill in fills]) == order
