from tests.unit.backtest.studies import a_study, some

from aitrader.backtest.batch import outcomes_of
from aitrader.backtest.outcome import key_of


def test_a_key_names_the_file_and_the_study() -> None:
    assert key_of("a", "study") == key_of("a", "study")
    assert len({key_of("a", "study"), key_of("b", "study"), key_of("a", "other")}) == 3


def test_the_daily_returns_multiply_to_the_whole_return() -> None:
    study, loaded = a_study(5 * 288)
    (found,) = outcomes_of(study, some({"FAST": 5}), loaded)
    assert found.statistics is not None
    assert len(found.returns) == 5
    growth = 1.0
    for row in found.returns:
        growth *= 1 + row
    assert abs((growth - 1) * 100 - found.statistics.return_pct) < 1e-4
