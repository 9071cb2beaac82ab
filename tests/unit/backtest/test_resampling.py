from decimal import Decimal

import msgspec
import numpy as np
import pytest
from tests.unit.backtest.studies import wave
from tests.unit.backtest.worlds import a_job, a_series, a_trader

from aitrader.backtest.equity import Marks
from aitrader.backtest.history import History
from aitrader.backtest.record import Trade
from aitrader.backtest.resampling import at_random_times, baseline_of, interval_of
from aitrader.backtest.run import run
from aitrader.model.trader import PositionSide


def some_trades() -> tuple[list[Trade], Marks]:
    tight = '{"stop_loss": "0.5%", "take_profit": "0.5%"}'
    job, history = a_job(
        [a_series(wave(4, 600))], a_trader(tight, condition="m.close > sma(m.close, 5)")
    )
    marks = Marks(history, interval="5m", from_ms=job.from_ms, to_ms=job.to_ms)
    return run(job, history).trades, marks


def test_an_interval_is_about_as_wide_as_theory_says() -> None:
    returns = np.random.Generator(np.random.PCG64(1)).normal(0.001, 0.01, 2000)
    found = interval_of(returns)
    assert found is not None and found == interval_of(returns)
    own = returns.mean() / returns.std(ddof=1) * np.sqrt(365)
    assert found.sharpe_low < own < found.sharpe_high
    # independent days: the standard error of a year's Sharpe ratio is root(365 / days)
    width = found.sharpe_high - found.sharpe_low
    assert width == pytest.approx(2 * 1.96 * np.sqrt(365 / 2000), rel=0.25)
    assert found.return_low_pct < (np.prod(1 + returns) - 1) * 100 < found.return_high_pct


def test_of_a_month_nothing_is_said_and_of_stillness_zero() -> None:
    assert interval_of(np.zeros(29)) is None
    still = interval_of(np.zeros(40))
    assert still is not None and still.sharpe_high == still.return_high_pct == 0.0


def test_trades_that_knew_the_future_beat_random_times() -> None:
    trades, marks = some_trades()
    found = at_random_times(trades, marks, slippage_bps=0.0)
    assert found is not None and found.low < found.mean < found.high
    lucky = [msgspec.structs.replace(row, pnl=Decimal(50)) for row in trades]
    better = at_random_times(lucky, marks, slippage_bps=0.0)
    assert better is not None and better.beaten_pct == 100.0
    assert better.mean == found.mean


def test_costs_count_for_random_times_too() -> None:
    trades, marks = some_trades()
    free = at_random_times(trades, marks, slippage_bps=0.0)
    dear = at_random_times(trades, marks, slippage_bps=10.0)
    assert free and dear
    worth = sum(float(row.entry_price * row.quantity) for row in trades)
    assert free.mean - dear.mean == pytest.approx(worth * 20 / 10_000, rel=1e-3)


def test_a_short_earns_where_a_long_loses() -> None:
    trades, marks = some_trades()
    shorts = [msgspec.structs.replace(row, side=PositionSide.SHORT) for row in trades]
    long, short = (at_random_times(rows, marks, slippage_bps=0.0) for rows in (trades, shorts))
    assert long and short
    assert long.mean == pytest.approx(-short.mean, abs=1e-3)


def test_few_trades_say_nothing_and_symbols_without_candles_are_left_out() -> None:
    trades, marks = some_trades()
    assert at_random_times(trades[:9], marks, slippage_bps=0.0) is None
    nowhere = Marks(History([]), interval="5m", from_ms=0, to_ms=300_000)
    found = at_random_times(trades, nowhere, slippage_bps=0.0)
    assert found is not None and found.mean == 0.0
    assert nowhere.held(1.0) is None


def test_a_result_stands_among_random_ones() -> None:
    found = baseline_of(np.arange(100.0), 49.5)
    assert (found.rounds, found.mean, found.beaten_pct) == (100, 49.5, 50.0)
