"""Walk-forward: what a choice by the past would have made afterwards.

The time is cut into one stretch more than there are folds. For each fold the best combination over
all days before it is chosen, and run over the fold's own days, from the start cash and with nothing
held, as somebody would who had chosen it then. The days before are those of the whole runs: a run
knows nothing of later candles, so their beginning is what a run up to that day would have given.

Described in R. Pardo, "The Evaluation and Optimization of Trading Strategies", 2nd ed., Wiley 2008.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import msgspec
import numpy as np

from aitrader.backtest.outcome import Outcome
from aitrader.backtest.parameters import Value
from aitrader.backtest.statistics import Statistics
from aitrader.filters.panel import Floats
from aitrader.model.candle import DAY_MS
from aitrader.model.errors import ConfigError

LEAST_DAYS = 5
"""Of a stretch."""


class Fold(msgspec.Struct, frozen=True):
    """One stretch [from_ms, to_ms): what was chosen for it and what it made.

    `before_sharpe`: of a year, over the days before; `statistics` are those of the fold.
    """

    from_ms: int
    to_ms: int
    values: tuple[tuple[str, Value], ...]
    before_sharpe: float
    statistics: Statistics


class Walk(msgspec.Struct, frozen=True):
    """All folds; `return_pct`: all their days one after the other."""

    folds: tuple[Fold, ...]
    return_pct: float

    def lines(self) -> list[str]:
        """Return it as a person reads it."""
        lines = [f"  walk-forward: {self.return_pct:+,.2f} % in {len(self.folds)} unseen stretches"]
        lines.append(
            f"  {'from':<12}{'chosen':<34}{'Sharpe before':>15}{'Sharpe':>9}{'return':>11}"
        )
        for row in self.folds:
            day = str(np.datetime64(row.from_ms, "ms").astype("datetime64[D]"))
            chosen = ", ".join(f"{name}={value}" for name, value in row.values)
            sharpe = "-" if row.statistics.sharpe is None else f"{row.statistics.sharpe:.2f}"
            lines.append(
                f"  {day:<12}{chosen:<34}{row.before_sharpe:>15.2f}{sharpe:>9}"
                f"{row.statistics.return_pct:>9.2f} %"
            )
        return lines


Runner = Callable[[Outcome, int, int], Statistics]
"""Run an outcome's combination over [from_ms, to_ms)."""


def stretches(from_ms: int, to_ms: int, count: int) -> tuple[tuple[int, int], ...]:
    """Return `count` stretches of whole UTC days, one after the other.

    Raises:
        ConfigError: There are too few days.
    """
    first, last = -(-from_ms // DAY_MS), to_ms // DAY_MS
    if count < 1 or last - first < LEAST_DAYS * count:
        raise ConfigError(
            f"--walk-forward needs {LEAST_DAYS} days per stretch: expected at least "
            f"{LEAST_DAYS * count}, found {max(last - first, 0)}"
        )
    edges = [first + (last - first) * place // count for place in range(count + 1)]
    return tuple((a * DAY_MS, b * DAY_MS) for a, b in pairwise(edges))


def walk_forward(
    outcomes: Sequence[Outcome], *, from_ms: int, to_ms: int, folds: int, run: Runner
) -> Walk:
    """Return what choosing anew before each of `folds` stretches would have made.

    Args:
        outcomes: Combinations that were run over all of the time, not one of them faulty.
        from_ms: When those runs began.
        to_ms: When they ended.
        folds: How often is chosen.
        run: Runs one of them again, over a stretch.

    Raises:
        ConfigError: There are too few days.
    """
    table = np.array([row.returns for row in outcomes], np.float64)
    first_day = (from_ms - 1) // DAY_MS + 1
    found, growth = [], 1.0
    for start_ms, end_ms in stretches(from_ms, to_ms, folds + 1)[1:]:
        before = table[:, : start_ms // DAY_MS - first_day]
        sharpes = _sharpes(before)
        chosen = outcomes[int(sharpes.argmax())]
        numbers = run(chosen, start_ms, end_ms)
        growth *= 1 + numbers.return_pct / 100
        found.append(Fold(start_ms, end_ms, chosen.values, float(sharpes.max()), numbers))
    return Walk(tuple(found), round((growth - 1) * 100, 4))


def _sharpes(rows: Floats) -> Floats:
    """Return a year's Sharpe ratio of each row; what never trades is not chosen over a gain."""
    spread = rows.std(axis=1, ddof=1)
    safe = np.where(spread > 0, spread, 1.0)
    return np.where(spread > 0, rows.mean(axis=1) / safe * np.sqrt(365), 0.0)
