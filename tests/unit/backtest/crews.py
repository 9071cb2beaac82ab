"""Crews for tests: everybody works here and now, and some die when told to."""

from __future__ import annotations

from concurrent.futures import BrokenExecutor, Future

from aitrader.backtest.batch import Batch, try_batch
from aitrader.backtest.crew import Outcomes
from aitrader.backtest.sources import Loaded


class CrewHere:
    """Works in this process; the first `deaths` batches are lost."""

    def __init__(self, loaded: Loaded, *, size: int = 2, deaths: int = 0) -> None:
        self.size = size
        self.batches: list[Batch] = []
        self.is_closed = False
        self._loaded, self._deaths = loaded, deaths

    def submit(self, batch: Batch) -> Future[Outcomes]:
        future: Future[Outcomes] = Future()
        self.batches.append(batch)
        if len(self.batches) <= self._deaths:
            future.set_exception(BrokenExecutor())
        else:
            future.set_result(try_batch(batch, self._loaded))
        return future

    def is_lost(self, fault: BaseException) -> bool:
        return isinstance(fault, BrokenExecutor)

    def close(self) -> None:
        self.is_closed = True
