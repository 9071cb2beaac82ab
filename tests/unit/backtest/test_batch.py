from pathlib import Path

import msgspec
import pytest
from tests.unit.backtest.studies import SOURCE, a_study, some
from tests.unit.modes.asking import fill

from aitrader.backtest.batch import Batch, CandlesAt, outcomes_of, trader_of, try_batch
from aitrader.backtest.parameters import with_values
from aitrader.backtest.report import report_of
from aitrader.backtest.run import run
from aitrader.model.errors import ConfigError
from aitrader.model.trader import Universe


def test_a_combination_comes_out_as_its_file_alone_would() -> None:
    study, loaded = a_study()
    choices = [{"FAST": 3}, {"FAST": 5, "STOP": "1.5 atr"}, {"FAST": 8, "STOP": "1%"}]
    together = outcomes_of(study, some(*choices), loaded)
    assert len({row.statistics.final_equity for row in together if row.statistics}) == 3
    for values, found in zip(choices, together, strict=True):
        trader = trader_of(with_values(SOURCE, values), None)
        job = msgspec.structs.replace(study.job, traders=(trader,))
        report, _curve = report_of(job, loaded.history, run(job, loaded.history))
        assert report.statistics == found.statistics
        assert found.statistics and found.statistics.trades > 10


def test_the_company_changes_nothing() -> None:
    study, loaded = a_study()
    one, two = some({"STOP": "1 atr"}), some({"STOP": "1 atr"}, {"FAST": 40, "STOP": "2 atr"})
    assert outcomes_of(study, one, loaded)[0] == outcomes_of(study, two, loaded)[0]


def test_a_file_that_is_wrong_with_these_values_has_its_fault() -> None:
    study, loaded = a_study()
    wrong, right = outcomes_of(study, some({"FAST": -1}, {"FAST": 3}), loaded)
    assert wrong.statistics is None and "sma" in wrong.fault
    assert right.statistics is not None and not right.fault


def test_other_symbols_may_replace_those_of_the_file() -> None:
    study, loaded = a_study()
    only = msgspec.structs.replace(study, universe=Universe(symbols=("ETHUSDT",)))
    assert outcomes_of(only, some({}), loaded) != outcomes_of(study, some({}), loaded)


def test_a_worker_fetches_the_candles_by_itself(tmp_path: Path) -> None:
    fill(tmp_path)
    study, _loaded = a_study()
    where = CandlesAt(str(tmp_path), ("BTCUSDT", "ETHUSDT"), ("5m",))
    (found,) = try_batch(Batch(study, some({})), where)
    assert found.statistics is not None and found.statistics.trades > 10
    with pytest.raises(ConfigError, match="there are no candles"):
        try_batch(Batch(study, some({})), CandlesAt("/nowhere", (), ("5m",)))
