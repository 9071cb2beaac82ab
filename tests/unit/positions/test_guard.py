from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from tests.builders import a_filled_order, a_position, an_order

from aitrader.model.commands import ArmBand, DisarmBand
from aitrader.model.ids import BandId
from aitrader.model.order import Leg, Order, OrderKind, OrderStatus
from aitrader.model.position import Position, PositionStatus
from aitrader.model.trader import PositionSide
from aitrader.positions.guard import StopGuard, is_exposed

STEP = Decimal("0.001")
BAND = BandId("stop:p-one")
ENTRY = a_filled_order()


def a_stop(quantity: str = "1", status: OrderStatus = OrderStatus.OPEN, attempt: int = 1) -> Order:
    return an_order(
        Leg.EXIT,
        attempt,
        kind=OrderKind.STOP_LOSS,
        stop_price=Decimal(99),
        quantity=Decimal(quantity),
        status=status,
    )


@pytest.mark.parametrize(
    ("position", "orders", "is_open"),
    [
        (a_position(), (), True),
        (a_position(), (a_stop(status=OrderStatus.PENDING),), True),
        (a_position(), (a_stop("0.4"),), True),
        (a_position(), (a_stop("0.4"), a_stop("0.6", attempt=2)), False),
        (a_position(quantity=Decimal("1.0004")), (a_stop(),), False),
        (a_position(), (a_stop(status=OrderStatus.CANCELED),), True),
        (a_position(stop_price=None), (), False),
        (a_position(status=PositionStatus.CLOSING), (), False),
    ],
)
def test_a_stop_counts_as_held_once_the_venue_has_said_so_of_all_of_it(
    position: Position, orders: tuple[Order, ...], is_open: bool
) -> None:
    assert is_exposed(position, (ENTRY, *orders), step_size=STEP) is is_open


def test_the_band_of_a_short_is_above() -> None:
    short = a_position(side=PositionSide.SHORT, stop_price=Decimal(101))
    assert StopGuard().follow(short, (), step_size=STEP) == [
        ArmBand(band_id=BAND, symbol="BTCUSDT", above=101.0)
    ]


def test_a_band_is_armed_once_moved_with_its_stop_and_taken_off_once() -> None:
    guard = StopGuard()
    first = ArmBand(band_id=BAND, symbol="BTCUSDT", below=99.0)
    assert guard.follow(a_position(), (), step_size=STEP) == [first]
    assert guard.follow(a_position(), (), step_size=STEP) == []
    tighter = a_position(stop_price=Decimal("99.5"))
    assert guard.follow(tighter, (), step_size=STEP) == [
        ArmBand(band_id=BAND, symbol="BTCUSDT", below=99.5)
    ]
    assert guard.follow(tighter, (a_stop(),), step_size=STEP) == []  # it rests at the old price
    moved = msgspec.structs.replace(a_stop(), stop_price=Decimal("99.5"))
    assert guard.follow(tighter, (moved,), step_size=STEP) == [DisarmBand(band_id=BAND)]
    assert guard.follow(tighter, (moved,), step_size=STEP) == []


def test_a_stop_that_would_open_a_position_guards_none() -> None:
    entry = an_order(
        Leg.ENTRY, kind=OrderKind.STOP_LOSS, stop_price=Decimal(99), status=OrderStatus.OPEN
    )
    assert is_exposed(a_position(), (entry,), step_size=Decimal("0.001"))
