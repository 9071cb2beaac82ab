"""The one place that makes tasks, and the one place that catches what nobody expected.

A task here has a name, is referred to until it ends, and cannot die unheard: its exception is
logged with the traceback and counted. Long-lived work may be kept alive: it is begun again after
a pause that doubles with each death and is short again once the work has lived for a minute.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import TypeVar

from aitrader.engine.health import Health

log = logging.getLogger(__name__)

T = TypeVar("T")
Work = Coroutine[object, object, None]
OnDeath = Callable[[Exception], None]

LONG_LIFE_S = 60.0


class Supervisor:
    """The `Tasks` port. Two pauses bound the wait before a restart; a long life shortens it."""

    def __init__(
        self,
        health: Health,
        *,
        first_pause_s: float = 0.5,
        longest_pause_s: float = 60.0,
        long_life_s: float = LONG_LIFE_S,
    ) -> None:
        self._long_life_s = long_life_s
        self._health = health
        self._first_pause_s = first_pause_s
        self._longest_pause_s = longest_pause_s
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, name: str, work: Work, *, on_death: OnDeath | None = None) -> None:
        """Run `work` as a named task; its death is logged, counted and told to `on_death`."""
        task = self._start(name, self._watched(name, work, on_death))
        task.add_done_callback(lambda _: work.close())  # canceled before its first step

    def keep(self, name: str, make: Callable[[], Work]) -> None:
        """Run what `make` returns as a named task, again after each death; its return ends it."""
        self._start(name, self._kept(name, make))

    def attempt(
        self, name: str, call: Callable[[], T], *, on_death: OnDeath | None = None
    ) -> T | None:
        """Return what `call` returns; None after it raised, which is treated as a task's death."""
        try:
            return call()
        except Exception as exc:  # noqa: BLE001 - the supervisor's own task
            self._mourn(name, exc, on_death)
            return None

    def running(self) -> tuple[str, ...]:
        """Return the names of the tasks that live, in order."""
        return tuple(sorted(task.get_name() for task in self._tasks))

    async def close(self, *, within_s: float = 5.0) -> None:
        """Cancel every task and wait for their ends; one that hangs is named and left."""
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            _, hanging = await asyncio.wait(tasks, timeout=within_s)
            for task in hanging:
                log.error("the task %s did not end within %s s", task.get_name(), within_s)

    def _start(self, name: str, work: Work) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _watched(self, name: str, work: Work, on_death: OnDeath | None) -> None:
        try:
            await work
        except Exception as exc:  # noqa: BLE001 - the supervisor's own task
            self._mourn(name, exc, on_death)

    async def _kept(self, name: str, make: Callable[[], Work]) -> None:
        loop = asyncio.get_running_loop()
        pause_s = self._first_pause_s
        while True:
            begun_s = loop.time()
            try:
                await make()
            except Exception as exc:  # noqa: BLE001 - the supervisor's own task
                self._mourn(name, exc, None)
            else:
                return
            if loop.time() - begun_s > self._long_life_s:
                pause_s = self._first_pause_s
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, self._longest_pause_s)

    def _mourn(self, name: str, exc: Exception, on_death: OnDeath | None) -> None:
        self._health.count_error("died")
        log.error("%s died: %s", name, exc, exc_info=exc)
        if on_death is not None:
            on_death(exc)
