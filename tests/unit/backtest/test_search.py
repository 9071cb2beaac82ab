import pytest

from aitrader.backtest.parameters import Axis
from aitrader.backtest.search import drawn, every, nth, size_of
from aitrader.model.errors import ConfigError

AXES = (Axis("A", (1, 2, 3)), Axis("B", ("x", "y")))


def test_a_grid_has_every_combination_once() -> None:
    found = list(every(AXES))
    assert found[:3] == [{"A": 1, "B": "x"}, {"A": 1, "B": "y"}, {"A": 2, "B": "x"}]
    assert len({tuple(row.items()) for row in found}) == size_of(AXES) == 6


def test_a_grid_that_nobody_waits_for_is_refused() -> None:
    axes = tuple(Axis(name, tuple(range(50))) for name in "ABC")
    with pytest.raises(ConfigError, match="125,000 combinations are more than"):
        every(axes)


def test_drawn_ones_differ_and_are_the_same_for_a_seed() -> None:
    axes = tuple(Axis(name, tuple(range(1000))) for name in "ABCDEFGH")
    found = list(drawn(axes, 50, seed=3))
    assert len({tuple(row.items()) for row in found}) == 50
    assert found == list(drawn(axes, 50, seed=3)) != list(drawn(axes, 50, seed=4))


def test_more_than_all_is_all() -> None:
    assert list(drawn(AXES, 99, seed=1)) == [nth(AXES, number) for number in range(6)]
