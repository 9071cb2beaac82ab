"""A run done directly is the run of the stages, to the last digit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.parity import traders_of
from tests.two_roads import a_random_job, a_random_world, both_roads, told

from aitrader.backtest.direct import may_do
from aitrader.backtest.history import History
from aitrader.backtest.job import Job
from aitrader.backtest.resting import NeedsStages
from aitrader.model.trader import Trader

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "traders").glob("*.py"))
IN_STAGES = {"limit_in_uptrend"}
"""Examples whose entries rest at a limit."""


def agree(job: Job, history: History) -> bool:
    """Demand the same of both roads; False where there is one only."""
    try:
        direct, staged = both_roads(job, history)
    except NeedsStages:
        return False
    assert told(direct) == told(staged)
    return True


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_random_runs_are_the_same(seed: int) -> None:
    agree(*a_random_job(np.random.default_rng(seed)))


@pytest.mark.slow
@pytest.mark.timeout(900)
@settings(max_examples=1500, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_many_random_runs_are_the_same(seed: int) -> None:
    agree(*a_random_job(np.random.default_rng(seed)))


def test_those_runs_have_everything_in_them() -> None:
    reasons, refusals, done = set(), "", 0
    for seed in range(60):
        job, history = a_random_job(np.random.default_rng(seed))
        try:
            direct, _staged = both_roads(job, history)
        except NeedsStages:
            continue
        done += 1
        reasons |= {row.exit_reason for row in direct.trades}
        refusals += " ".join(direct.refusals)
    assert reasons == {"STOP_LOSS", "TAKE_PROFIT", "TRAILING", "MAX_AGE", "EXIT_CONDITIONS"}
    for words in ("not enough cash", "the trader is full", "the account is full", "stop orders"):
        assert words in refusals, words
    assert done > 40


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_the_same(path: Path) -> None:
    (trader,) = traders_of([path.read_text(encoding="utf-8")])
    job, history = a_random_world(np.random.default_rng(5), trader)
    assert may_do(job) is (path.stem not in IN_STAGES)
    assert not may_do(job) or agree(job, history)


def test_all_examples_share_an_account() -> None:
    sources = [path.read_text(encoding="utf-8") for path in EXAMPLES if path.stem not in IN_STAGES]
    traders: tuple[Trader, ...] = traders_of(sources)
    job, history = a_random_world(np.random.default_rng(6), *traders)
    direct, staged = both_roads(job, history)
    assert told(direct) == told(staged)
    assert len(direct.trades) > 100
