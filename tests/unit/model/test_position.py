"""Positions: what is held because of one signal."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from tests.builders import a_position

from aitrader.model.position import Position, PositionStatus, TargetPrice


def test_a_position_comes_back_from_its_bytes_as_it_was() -> None:
    position = a_position(targets=(TargetPrice(Decimal("102.00"), Decimal("0.5")),))
    assert msgspec.json.decode(msgspec.json.encode(position), type=Position) == position


def test_a_new_position_holds_nothing_yet() -> None:
    known = a_position()
    fresh = Position(
        position_id=known.position_id,
        trader_id=known.trader_id,
        signal_id=known.signal_id,
        symbol=known.symbol,
        side=known.side,
        status=PositionStatus.ENTERING,
        exits=known.exits,
        opened_ms=known.opened_ms,
    )
    assert (fresh.quantity, fresh.stop_price, fresh.closed_ms) == (Decimal(0), None, None)
