"""A dask cluster as the crew of a sweep, the optional extra `cluster`.

The candles are sent once and kept by the workers; batches are handed out through the scheduler's
own `concurrent.futures` executor. The scheduler gives a dead worker's batches to others; where it
gives up, or the candles died with the last one who had them, the batch is handed out again.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from importlib import import_module
from typing import Any

from aitrader import __version__
from aitrader.backtest.batch import Batch, try_batch
from aitrader.backtest.crew import Crew, Outcomes
from aitrader.backtest.sources import Loaded
from aitrader.model.errors import ConfigError

CONNECT_S = 10
LOST = frozenset({"KilledWorker", "FutureCancelledError", "CommClosedError", "NoValidWorkerError"})
"""What dask calls a death; by name, as dask may not be installed."""


class Cluster:
    """The workers of a scheduler."""

    def __init__(self, address: str, loaded: Loaded) -> None:
        """Send the candles to all workers.

        Raises:
            ConfigError: dask is missing, nobody answers, or the workers are not of this version.
        """
        distributed = _distributed()
        try:
            self._client = distributed.Client(address, timeout=CONNECT_S)
        except (OSError, ValueError) as exc:
            raise ConfigError(f"no dask scheduler answers at {address}: {exc}") from exc
        self._loaded = loaded
        self.size = self._checked(address)
        self._executor = self._client.get_executor(pure=False)
        self._candles = self._sent()

    def submit(self, batch: Batch) -> Future[Outcomes]:
        """Hand out a batch."""
        if self._candles.status != "finished":
            self._candles = self._sent()
        made: Future[Outcomes] = self._executor.submit(try_batch, batch, self._candles)
        return made

    def is_lost(self, fault: BaseException) -> bool:
        """Return whether the cluster lost the batch, or the candles it needed."""
        return isinstance(fault, CancelledError) or type(fault).__name__ in LOST

    def close(self) -> None:
        """Leave the cluster; its workers stay."""
        self._executor.shutdown(wait=False)
        self._client.close()

    def _sent(self) -> Any:  # noqa: ANN401 - dask is there only with the extra
        return self._client.scatter(self._loaded, broadcast=True, hash=False)

    def _checked(self, address: str) -> int:
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        size = sum(int(row["nthreads"]) for row in workers)
        if not size:
            self._client.close()
            raise ConfigError(
                f"the dask scheduler at {address} has no workers; start some with: "
                f"dask worker {address} --nthreads 1"
            )
        found = set(self._client.run(version_here).values())
        if found != {__version__}:
            self._client.close()
            raise ConfigError(
                f"the workers at {address} have aitrader {', '.join(sorted(found))}, expected "
                f"{__version__}"
            )
        return size


def cluster_crew(address: str) -> Callable[[Loaded, int | None], Crew]:
    """Return what makes a crew of the workers at an address, all of them."""

    def made(loaded: Loaded, _size: int | None) -> Crew:
        return Cluster(address, loaded)

    return made


def version_here() -> str:
    """Return the version of this program where it is called."""
    return __version__


def _distributed() -> Any:  # noqa: ANN401 - as above
    try:
        return import_module("distributed")
    except ImportError as exc:
        raise ConfigError("--cluster needs dask: pip install 'aitrader[cluster]'") from exc
