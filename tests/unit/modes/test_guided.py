import pytest

from aitrader.backtest.parameters import Axis, Values
from aitrader.backtest.sweep import LEAST
from aitrader.modes.guided import OptunaGuide

pytest.importorskip("optuna")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

AXES = (Axis("FAST", tuple(range(100))), Axis("STOP", ("1%", "2%", "3%")))


def worth(values: Values) -> float:
    fast = values["FAST"]
    assert isinstance(fast, int)
    return LEAST if values["STOP"] == "3%" else -abs(fast - 70.0)


def searched(seed: int) -> list[Values]:
    guide, found = OptunaGuide(AXES, seed), []
    for _ in range(6):
        asked = guide.ask(16)
        guide.tell([worth(values) for values in asked])
        found.extend(asked)
    return found


def test_it_learns_where_to_look() -> None:
    found = searched(1)
    first = sum(worth(values) == LEAST for values in found[:32])
    last = sum(worth(values) == LEAST for values in found[-32:])
    assert last < first
    assert max(map(worth, found)) >= -3


def test_the_same_seed_asks_the_same() -> None:
    assert searched(2) == searched(2) != searched(3)
