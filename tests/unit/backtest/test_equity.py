from decimal import Decimal

import numpy as np
import pytest
from tests.builders import AT_MS
from tests.unit.backtest.worlds import MINUTES_5, a_series, flat

from aitrader.backtest.equity import Curve, Marks, closes_at, curve_of
from aitrader.backtest.history import History
from aitrader.backtest.record import Move


def a_move(from_ms: int, base: str, quote: str, symbol: str = "BTCUSDT") -> Move:
    return Move(from_ms, symbol, Decimal(base), Decimal(quote))


def a_curve(*moves: Move) -> Curve:
    history = History([a_series([flat(100.0), flat(110.0), None, flat(90.0)])])
    marks = Marks(history, interval="5m", from_ms=AT_MS, to_ms=AT_MS + 4 * MINUTES_5)
    return curve_of(moves, marks, start_cash=Decimal(1000))


def test_equity_is_cash_and_what_is_held_at_the_last_close() -> None:
    bought = a_move(AT_MS + 1, "2", "-200")
    sold = a_move(AT_MS + 3 * MINUTES_5 + 1, "-2", "200")
    curve = a_curve(bought, sold, a_move(AT_MS + 9 * MINUTES_5, "1", "1"))
    assert curve.equity.tolist() == [1000.0, 1000.0, 1020.0, 1020.0, 1000.0]
    assert curve.exposed.tolist() == [0.0, 200.0, 220.0, 220.0, 0.0]
    assert curve.drawdown_pct[-1] == pytest.approx(20 / 1020 * 100)


def test_a_fill_within_a_candle_counts_at_its_close() -> None:
    curve = a_curve(a_move(AT_MS + 2 * MINUTES_5, "-1", "110"))
    assert curve.equity.tolist() == [1000.0, 1000.0, 1000.0, 1000.0, 1020.0]


def test_what_has_no_candles_is_cash_alone() -> None:
    assert a_curve(a_move(AT_MS, "1", "-10", "ETHUSDT")).equity[-1] == 990.0


def test_before_the_first_candle_its_open_is_the_price() -> None:
    series = a_series([flat(100.0), flat(110.0)])
    instants = np.array([AT_MS - 5, AT_MS, AT_MS + MINUTES_5, AT_MS + 99 * MINUTES_5])
    assert closes_at(series, instants).tolist() == [100.0, 100.0, 100.0, 110.0]
