"""Positions as rows, and the day's pnl."""

from __future__ import annotations

from decimal import Decimal

from tests.builders import AT_MS, a_position

from aitrader.model.events import PositionUpdated
from aitrader.model.position import TargetPrice
from aitrader.storage.rows.positions import (
    SAVE_POSITION,
    SAVE_REALIZED,
    pnl_since,
    position_from_row,
    save_position,
)
from aitrader.storage.rows.statement import Owner, Value

ME = Owner("me", "paper")


def realized(key: str, at_ms: int, pnl: str) -> dict[str, Value]:
    return {"position_id": key, "at_ms": at_ms, "realized_pnl": pnl}


def test_what_was_realized_is_compared_before_the_row_is_replaced() -> None:
    written = list(save_position(PositionUpdated(at_ms=AT_MS, position=a_position()), ME))
    assert [statement.sql for statement in written] == [SAVE_REALIZED, SAVE_POSITION]


def test_a_row_makes_the_same_position_again() -> None:
    position = a_position(targets=(TargetPrice(price=Decimal("1.10"), quantity=Decimal(3)),))
    *_, written = save_position(PositionUpdated(at_ms=AT_MS, position=position), ME)
    assert position_from_row(written.values) == position


def test_pnl_since_midnight_is_the_difference_to_what_was_before() -> None:
    rows = [
        realized("old", 10, "5"),
        realized("new", 100, "-1"),
        realized("old", 100, "7"),
        realized("old", 110, "6.5"),
    ]
    assert pnl_since(rows, 100) == Decimal("0.5")


def test_a_day_without_fills_has_no_pnl() -> None:
    assert pnl_since([], 100) == 0
