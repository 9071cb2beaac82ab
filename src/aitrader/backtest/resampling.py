"""How far chance alone may move a result: intervals by resampling what happened.

- Daily returns by the stationary bootstrap: D. N. Politis, J. P. Romano, "The Stationary
  Bootstrap", Journal of the American Statistical Association 89(428), 1994. Blocks of days of
  random length (geometric, mean n^(1/3)) are strung together, so that what hangs together stays so.
- Trades with the same symbols, sides, sizes and holding times at random instants: a permutation
  test of the entries (after P. Good, "Permutation, Parametric and Bootstrap Tests of Hypotheses",
  3rd ed., Springer 2005). What is left of the result then is no merit of the conditions.

Draws come from a generator with a fixed seed: the same run, the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from aitrader.backtest.equity import Marks
from aitrader.backtest.record import Trade
from aitrader.filters.panel import Floats
from aitrader.model.trader import PositionSide

ROUNDS = 1000
AT_ONCE = 100
LEAST_DAYS = 30
LEAST_TRADES = 10
SEED = 20_240_229
MIDDLE = (2.5, 97.5)
"""Percentiles: 95 % lie between."""


class Interval(msgspec.Struct, frozen=True):
    """Between these lie 95 % of what resampled days gave."""

    return_low_pct: float
    return_high_pct: float
    sharpe_low: float
    sharpe_high: float


class Baseline(msgspec.Struct, frozen=True):
    """What random entries made, in quote: mean, and what 95 % of the rounds lie between.

    `beaten_pct`: the share of rounds that the trader's own entries did better than.
    """

    rounds: int
    mean: float
    low: float
    high: float
    beaten_pct: float


def interval_of(returns: Floats) -> Interval | None:
    """Return the interval of daily returns (T,), None with too few of them."""
    count = len(returns)
    if count < LEAST_DAYS:
        return None
    rng = np.random.Generator(np.random.PCG64(SEED))
    ends = rng.random((count, ROUNDS)) < count ** (-1 / 3)
    starts = rng.integers(0, count, (count, ROUNDS))
    places = np.empty((count, ROUNDS), np.int64)
    places[0] = starts[0]
    for day in range(1, count):
        places[day] = np.where(ends[day], starts[day], (places[day - 1] + 1) % count)
    drawn = returns[places]
    growth = (np.prod(1 + drawn, axis=0) - 1) * 100
    spread = drawn.std(axis=0, ddof=1)
    moves = spread > 0
    sharpes = np.where(moves, drawn.mean(axis=0) / np.where(moves, spread, 1.0), 0.0) * np.sqrt(365)
    low, high = np.percentile(growth, MIDDLE)
    sharpe_low, sharpe_high = np.percentile(sharpes, MIDDLE)
    return Interval(*(round(float(row), 4) for row in (low, high, sharpe_low, sharpe_high)))


def at_random_times(
    trades: Sequence[Trade], marks: Marks, *, slippage_bps: float
) -> Baseline | None:
    """Return what these trades would have made at random times, None with too few of them.

    Fees are theirs; slippage is charged twice, since both prices are closes.
    """
    if len(trades) < LEAST_TRADES:
        return None
    rng = np.random.Generator(np.random.PCG64(SEED))
    totals, count = np.zeros(ROUNDS), len(marks.at_ms)
    by_symbol: dict[str, list[Trade]] = {}
    for trade in trades:
        by_symbol.setdefault(trade.symbol, []).append(trade)
    for symbol, rows in by_symbol.items():
        closes = marks.closes(symbol)
        if closes is None:
            continue
        held = np.array([(row.exit_ms - row.entry_ms) // marks.step_ms for row in rows], np.int64)
        held = np.clip(held, 1, count - 1)
        worth = np.array([float(row.entry_price * row.quantity) for row in rows])
        sign = np.array([1.0 if row.side is PositionSide.LONG else -1.0 for row in rows])
        costs = sum(float(row.fees) for row in rows) + worth.sum() * 2 * slippage_bps / 10_000
        for first in range(0, ROUNDS, AT_ONCE):
            start = (rng.random((AT_ONCE, len(rows))) * (count - held)).astype(np.int64)
            moved = closes[start + held] / closes[start] - 1
            totals[first : first + AT_ONCE] += moved @ (sign * worth) - costs
    return baseline_of(totals, sum(float(row.pnl) for row in trades))


def baseline_of(totals: Floats, own: float) -> Baseline:
    """Return where a result stands among those of random rounds."""
    low, high = np.percentile(totals, MIDDLE)
    return Baseline(
        rounds=len(totals),
        mean=round(float(totals.mean()), 4),
        low=round(float(low), 4),
        high=round(float(high), 4),
        beaten_pct=round(float((totals < own).mean()) * 100, 2),
    )
