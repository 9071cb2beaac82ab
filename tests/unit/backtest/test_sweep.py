from pathlib import Path

import pytest
from tests.unit.backtest.crews import CrewHere
from tests.unit.backtest.studies import SOURCE, a_study

from aitrader.backtest.outcome import Outcome
from aitrader.backtest.results import Results
from aitrader.backtest.sweep import LARGEST_BATCH, LEAST, Sweep, ranked, study_of, value_of
from aitrader.model.errors import ConfigError

CHOICES = [{"FAST": n, "STOP": stop} for n in range(2, 8) for stop in ("1%", "2%")]


def a_sweep(path: Path) -> tuple[Sweep, CrewHere]:
    study, loaded = a_study(200)
    crew = CrewHere(loaded, size=2)
    return Sweep(study, "digest", crew=crew, results=Results(path)), crew


def test_outcomes_come_in_the_order_that_was_asked(tmp_path: Path) -> None:
    sweep, crew = a_sweep(tmp_path / "results")
    told: list[int] = []
    found = sweep.run(sweep.combinations(SOURCE, CHOICES), told.append)
    assert [dict(row.values) for row in found] == CHOICES
    assert sum(told) == len(CHOICES)
    assert {len(batch.combinations) for batch in crew.batches} == {2}


def test_a_sweep_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    sweep, _crew = a_sweep(tmp_path / "results")
    first = sweep.run(sweep.combinations(SOURCE, CHOICES[:5]), lambda _: None)
    sweep, crew = a_sweep(tmp_path / "results")
    found = sweep.run(sweep.combinations(SOURCE, CHOICES), lambda _: None)
    assert found[:5] == first
    assert sum(len(batch.combinations) for batch in crew.batches) == len(CHOICES) - 5


def test_what_is_asked_twice_is_tried_once(tmp_path: Path) -> None:
    sweep, crew = a_sweep(tmp_path / "results")
    found = sweep.run(sweep.combinations(SOURCE, CHOICES[:1] * 3), lambda _: None)
    assert found[0] == found[1] == found[2]
    assert len(crew.batches) == 1


def test_another_study_begins_anew(tmp_path: Path) -> None:
    study, loaded = a_study(200)
    for digest in ("one", "two"):
        crew = CrewHere(loaded)
        sweep = Sweep(study, digest, crew=crew, results=Results(tmp_path / "results"))
        sweep.run(sweep.combinations(SOURCE, CHOICES[:1]), lambda _: None)
        assert crew.batches


def test_a_batch_is_never_huge(tmp_path: Path) -> None:
    sweep, crew = a_sweep(tmp_path / "results")
    study, loaded = a_study(30)
    crew = CrewHere(loaded, size=1)
    sweep = Sweep(study, "x", crew=crew, results=Results(tmp_path / "results"))
    sweep.run(sweep.combinations(SOURCE, [{"FAST": n} for n in range(2, 122)]), lambda _: None)
    assert max(len(batch.combinations) for batch in crew.batches) == LARGEST_BATCH


def test_a_constant_that_is_not_there_is_told(tmp_path: Path) -> None:
    sweep, _crew = a_sweep(tmp_path / "results")
    with pytest.raises(ConfigError, match="no constant SLOW"):
        sweep.combinations(SOURCE, [{"SLOW": 3}])


def test_the_best_is_first_and_a_fault_is_last(tmp_path: Path) -> None:
    sweep, _crew = a_sweep(tmp_path / "results")
    found = sweep.run(sweep.combinations(SOURCE, [*CHOICES, {"FAST": -1}]), lambda _: None)
    order = ranked([*found, found[0]], "return_pct")
    values = [value_of(row, "return_pct") for row in order]
    assert values == sorted(values, reverse=True)
    assert len(order) == len(CHOICES) + 1
    assert order[-1].fault and values[-1] == LEAST
    # without a month of days there is no Sharpe ratio: the return decides
    assert ranked(found, "sharpe") == order


def test_a_study_has_no_traders_of_its_own() -> None:
    study, _loaded = a_study(30)
    assert study_of(study.job, None) == study
    assert value_of(Outcome("x", ()), "sharpe") == LEAST
