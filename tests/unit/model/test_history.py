"""What was, as values."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from aitrader.model.history import EquityPoint, PastEvent, PositionStory


@pytest.mark.parametrize("kind", [EquityPoint, PastEvent, PositionStory])
def test_what_was_is_never_changed(kind: type[msgspec.Struct]) -> None:
    assert kind.__struct_config__.frozen


def test_money_stays_exact_on_the_wire() -> None:
    point = EquityPoint(1, Decimal("10000.10"), Decimal(0), 0)
    assert msgspec.json.decode(msgspec.json.encode(point), type=EquityPoint) == point
