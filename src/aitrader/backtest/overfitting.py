"""How much of a sweep's best result is luck: formulas, each with where it comes from.

- Probabilistic Sharpe ratio: D. H. Bailey, M. Lopez de Prado, "The Sharpe Ratio Efficient
  Frontier", Journal of Risk 15(2), 2012.
- Deflated Sharpe ratio: D. H. Bailey, M. Lopez de Prado, "The Deflated Sharpe Ratio: Correcting for
  Selection Bias, Backtest Overfitting and Non-Normality", Journal of Portfolio Management 40(5),
  2014.
- Probability of backtest overfitting: D. H. Bailey, J. M. Borwein, M. Lopez de Prado, Q. J. Zhu,
  "The Probability of Backtest Overfitting", Journal of Computational Finance 20(4), 2017.

Sharpe ratios in here are those of one period (a day), not of a year. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from statistics import NormalDist

import msgspec
import numpy as np

from aitrader.filters.panel import Floats

BLOCKS = 16
"""Into so many pieces the days are cut: 12,870 ways to choose half of them."""

LEAST_DAYS_PER_BLOCK = 2
MOST_CELLS = 2_000_000
"""Of a table in memory at once: 16 MB."""

SMALLEST = 1e-12
"""The variance is never negative but for rounding: skew^2 <= kurtosis - 1."""

EULER_GAMMA = 0.5772156649015329
_NORMAL = NormalDist()


class Overfitting(msgspec.Struct, frozen=True):
    """A sweep's best combination under doubt; None where there is too little to say.

    `deflated`: the probability 0..1 that the best one's true Sharpe ratio is above what the best of
    so many `trials` without any merit would reach by luck, which is `luck_sharpe` (a year's).
    `pbo`: the probability 0..1 that the combination that is best on half of the days is worse than
    the median on the other half.
    """

    trials: int
    days: int
    luck_sharpe: float | None
    deflated: float | None
    pbo: float | None


def overfitting_of(returns: Sequence[Sequence[float]], best: int) -> Overfitting:
    """Return the doubts about one of several combinations.

    Args:
        returns: Per combination its daily returns, all over the same days.
        best: The place of the one that was chosen.
    """
    table = np.array(returns, np.float64).T
    if table.ndim != 2 or len(table) < BLOCKS * LEAST_DAYS_PER_BLOCK:
        return Overfitting(len(returns), len(table), None, None, None)
    sharpes = sharpes_of(table)
    luck = best_by_luck(sharpes)
    chosen = table[:, best]
    return Overfitting(
        trials=table.shape[1],
        days=len(table),
        luck_sharpe=None if luck is None else luck * math.sqrt(365),
        deflated=None if luck is None else probabilistic_sharpe(chosen, above=luck),
        pbo=probability_of_overfitting(table) if table.shape[1] > 1 else None,
    )


def sharpes_of(table: Floats) -> Floats:
    """Return the Sharpe ratio of each column of (T, N) returns; 0 where nothing moves."""
    spread = table.std(axis=0, ddof=1)
    safe = np.where(spread > 0, spread, 1.0)
    return np.where(spread > 0, table.mean(axis=0) / safe, 0.0)


def probabilistic_sharpe(returns: Floats, *, above: float = 0.0) -> float | None:
    """Return how probable 0..1 a true Sharpe ratio above another is, None if unknowable.

    PSR(SR*) = Phi((SR - SR*) sqrt(T - 1) / sqrt(1 - skew SR + (kurtosis - 1) / 4 SR^2)).
    """
    count, spread = len(returns), float(returns.std())
    if count < 2 or spread <= 0:
        return None
    centered = (returns - returns.mean()) / spread
    skew, kurtosis = float((centered**3).mean()), float((centered**4).mean())
    sharpe = float(returns.mean()) / float(returns.std(ddof=1))
    variance = 1 - skew * sharpe + (kurtosis - 1) / 4 * sharpe**2
    return _NORMAL.cdf((sharpe - above) * math.sqrt((count - 1) / max(variance, SMALLEST)))


def best_by_luck(sharpes: Floats) -> float | None:
    """Return the Sharpe ratio to expect of the best of N trials whose true one is 0.

    E[max] = sqrt(V) ((1 - g) Phi^-1(1 - 1/N) + g Phi^-1(1 - 1/(N e))), g Euler's constant and V the
    variance of the trials' Sharpe ratios. All trials count as independent: with many that are
    alike it asks too much, never too little.
    """
    trials = len(sharpes)
    if trials < 2:
        return None
    first = _NORMAL.inv_cdf(1 - 1 / trials)
    second = _NORMAL.inv_cdf(1 - 1 / (trials * math.e))
    spread = float(sharpes.std(ddof=1))
    return spread * ((1 - EULER_GAMMA) * first + EULER_GAMMA * second)


def probability_of_overfitting(table: Floats) -> float:
    """Return how often the best on half of the blocks is below the median on the other half.

    Combinatorially symmetric cross-validation: (T, N) returns are cut into `BLOCKS` blocks of days;
    for each choice of half of them the best column by Sharpe ratio is looked up on the rest, where
    its relative rank w gives the logit log(w / (1 - w)). The result is the share of logits <= 0.
    """
    days = len(table) // BLOCKS
    blocks = table[: days * BLOCKS].reshape(BLOCKS, days, -1)
    sums, squares = blocks.sum(axis=1), (blocks**2).sum(axis=1)
    chosen = np.zeros((math.comb(BLOCKS, BLOCKS // 2), BLOCKS))
    for row, half in enumerate(combinations(range(BLOCKS), BLOCKS // 2)):
        chosen[row, list(half)] = 1.0
    count = days * BLOCKS // 2
    step = max(MOST_CELLS // table.shape[1], 1)
    parts = (chosen[start : start + step] for start in range(0, len(chosen), step))
    below = sum(_below(part, sums, squares, count) for part in parts)
    return below / len(chosen)


def _below(chosen: Floats, sums: Floats, squares: Floats, count: int) -> int:
    """Return for how many choices of blocks the best inside is at or below the middle outside."""
    inside = _sharpes(chosen @ sums, chosen @ squares, count)
    outside = _sharpes((1 - chosen) @ sums, (1 - chosen) @ squares, count)
    rows = np.arange(len(chosen))
    theirs = outside[rows, inside.argmax(axis=1)][:, None]
    # the middle of equal ones: two columns that are the same are neither above nor below
    ranks = (outside < theirs).sum(axis=1) + ((outside == theirs).sum(axis=1) + 1) / 2
    return int((ranks / (outside.shape[1] + 1) <= 0.5).sum())


def _sharpes(sums: Floats, squares: Floats, count: int) -> Floats:
    means = sums / count
    variances = np.maximum(squares / count - means**2, 0.0)
    moves = variances > 1e-18
    return np.where(moves, means / np.sqrt(np.where(moves, variances, 1.0)), 0.0)
