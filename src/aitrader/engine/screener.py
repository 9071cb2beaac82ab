"""Screening in a thread: TA-Lib and numpy free the interpreter's lock, so the loop goes on."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

import msgspec

from aitrader.engine.clock import thread_cpu_ms
from aitrader.engine.supervisor import Supervisor
from aitrader.model.commands import Screen
from aitrader.model.events import ScreenDone
from aitrader.model.ports import Clock, Inbox

log = logging.getLogger(__name__)

LONG_CPU_MS = 2000.0
"""A round that takes longer is worth a line: 50 traders x 100 symbols take about 40 ms."""


class Screener:
    """Does `Screen` commands one after the other in one worker thread; each has its answer."""

    def __init__(
        self,
        inbox: Inbox,
        supervisor: Supervisor,
        *,
        clock: Clock,
        long_cpu_ms: float = LONG_CPU_MS,
    ) -> None:
        self._clock = clock
        self._long_cpu_ms = long_cpu_ms
        self._inbox = inbox
        self._supervisor = supervisor
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="screener")

    async def screen(self, command: Screen) -> None:
        """Evaluate and post `ScreenDone`; a round that died is posted as one without answers.

        It is stamped as it is posted: what follows from it is decided then, not at the close.
        """
        loop = asyncio.get_running_loop()
        done = await loop.run_in_executor(self._thread, lambda: self._evaluate(command))
        if done.cpu_ms > self._long_cpu_ms:
            log.warning("screening took %.0f ms of CPU for %d checks", done.cpu_ms, done.checks)
        at_ms = max(self._clock.now_ms(), done.closed_ms)
        self._inbox.post(msgspec.structs.replace(done, at_ms=at_ms))

    def close(self) -> None:
        """Let the round that runs end, and begin no other."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _evaluate(self, command: Screen) -> ScreenDone:
        before_ms = thread_cpu_ms()
        done = self._supervisor.attempt("screening", command.run)
        if done is None:
            done = ScreenDone(
                at_ms=command.closed_ms,
                closed_ms=command.closed_ms,
                matches=(),
                exit_matches=(),
                warming=(),
                faults=(),
                checks=0,
                cpu_ms=0.0,
            )
        return msgspec.structs.replace(done, cpu_ms=thread_cpu_ms() - before_ms)
