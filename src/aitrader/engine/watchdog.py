"""The end of a process whose loop is stuck: whoever supervises it starts it again.

A thread looks, every few seconds, whether the loop has run a callback since it looked last. A loop
that did not for `limit_s` will not come back by itself: it holds a lock, or waits where it must
not. The stacks of all threads go to the log, then the process ends at once. Starting is recovering,
so nothing is lost that was not lost already; what rests at the venue stays there.
"""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import sys
import threading
from collections.abc import Callable
from typing import TextIO

log = logging.getLogger(__name__)

LOOK_S = 2.0
LIMIT_S = 30.0
EXIT_CODE = 70
"""`EX_SOFTWARE`; a supervisor restarts on it."""


class Watchdog:
    """Watches the loop it is started in until it is stopped."""

    def __init__(
        self,
        *,
        look_s: float = LOOK_S,
        limit_s: float = LIMIT_S,
        bark: Callable[[], None] | None = None,
        stacks: TextIO | None = None,
    ) -> None:
        self._look_s = look_s
        self._most_missed = max(round(limit_s / look_s), 1)
        self._bark = bark or (lambda: os._exit(EXIT_CODE))
        self._stacks = stacks
        self._beat = threading.Event()
        self._stopped = threading.Event()

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to watch."""
        thread = threading.Thread(target=self._watch, args=(loop,), name="watchdog", daemon=True)
        thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._stopped.set()

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        missed = 0
        while not self._stopped.is_set():
            self._beat.clear()
            try:
                loop.call_soon_threadsafe(self._beat.set)
            except RuntimeError:  # the loop is closed: the process ends by itself
                return
            self._stopped.wait(self._look_s)
            missed = 0 if self._beat.is_set() else missed + 1
            if missed >= self._most_missed and not self._stopped.is_set():
                log.critical("the loop is stuck; the process ends so that it is started again")
                faulthandler.dump_traceback(self._stacks or sys.stderr)
                self._bark()
                return
