from itertools import pairwise

import msgspec
import numpy as np
import pytest
from tests.builders import AT_MS
from tests.unit.backtest.studies import a_study, some

from aitrader.backtest.batch import outcomes_of
from aitrader.backtest.outcome import Outcome
from aitrader.backtest.statistics import Statistics
from aitrader.backtest.walk import stretches, walk_forward
from aitrader.model.candle import DAY_MS
from aitrader.model.errors import ConfigError

DAYS = 40


def numbers(return_pct: float) -> Statistics:
    study, loaded = a_study(30)
    (found,) = outcomes_of(study, some({}), loaded)
    assert found.statistics is not None
    return msgspec.structs.replace(found.statistics, return_pct=return_pct)


def test_stretches_are_whole_days_without_a_gap() -> None:
    found = stretches(AT_MS + 1, AT_MS + 101 * DAY_MS + 5, 3)
    assert found[0][0] == AT_MS + DAY_MS and found[-1][1] == AT_MS + 101 * DAY_MS
    assert all(a[1] == b[0] for a, b in pairwise(found))


def test_too_few_days_are_told() -> None:
    with pytest.raises(ConfigError, match="expected at least 15, found 7"):
        stretches(AT_MS, AT_MS + 7 * DAY_MS, 3)


def test_each_stretch_is_chosen_by_the_days_before_it_alone() -> None:
    wave = np.where(np.arange(DAYS) % 2, 0.01, -0.005)
    early, late = wave + np.where(np.arange(DAYS) < 20, 0.02, -0.02), -wave
    outcomes = [
        Outcome("early", (("A", 1),), returns=tuple(early)),
        Outcome("late", (("A", 2),), returns=tuple(late)),
    ]
    asked: list[tuple[str, int, int]] = []

    def run(outcome: Outcome, from_ms: int, to_ms: int) -> Statistics:
        asked.append((outcome.key, (from_ms - AT_MS) // DAY_MS, (to_ms - AT_MS) // DAY_MS))
        return numbers(10.0)

    walk = walk_forward(outcomes, from_ms=AT_MS, to_ms=AT_MS + DAYS * DAY_MS, folds=3, run=run)
    assert [row[1:] for row in asked] == [(10, 20), (20, 30), (30, 40)]
    assert asked[0][0] == asked[1][0] == "early"
    assert walk.return_pct == pytest.approx(33.1)
    # the future cannot have been seen: with another one the first choices are the same
    changed = [
        msgspec.structs.replace(row, returns=(*row.returns[:20], *([0.5] * 20))) for row in outcomes
    ]
    again = walk_forward(changed, from_ms=AT_MS, to_ms=AT_MS + DAYS * DAY_MS, folds=3, run=run)
    assert again.folds[0] == walk.folds[0] and again.folds[1] == walk.folds[1]
    lines = "\n".join(walk.lines())
    assert "+33.10 % in 3 unseen stretches" in lines
    assert "2025-01-11" in lines and "A=1" in lines
