"""What was, as values."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from tests.builders import a_fill, a_position, an_order

from aitrader.model.history import EquityPoint, PastEvent, PositionStory


@pytest.mark.parametrize("kind", [EquityPoint, PastEvent, PositionStory])
def test_what_was_is_never_changed(kind: type[msgspec.Struct]) -> None:
    assert kind.__struct_config__.frozen


def test_money_stays_exact_on_the_wire() -> None:
    point = EquityPoint(1, Decimal("10000.10"), Decimal(0), 0)
    assert msgspec.json.decode(msgspec.json.encode(point), type=EquityPoint) == point


def test_a_story_says_which_fees_are_not_counted() -> None:
    fill = a_fill(fee=Decimal("0.00120"), fee_asset="BNB")
    story = PositionStory(a_position(), None, (an_order(fills=(fill,)), an_order(attempt=2)))
    assert story.notes == ("fees of 0.0012 BNB are not counted: their price was not known",)
