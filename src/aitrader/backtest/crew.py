"""Who does the work of a sweep, and what happens when one of them dies over it.

Theory of operation. A crew hands batches to processes, of this machine or of a cluster, and gives a
future for each. No more batches are out than keep everybody busy, so a death loses only what was
out: that is handed out again, to whoever stands in for the dead. A batch that is lost time after
time is what kills, and ends the sweep with a sentence; what was done before is kept.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import Counter, deque
from collections.abc import Callable, Iterable
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Future,
    ProcessPoolExecutor,
    wait,
)
from typing import Protocol
from weakref import WeakSet

from aitrader.backtest.batch import Batch, CandlesAt, try_batch
from aitrader.backtest.outcome import Outcome
from aitrader.model.errors import ConfigError

AHEAD = 2
"""Batches out per worker: one is worked on, one waits."""

MOST_LOSSES = 4
Outcomes = tuple[Outcome, ...]


class Crew(Protocol):
    """Workers; `size` of them, at least one."""

    @property
    def size(self) -> int:
        """How many work at once."""
        ...

    def submit(self, batch: Batch) -> Future[Outcomes]:
        """Hand out a batch."""
        ...

    def is_lost(self, fault: BaseException) -> bool:
        """Return whether a batch failed because its worker died: another may do it."""
        ...

    def close(self) -> None:
        """Send everybody home; what is not finished is given up."""
        ...


class Pool:
    """Processes of this machine, made anew when one of them was killed."""

    def __init__(self, candles: CandlesAt, size: int) -> None:
        """Let each process fetch the candles by itself; memory maps are shared."""
        self.size = size
        self._candles = candles
        self._others = {child.pid for child in multiprocessing.active_children()}
        self._out: WeakSet[Future[Outcomes]] = WeakSet()
        self._executor = self._made()

    def submit(self, batch: Batch) -> Future[Outcomes]:
        """Hand out a batch."""
        try:
            future = self._executor.submit(try_batch, batch, self._candles)
        except BrokenExecutor:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = self._made()
            future = self._executor.submit(try_batch, batch, self._candles)
        self._out.add(future)
        return future

    def is_lost(self, fault: BaseException) -> bool:
        """Return whether the pool broke."""
        return isinstance(fault, BrokenExecutor)

    def close(self) -> None:
        """Send everybody home; who is in the middle of something is not waited for."""
        is_idle = all(future.done() for future in self._out)
        self._executor.shutdown(wait=is_idle, cancel_futures=True)
        for child in multiprocessing.active_children():
            if child.pid not in self._others:
                child.terminate()
                child.join()

    def _made(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")  # nothing of this process is copied
        return ProcessPoolExecutor(self.size, mp_context=context, initializer=_leave_interrupts)


def workers_here() -> int:
    """Return how many processes this machine runs at once."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def work_through(
    batches: Iterable[Batch], crew: Crew, took: Callable[[Batch, Outcomes], None]
) -> None:
    """Have every batch worked on, and call `took` with each when it is done, in any order.

    Raises:
        ConfigError: A batch was lost with its worker time after time.
    """
    coming, again = iter(batches), deque[Batch]()
    losses: Counter[str] = Counter()
    out: dict[Future[Outcomes], Batch] = {}
    while True:
        while len(out) < AHEAD * crew.size:
            batch = again.popleft() if again else next(coming, None)
            if batch is None:
                break
            out[crew.submit(batch)] = batch
        if not out:
            return
        for future in wait(out, return_when=FIRST_COMPLETED).done:
            batch = out.pop(future)
            fault = _fault_of(future)
            if fault is None:
                took(batch, future.result())
            elif crew.is_lost(fault):
                _count(losses, batch)
                again.append(batch)
            else:
                raise fault


def _fault_of(future: Future[Outcomes]) -> BaseException | None:
    try:
        return future.exception()
    except CancelledError as canceled:
        return canceled


def _count(losses: Counter[str], batch: Batch) -> None:
    name = batch.combinations[0].key
    losses[name] += 1
    if losses[name] >= MOST_LOSSES:
        raise ConfigError(
            f"the workers died {MOST_LOSSES} times over the same {len(batch.combinations)} "
            "combinations: is there too little memory? Try fewer --workers; what is done is kept"
        )


def _leave_interrupts() -> None:
    """Let the process that was asked end the sweep: ctrl+c reaches all of them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
