from decimal import Decimal

import numpy as np
import pytest
from tests.builders import AT_MS
from tests.unit.backtest.worlds import MINUTES_5, a_series, flat

from aitrader.backtest.equity import Curve
from aitrader.backtest.history import History
from aitrader.backtest.record import Trade
from aitrader.backtest.statistics import (
    FORMULAS,
    Statistics,
    buy_and_hold_pct,
    monthly_returns,
    slices,
    statistics_of,
)
from aitrader.model.candle import DAY_MS
from aitrader.model.ids import TraderId
from aitrader.model.trader import PositionSide


def a_trade(pnl: str, symbol: str = "BTCUSDT") -> Trade:
    return Trade(
        trader=TraderId("t"),
        symbol=symbol,
        side=PositionSide.LONG,
        entry_ms=AT_MS,
        entry_price=Decimal(100),
        exit_ms=AT_MS + 3_600_000,
        exit_price=Decimal(101),
        quantity=Decimal(1),
        fees=Decimal(0),
        pnl=Decimal(pnl),
        exit_reason="MANUAL",
    )


def a_curve(equity: list[float], step_ms: int = DAY_MS) -> Curve:
    count = len(equity)
    times = AT_MS + step_ms * np.arange(count, dtype=np.int64)
    return Curve(times, np.array(equity), np.full(count, 50.0))


def of(equity: list[float], *pnls: str) -> Statistics:
    trades = [a_trade(pnl) for pnl in pnls]
    return statistics_of(trades, a_curve(equity), fees=1.0, turnover=10.0, buy_and_hold_pct=2.0)


def test_trades_are_counted_won_and_lost() -> None:
    found = of([100.0, 104.0], "3", "2", "-1", "0")
    assert (found.trades, found.win_rate_pct, found.profit_factor) == (4, 50.0, 5.0)
    assert (found.expectancy, found.mean_hold_hours) == (1.0, 1.0)
    assert (found.return_pct, found.buy_and_hold_pct) == (4.0, 2.0)


def test_what_cannot_be_known_is_none() -> None:
    found = of([100.0, 100.0])
    assert (found.win_rate_pct, found.profit_factor, found.expectancy) == (None, None, None)
    assert (found.cagr_pct, found.sharpe, found.sortino, found.calmar) == (None,) * 4
    assert of([100.0, 101.0], "1").profit_factor is None
    assert of([100.0] * 40).sharpe is None


def test_the_drawdown_is_from_the_highest_and_lasts_to_its_recovery() -> None:
    found = of([100.0, 120.0, 90.0, 110.0, 130.0, 129.0])
    assert (found.max_drawdown_pct, found.max_drawdown_days) == (25.0, 3.0)
    assert of([100.0, 90.0, 95.0, 99.0]).max_drawdown_days == 3.0
    assert of([100.0, 101.0, 102.0]).max_drawdown_days == 0.0


def test_ratios_follow_their_formulas() -> None:
    rng = np.random.default_rng(1)
    returns = rng.normal(0.001, 0.01, 100)
    equity = [100.0, *(100 * np.cumprod(1 + returns)).tolist()]
    found = of(equity)
    assert found.sharpe == pytest.approx(returns.mean() / returns.std(ddof=1) * 365**0.5, abs=1e-3)
    downside = np.sqrt(np.mean(np.minimum(returns, 0) ** 2))
    assert found.sortino == pytest.approx(returns.mean() / downside * 365**0.5, abs=1e-3)
    assert found.cagr_pct is not None
    assert found.cagr_pct == pytest.approx(((equity[-1] / 100) ** 3.6525 - 1) * 100, abs=1e-3)
    assert found.calmar == pytest.approx(found.cagr_pct / found.max_drawdown_pct, abs=1e-3)


def test_every_formula_names_a_number() -> None:
    assert set(FORMULAS) <= set(Statistics.__struct_fields__)


def test_slices_add_up_by_name_the_best_first() -> None:
    trades = [a_trade("1"), a_trade("5", "ETHUSDT"), a_trade("-2")]
    first, second = slices(trades, lambda trade: trade.symbol)
    assert (first.name, first.pnl, first.win_rate_pct) == ("ETHUSDT", 5.0, 100.0)
    assert (second.name, second.trades, second.pnl) == ("BTCUSDT", 2, -1.0)


def test_months_follow_each_other() -> None:
    equity = [100.0] * 31 + [110.0] * 28 + [99.0]
    found = dict(monthly_returns(a_curve(equity)))
    assert list(found) == sorted(found)
    assert np.prod([1 + pct / 100 for pct in found.values()]) == pytest.approx(0.99, abs=1e-3)


def test_holding_is_equal_parts_of_every_symbol() -> None:
    up, down = a_series([flat(100.0), flat(120.0)]), a_series([flat(100.0), flat(90.0)], "ETHUSDT")
    history = History([up, down])
    to_ms = AT_MS + 2 * MINUTES_5
    assert buy_and_hold_pct(history, "5m", from_ms=AT_MS, to_ms=to_ms) == pytest.approx(5.0)
    assert buy_and_hold_pct(history, "1h", from_ms=AT_MS, to_ms=to_ms) == 0.0
