import math
from itertools import combinations

import numpy as np
import pytest

from aitrader.backtest.overfitting import (
    BLOCKS,
    best_by_luck,
    overfitting_of,
    probabilistic_sharpe,
    probability_of_overfitting,
    sharpes_of,
)

NOISE = np.random.Generator(np.random.PCG64(5)).normal(0, 0.01, (320, 50))


def test_the_papers_own_example_of_a_deflated_sharpe_ratio() -> None:
    """Bailey and Lopez de Prado 2014: 5 years of 250 days, SR 2.5 a year, 100 trials, variance 1/2.

    Skew -3 and kurtosis 10 give 0.9004; their normal one is known by its formula.
    """
    luck = math.sqrt(0.5 / 250) * ((1 - 0.5772156649) * 2.3263478740 + 0.5772156649 * 2.6809617620)
    sharpe = 2.5 / math.sqrt(250)
    variance = 1 + 3 * sharpe + 9 / 4 * sharpe**2
    z = (sharpe - luck) * math.sqrt(1249 / variance)
    assert 0.5 * (1 + math.erf(z / math.sqrt(2))) == pytest.approx(0.9004, abs=5e-4)
    spread = np.array([-1.0, 1.0] * 50)
    trials = spread / spread.std(ddof=1) * math.sqrt(0.5 / 250)
    assert best_by_luck(trials) == pytest.approx(luck, rel=1e-3)


def test_a_sharpe_ratio_is_as_probable_as_its_formula_says() -> None:
    returns = np.array([0.02, -0.01] * 50)
    sharpe = returns.mean() / returns.std(ddof=1)
    # skew 0, kurtosis 1: the variance is 1
    z = sharpe * math.sqrt(99)
    assert probabilistic_sharpe(returns) == pytest.approx(0.5 * (1 + math.erf(z / math.sqrt(2))))
    assert probabilistic_sharpe(np.zeros(9)) is None
    assert probabilistic_sharpe(np.array([1.0])) is None


def test_noise_is_called_noise() -> None:
    best = int(sharpes_of(NOISE).argmax())
    found = overfitting_of(NOISE.T.tolist(), best)
    assert (found.trials, found.days) == (50, 320)
    assert found.pbo is not None and 0.1 < found.pbo < 0.9
    assert found.deflated is not None and found.deflated < 0.95


def test_skill_is_called_skill() -> None:
    table = NOISE.copy()
    table[:, 7] += 0.005
    found = overfitting_of(table.T.tolist(), 7)
    assert found.pbo == 0.0
    assert found.deflated is not None and found.deflated > 0.99


def test_the_probability_is_that_of_all_choices_written_out() -> None:
    table = NOISE[: BLOCKS * 4, :5]
    blocks = table.reshape(BLOCKS, 4, 5)
    bad = total = 0
    for half in list(combinations(range(BLOCKS), BLOCKS // 2))[::40]:
        rest = [n for n in range(BLOCKS) if n not in half]
        inside = blocks[list(half)].reshape(-1, 5)
        outside = blocks[rest].reshape(-1, 5)
        best = int((inside.mean(axis=0) / inside.std(axis=0)).argmax())
        theirs = outside.mean(axis=0) / outside.std(axis=0)
        rank = (theirs < theirs[best]).sum() + 1
        bad += rank / 6 <= 0.5
        total += 1
    assert probability_of_overfitting(table) == pytest.approx(bad / total, abs=0.08)


def test_equal_combinations_are_in_the_middle() -> None:
    same = np.repeat(NOISE[:64, :1], 4, axis=1)
    assert probability_of_overfitting(same) == 1.0
    assert overfitting_of(same.T.tolist(), 0).deflated is not None


@pytest.mark.parametrize("returns", [[], [[0.1] * 31, [0.2] * 31]])
def test_of_too_little_nothing_is_said(returns: list[list[float]]) -> None:
    found = overfitting_of(returns, 0)
    assert (found.luck_sharpe, found.deflated, found.pbo) == (None, None, None)


def test_one_combination_is_no_choice() -> None:
    found = overfitting_of(NOISE[:, :1].T.tolist(), 0)
    assert (found.luck_sharpe, found.deflated, found.pbo) == (None, None, None)
    assert sharpes_of(np.zeros((5, 2))).tolist() == [0.0, 0.0]
