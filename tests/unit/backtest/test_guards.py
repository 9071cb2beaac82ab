import msgspec
import pytest
from tests.unit.backtest.studies import SOURCE, a_study, wave
from tests.unit.backtest.worlds import a_job, a_series, a_trader

from aitrader.backtest.batch import trader_of
from aitrader.backtest.guards import (
    conditions_of,
    in_stretches,
    numbers_of,
    with_random_entries,
)
from aitrader.backtest.history import History
from aitrader.backtest.job import Job
from aitrader.backtest.run import answers_of, run
from aitrader.model.errors import ConfigError


def a_run(count: int) -> tuple[Job, History]:
    study, loaded = a_study(count)
    trader = trader_of(SOURCE, None)
    return msgspec.structs.replace(study.job, traders=(trader,)), loaded.history


def test_stretches_are_runs_of_their_own() -> None:
    job, history = a_run(288 * 10)
    answers = answers_of(job, history)
    first, second = in_stretches(job, history, answers, count=2)
    assert first.to_ms == second.from_ms
    alone = msgspec.structs.replace(job, from_ms=second.from_ms, to_ms=second.to_ms)
    assert second.statistics == numbers_of(alone, history, run(alone, history))
    with pytest.raises(ConfigError, match="5 days per stretch"):
        in_stretches(job, history, answers, count=3)


def test_random_entries_are_the_same_each_time_and_differ_from_the_traders_own() -> None:
    job, history = a_run(800)
    answers = answers_of(job, history)
    own = numbers_of(job, history, run(job, history, answers)).final_equity - 10_000
    found = with_random_entries(job, history, answers, rounds=4, own=own)
    assert found == with_random_entries(job, history, answers, rounds=4, own=own)
    assert found.rounds == 4 and found.low < found.high


def test_each_condition_says_how_much_it_asks_for() -> None:
    trader = a_trader(
        condition='m.close > sma(m.close, 5), "high": m.close > m.open, "never": m.close < 0'
    )
    job, history = a_job([a_series(wave(1, 300))], trader)
    above, high, never = conditions_of(job, answers_of(job, history))
    assert (above.name, high.name, never.name) == ("condition", "high", "never")
    assert 20 < above.held_pct < 80 and never.held_pct == 0.0
    assert above.signals == high.signals == never.signals == 0
    assert above.signals_without == 0 and (never.signals_without or 0) > 10


def test_an_only_condition_has_no_others() -> None:
    job, history = a_job([a_series(wave(1, 100))])
    (row,) = conditions_of(job, answers_of(job, history))
    assert row.signals_without is None and row.signals > 0


def test_where_no_candle_is_ready_nothing_holds() -> None:
    job, history = a_job([a_series(wave(1, 30))], a_trader(condition="m.close > sma(m.close, 50)"))
    answers = answers_of(job, history)
    (row,) = conditions_of(job, answers)
    assert row.held_pct == 0.0
    assert with_random_entries(job, history, answers, rounds=2, own=0.0).mean == 0.0
