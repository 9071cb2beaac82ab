from decimal import Decimal

import numpy as np
import pytest
from tests.builders import AT_MS, a_fill, a_signal, an_instrument, some_exits
from tests.builders import a_trader as a_saved_trader
from tests.unit.backtest.worlds import MINUTES_5, Candle, a_series, flat

from aitrader.backtest.answers import Found
from aitrader.backtest.market import CANDLE, CLOSE, OPEN, TIMER, Wake
from aitrader.backtest.resting import NeedsStages
from aitrader.backtest.round_trip import RoundTrip
from aitrader.model.ledger import Flow
from aitrader.model.money import ZERO
from aitrader.model.order import ExitReason, OrderKind
from aitrader.model.position import PositionStatus
from aitrader.model.trader import Exits, Level, LevelKind, Target

AGED = some_exits(max_age_ms=MINUTES_5)
LAST = Exits(max_age_ms=1)


def entered(*candles: Candle | None, exits: Exits | None = None, quantity: str = "2") -> RoundTrip:
    """A position that opened at 100 in the first of these candles; stop at 99, target at 102."""
    signal = a_signal(exits=exits or some_exits())
    series, amount = a_series(candles), Decimal(quantity)
    trip = RoundTrip("1", signal, a_saved_trader(), an_instrument(), series, amount)
    assert trip.find_open(AT_MS) == AT_MS
    fill = a_fill(at_ms=AT_MS, quantity=amount, price=Decimal(100), fee=ZERO)
    trip.enter(fill, Flow(amount, -100 * amount))
    return trip


def at(candles: int) -> int:
    return AT_MS + candles * MINUTES_5


def touched(trip: RoundTrip, place: int = 0, *, is_inside: bool = True) -> Wake | None:
    return trip.find_touch(place, is_inside=is_inside, slippage_bps=ZERO)


def met(trip: RoundTrip) -> tuple[OrderKind, Decimal]:
    ((order, price),) = trip.met
    return order.kind, price


def test_an_entry_opens_a_position_that_is_protected() -> None:
    trip = entered(flat())
    assert trip.position is not None
    assert trip.position.status is PositionStatus.OPEN
    assert (trip.position.stop_price, trip.position.opened_ms) == (99, AT_MS)
    assert trip.held.base == 2
    assert len(trip.pairs) == 1


def test_what_no_order_takes_needs_the_stages() -> None:
    with pytest.raises(NeedsStages):
        entered(flat(), quantity="0.05")


def test_the_entry_candle_is_met_whole() -> None:
    trip = entered((100.0, 100.0, 98.0, 99.5))
    assert touched(trip) == (at(1), CANDLE)
    assert met(trip) == (OrderKind.STOP_LOSS, 99)


def test_a_candle_that_opens_beyond_an_edge_shows_its_open_first() -> None:
    trip = entered(flat(), flat(), (90.0, 120.0, 90.0, 100.0))
    assert touched(trip) == (at(2), OPEN)
    assert met(trip) == (OrderKind.STOP_LOSS, 90)


def test_a_stop_comes_before_a_target() -> None:
    trip = entered(flat(), (100.0, 120.0, 90.0, 100.0))
    assert touched(trip) == (at(2), CANDLE)
    assert met(trip) == (OrderKind.STOP_LOSS, 99)


def test_what_nothing_touches_has_nothing_to_come() -> None:
    assert touched(entered(flat(), flat())) is None
    assert touched(entered(flat(), (1.0, 900.0, 1.0, 5.0), exits=LAST)) is None


def test_an_open_that_is_over_is_not_met_again() -> None:
    trip = entered(flat(), (102.0, 102.0, 98.0, 100.0))
    assert touched(trip) == (at(1), OPEN)
    assert touched(trip, 1) == (at(2), CANDLE)
    assert touched(trip, 2, is_inside=False) is None


def test_the_next_open_is_that_of_a_candle_that_is_there() -> None:
    trip = entered(flat(), None, flat())
    assert trip.find_open(AT_MS + 1) == at(2)
    assert trip.place == 2
    assert trip.find_open(at(2) + 1) is None


def test_it_is_left_at_the_earlier_of_its_age_and_an_exit_condition() -> None:
    def found(*exits_ms: int) -> Found:
        times = np.array(exits_ms, np.int64)
        return Found(np.empty(0, np.int64), times, np.zeros(len(times), np.int64), ("weak",))

    aged = entered(flat(), exits=AGED)
    aged.foresee(found(AT_MS, at(2)))
    assert aged.forced == ((at(1), TIMER), ExitReason.MAX_AGE, "")
    aged.foresee(found(at(1)))
    assert aged.forced == ((at(1), CLOSE), ExitReason.EXIT_CONDITIONS, "weak")
    without_end = entered(flat())
    without_end.foresee(None)
    assert without_end.forced is None


def test_the_trail_is_raised_on_the_way_and_left_at_its_level() -> None:
    trailing = Exits(trailing_pct=Decimal(2))
    rise: Candle = (100.0, 110.0, 100.0, 110.0)
    trip = entered(flat(), rise, (110.0, 110.0, 107.0, 108.0), exits=trailing)
    assert touched(trip) == (at(2), CANDLE)
    assert not trip.met
    assert not trip.follow(at(2))
    assert trip.position is not None
    assert trip.position.trail_price == 110
    assert touched(trip, 2, is_inside=False) == (at(3), CANDLE)
    assert trip.follow(at(3))
    assert not entered(flat()).follow(at(1)), "nothing trails here"


def test_it_ends_when_less_than_a_step_is_left() -> None:
    half = Target(Level(LevelKind.PERCENT, Decimal(1)), Decimal("0.5"))
    trip = entered(flat(), exits=some_exits(take_profit=(half, half)))
    for count, price in enumerate((101, 103), start=1):
        assert trip.find_end(ExitReason.TAKE_PROFIT, "", at_ms=at(1)) is None
        fill = a_fill(count, quantity=Decimal(1), price=Decimal(price), fee=ZERO)
        trip.exit(fill, Flow(Decimal(-1), Decimal(price)))
    trade = trip.find_end(ExitReason.TAKE_PROFIT, "high", at_ms=at(1))
    assert trade is not None
    assert (trade.pnl, trade.exit_price, trade.quantity) == (4, 102, 2)
    assert (trade.exit_reason, trade.exit_condition) == ("TAKE_PROFIT", "high")
    assert (trade.entry_ms, trade.exit_ms) == (AT_MS, at(1))
    assert trip.held.base == 0
