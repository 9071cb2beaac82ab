from decimal import Decimal

import pytest
from tests.builders import a_position, an_instrument
from tests.unit.backtest.worlds import a_series

from aitrader.backtest.market import INFINITE
from aitrader.backtest.resting import (
    NeedsStages,
    candle_at,
    edges_of,
    met_by,
    pairs_of,
    price_at_open,
    price_within,
    stops_of,
    without,
)
from aitrader.model.money import ZERO
from aitrader.model.order import OrderKind, Side
from aitrader.model.position import Position, TargetPrice
from aitrader.model.trader import Exits, PositionSide

STOP, LIMIT = OrderKind.STOP_LOSS, OrderKind.LIMIT
TICK = Decimal("0.01")
SERIES = a_series([(100.0, 120.0, 90.0, 100.0), (94.0, 96.0, 93.0, 95.0)])


def a_target(price: int, quantity: str = "1") -> TargetPrice:
    return TargetPrice(price=Decimal(price), quantity=Decimal(quantity))


def bought(*targets: TargetPrice, **changes: object) -> Position:
    fields: dict[str, object] = {
        "quantity": Decimal(2),
        "stop_price": Decimal(95),
        "targets": targets or (a_target(110, "2"),),
    }
    return a_position(**(fields | changes))


def sold() -> Position:
    return bought(a_target(90, "2"), side=PositionSide.SHORT, stop_price=Decimal(105))


def test_each_target_has_a_stop_of_its_own_and_the_rest_a_stop_alone() -> None:
    pairs = pairs_of(bought(a_target(105, "0.5"), a_target(110, "0.5")), an_instrument())
    kinds = [[None if row is None else (row.kind, row.quantity) for row in pair] for pair in pairs]
    half = Decimal("0.5")
    assert kinds == [[(STOP, half), (LIMIT, half)]] * 2 + [[(STOP, 1), None]]
    assert stops_of(pairs) == 3
    alone = pairs_of(bought(stop_price=None), an_instrument())
    assert [stop for stop, _target in alone] == [None]
    assert stops_of(alone) == 0


def test_a_part_that_is_too_little_for_an_order_needs_the_stages() -> None:
    with pytest.raises(NeedsStages, match="too little to be protected"):
        pairs_of(bought(quantity=Decimal("0.01"), targets=()), an_instrument())


def test_shorts_are_bought_back() -> None:
    ((stop, target),) = pairs_of(sold(), an_instrument())
    assert stop is not None
    assert target is not None
    assert (stop.side, target.side) == (Side.BUY, Side.BUY)


def test_edges_are_the_nearest_of_all_that_rests() -> None:
    position = bought(a_target(105), a_target(110))
    pairs = pairs_of(position, an_instrument())
    assert edges_of(pairs, position, tick_size=TICK) == (95.0, 105.0)
    short = sold()
    assert edges_of(pairs_of(short, an_instrument()), short, tick_size=TICK) == (90.0, 105.0)
    assert edges_of((), position, tick_size=TICK) == (-INFINITE, INFINITE)


def test_the_trail_has_edges_too() -> None:
    exits = Exits(trailing_pct=Decimal(2))
    position = bought(exits=exits, trail_price=Decimal(100))
    pairs = pairs_of(position, an_instrument())
    assert edges_of(pairs, position, tick_size=TICK) == (98.0, 100.2)
    short = bought(
        side=PositionSide.SHORT, exits=exits, trail_price=Decimal(100), stop_price=None, targets=()
    )
    assert edges_of((), short, tick_size=TICK) == (99.8, 102.0)
    fixed = bought(exits=Exits(max_age_ms=1), trail_price=Decimal(100))
    assert edges_of((), fixed, tick_size=TICK) == (-INFINITE, INFINITE)


def test_stops_fill_first_and_take_their_targets_off() -> None:
    pairs = pairs_of(bought(a_target(105), a_target(130)), an_instrument())
    within = price_within(candle_at(SERIES, 0), is_new=True, slippage_bps=ZERO, tick_size=TICK)
    met = met_by(pairs, within)
    assert [(order.kind, price) for order, price in met] == [(STOP, 95), (STOP, 95)]
    assert without(pairs, met) == ()


def test_a_target_takes_its_own_stop_off() -> None:
    pairs = pairs_of(bought(a_target(105), a_target(130), stop_price=Decimal(80)), an_instrument())
    within = price_within(candle_at(SERIES, 0), is_new=False, slippage_bps=ZERO, tick_size=TICK)
    met = met_by(pairs, within)
    assert [(order.kind, price) for order, price in met] == [(LIMIT, 105)]
    assert without(pairs, met) == pairs[1:]


def test_at_an_open_beyond_it_a_stop_takes_the_open() -> None:
    pairs = pairs_of(bought(), an_instrument())
    at_open = price_at_open(SERIES, 1, slippage_bps=ZERO, tick_size=TICK)
    assert [price for _order, price in met_by(pairs, at_open)] == [94]
