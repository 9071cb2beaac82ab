"""Many combinations of parameters: who tries them, in which groups, and which was the best."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from aitrader.backtest.batch import Batch, Study
from aitrader.backtest.crew import Crew, work_through
from aitrader.backtest.job import Job
from aitrader.backtest.outcome import Combination, Outcome, key_of
from aitrader.backtest.parameters import Values, with_values
from aitrader.backtest.results import Results
from aitrader.model.trader import Universe

LARGEST_BATCH = 24
"""More would share no more, and a death would lose more."""

BATCHES_EACH = 4
"""At least so many per worker, that nobody waits long for the last one."""

OBJECTIVES = ("sharpe", "sortino", "calmar", "return_pct", "profit_factor", "expectancy")
LEAST = float("-inf")

Progress = Callable[[int], object]


class Sweep:
    """One study: its crew works, its results are kept; what is known is not tried again."""

    def __init__(self, study: Study, digest: str, *, crew: Crew, results: Results) -> None:
        """Name the runs of this study by `digest`: candles, time, costs and version."""
        self._study, self._digest = study, digest
        self._crew, self._results = crew, results

    def combinations(self, source: str, choices: Iterable[Values]) -> tuple[Combination, ...]:
        """Return the trader file with each choice of values.

        Raises:
            ConfigError: The file has no such constants.
        """
        return tuple(self._combination(source, values) for values in choices)

    def run(self, wanted: Sequence[Combination], progress: Progress) -> tuple[Outcome, ...]:
        """Return the outcomes in the order of `wanted`; `progress` is told how many more are done.

        Raises:
            ConfigError: The disk refused, or the workers die again and again.
        """
        known = self._results.known
        missing = list({row.key: row for row in wanted if row.key not in known}.values())
        progress(len(wanted) - len(missing))

        def took(_batch: Batch, outcomes: tuple[Outcome, ...]) -> None:
            self._results.add(outcomes)
            progress(len(outcomes))

        work_through(self._batches(missing), self._crew, took)
        return tuple(known[row.key] for row in wanted)

    def _combination(self, source: str, values: Values) -> Combination:
        text = with_values(source, values)
        return Combination(key_of(text, self._digest), tuple(values.items()), text)

    def _batches(self, missing: Sequence[Combination]) -> Iterator[Batch]:
        """Yield neighbors together: they have most in common."""
        size = -(-len(missing) // (BATCHES_EACH * self._crew.size))
        size = min(max(size, 1), LARGEST_BATCH)
        for start in range(0, len(missing), size):
            yield Batch(self._study, tuple(missing[start : start + size]))


def study_of(job: Job, universe: Universe | None) -> Study:
    """Return what the combinations of a job have in common."""
    return Study(msgspec.structs.replace(job, traders=(), notes=()), universe)


def value_of(outcome: Outcome, objective: str) -> float:
    """Return how good an outcome is, higher is better; without a number it is the least."""
    if outcome.statistics is None:
        return LEAST
    found: float | None = getattr(outcome.statistics, objective)
    return LEAST if found is None else found


def ranked(outcomes: Iterable[Outcome], objective: str) -> tuple[Outcome, ...]:
    """Return each outcome once, the best first; equal ones by return, then by their values."""

    def place(row: Outcome) -> tuple[float, float, str]:
        return -value_of(row, objective), -value_of(row, "return_pct"), str(row.values)

    return tuple(sorted({row.key: row for row in outcomes}.values(), key=place))
