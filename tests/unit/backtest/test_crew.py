from __future__ import annotations

import multiprocessing
import os
import signal
import time
from concurrent.futures import BrokenExecutor, Future
from pathlib import Path

import pytest
from tests.unit.backtest.crews import CrewHere
from tests.unit.backtest.studies import a_study, some
from tests.unit.modes.asking import fill

from aitrader.backtest.batch import Batch, CandlesAt
from aitrader.backtest.crew import MOST_LOSSES, Outcomes, Pool, work_through, workers_here
from aitrader.model.errors import ConfigError


def some_batches(count: int) -> tuple[list[Batch], CrewHere]:
    study, loaded = a_study(120)
    batches = [Batch(study, some({"FAST": n})) for n in range(2, 2 + count)]
    return batches, CrewHere(loaded)


def worked(batches: list[Batch], crew: CrewHere) -> list[str]:
    done: list[str] = []
    work_through(batches, crew, lambda batch, rows: done.extend(row.key for row in rows))
    return done


def test_every_batch_is_done_once() -> None:
    batches, crew = some_batches(7)
    assert sorted(worked(batches, crew)) == sorted(b.combinations[0].key for b in batches)
    assert len(crew.batches) == 7


def test_what_a_death_loses_is_handed_out_again() -> None:
    batches, _crew = some_batches(7)
    crew = CrewHere(a_study(120)[1], deaths=3)
    assert sorted(worked(batches, crew)) == sorted(b.combinations[0].key for b in batches)
    assert len(crew.batches) == 7 + 3


def test_a_batch_that_kills_all_who_touch_it_ends_the_sweep() -> None:
    batches, _crew = some_batches(1)
    crew = CrewHere(a_study(120)[1], deaths=99)
    with pytest.raises(ConfigError, match="too little memory"):
        worked(batches, crew)
    assert len(crew.batches) == MOST_LOSSES


def test_another_fault_is_not_taken_for_a_death() -> None:
    class Clumsy(CrewHere):
        def submit(self, batch: Batch) -> Future[Outcomes]:
            future: Future[Outcomes] = Future()
            future.set_exception(ConfigError("no candles"))
            return future

    batches, _crew = some_batches(1)
    with pytest.raises(ConfigError, match="no candles"):
        worked(batches, Clumsy(a_study(120)[1]))


def test_a_canceled_batch_is_asked_about_too() -> None:
    class Canceling(CrewHere):
        def submit(self, batch: Batch) -> Future[Outcomes]:
            future = super().submit(batch)
            if len(self.batches) == 1:
                future = Future()
                future.cancel()
                future.set_running_or_notify_cancel()
            return future

        def is_lost(self, fault: BaseException) -> bool:
            return not isinstance(fault, BrokenExecutor)

    batches, _crew = some_batches(2)
    assert len(worked(batches, Canceling(a_study(120)[1]))) == 2


@pytest.mark.slow
def test_a_killed_process_loses_nothing(tmp_path: Path) -> None:
    fill(tmp_path)
    study, _loaded = a_study()
    where = CandlesAt(str(tmp_path), ("BTCUSDT", "ETHUSDT"), ("5m",))
    batches = [Batch(study, some({"FAST": n}, {"FAST": n, "STOP": "1%"})) for n in range(2, 12)]
    pool, done, killed = Pool(where, 2), [], []

    def took(_batch: Batch, rows: Outcomes) -> None:
        done.extend(row.key for row in rows)
        if len(killed) < 2 and len(done) in (2, 10):
            killed.append(min(workers()))
            os.kill(killed[-1], signal.SIGKILL)

    try:
        work_through(batches, pool, took)
    finally:
        pool.close()
    assert len(killed) == 2 and not workers()
    assert sorted(done) == sorted(row.key for batch in batches for row in batch.combinations)


@pytest.mark.slow
def test_who_is_interrupted_does_not_wait_for_the_rest(tmp_path: Path) -> None:
    fill(tmp_path)
    study, _loaded = a_study()
    where = CandlesAt(str(tmp_path), ("BTCUSDT", "ETHUSDT"), ("5m",))
    long = some(*({"FAST": n} for n in range(2, 300)))
    pool = Pool(where, 2)
    waiting = [pool.submit(Batch(study, long)) for _ in range(3)]
    while not waiting[0].running():
        pass
    pool.close()
    for _wait in range(500):  # the executor reaps them too, and who is second hears it later
        if workers():
            time.sleep(0.01)
    assert not workers()
    assert isinstance(waiting[0].exception(timeout=10), BrokenExecutor)


def workers() -> set[int]:
    """The processes of the pool that are alive."""
    return {child.pid or 0 for child in multiprocessing.active_children()}


def test_this_machine_has_a_worker_at_least() -> None:
    assert workers_here() >= 1
