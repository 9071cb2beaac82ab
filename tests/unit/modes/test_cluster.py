from __future__ import annotations

import os
import signal
from concurrent.futures import CancelledError
from pathlib import Path

import pytest
from tests.unit.backtest.studies import a_study, some
from tests.unit.modes.dask_room import dask_room

from aitrader import __version__
from aitrader.backtest.batch import Batch, outcomes_of
from aitrader.backtest.crew import Outcomes, work_through
from aitrader.model.errors import ConfigError
from aitrader.modes.cluster import Cluster, cluster_crew, version_here

pytest.importorskip("distributed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.filterwarnings("ignore"),  # those of dask about sockets of the dead
]


def test_a_killed_worker_of_a_cluster_loses_nothing(tmp_path: Path) -> None:
    study, loaded = a_study()
    batches = [Batch(study, some({"FAST": n}, {"FAST": n, "STOP": "1%"})) for n in range(2, 14)]
    done: dict[str, object] = {}
    with dask_room(tmp_path, workers=2) as room:
        crew = _joined(room.address, loaded, size=2)

        def took(_batch: Batch, rows: Outcomes) -> None:
            done.update({row.key: row for row in rows})
            if len(done) == 4:
                os.kill(room.workers[0].pid, signal.SIGKILL)

        try:
            work_through(batches, crew, took)
        finally:
            crew.close()
        assert room.workers[0].wait(timeout=10) == -signal.SIGKILL
    every = [row for batch in batches for row in batch.combinations]
    assert done == {row.key: row for row in outcomes_of(study, every, loaded)}


def test_without_workers_or_a_scheduler_it_is_told(tmp_path: Path) -> None:
    _study, loaded = a_study(30)
    with dask_room(tmp_path, workers=0) as room, pytest.raises(ConfigError, match="no workers"):
        Cluster(room.address, loaded)
    with pytest.raises(ConfigError, match="no dask scheduler answers"):
        cluster_crew("tcp://127.0.0.1:1")(loaded, None)


def test_a_death_is_known_by_its_name() -> None:
    class KilledWorker(Exception):
        pass

    crew = object.__new__(Cluster)
    assert crew.is_lost(KilledWorker()) and crew.is_lost(CancelledError())
    assert not crew.is_lost(ValueError())
    assert version_here() == __version__


def _joined(address: str, loaded: object, *, size: int) -> Cluster:
    """Wait until all workers have come to the scheduler."""
    import distributed  # noqa: PLC0415 - it is optional

    with distributed.Client(address) as client:
        client.wait_for_workers(size, timeout=60)
    crew = Cluster(address, loaded)  # type: ignore[arg-type]
    assert crew.size == size
    return crew
