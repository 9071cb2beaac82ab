"""Facts on their way to the disk, kept while it refuses.

Theory of operation. Each call commits the durable facts of one event together with whatever an
earlier call could not. While the disk refuses and little is kept, every call tries; once much is
kept, once a second, since a try costs as much as all that is kept. What is kept is bounded: facts
that can be missed are let go first, money never.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from aitrader.engine.health import Health
from aitrader.model.errors import Transient
from aitrader.model.events import DURABLE, CandlesClosed, EquityMarked, Event, FeedChanged
from aitrader.model.ports import Store

log = logging.getLogger(__name__)

FEW = 50
MOST_UNWRITTEN = 5_000
RETRY_S = 1.0
EXPENDABLE: tuple[type[Event], ...] = (CandlesClosed, EquityMarked, FeedChanged)


class Journal:
    """The way to the store; `fault` is why the disk refuses, "" while it does not."""

    def __init__(self, store: Store, health: Health, *, retry_s: float = RETRY_S) -> None:
        self._store = store
        self._health = health
        self._retry_s = retry_s
        self._unwritten: list[Event] = []
        self._refused_s = 0.0

    @property
    def fault(self) -> str:
        """Why the disk refuses, "" while it takes everything."""
        return self._health.store_fault

    async def commit(self, facts: Sequence[Event]) -> str:
        """Commit the durable ones among these, and what waits; return `fault` as it is then."""
        self._unwritten += [fact for fact in facts if isinstance(fact, DURABLE)]
        if self._may_try():
            await self.flush()
        self._forget()
        return self.fault

    async def flush(self) -> None:
        """Try once to commit all that waits."""
        if not self._unwritten:
            return
        try:
            await self._store.record(tuple(self._unwritten))
        except Transient as exc:
            self._note_refusal(exc.reason)
        else:
            self._note_success()

    def _may_try(self) -> bool:
        if not self.fault or len(self._unwritten) <= FEW:
            return True
        return asyncio.get_running_loop().time() - self._refused_s >= self._retry_s

    def _note_refusal(self, reason: str) -> None:
        if not self.fault:
            log.error("no new entries, the disk refuses: %s", reason)
        self._refused_s = asyncio.get_running_loop().time()
        self._health.count_error("store")
        self._health.store_fault = reason

    def _note_success(self) -> None:
        if self.fault:
            log.info("the disk takes facts again; %d were late", len(self._unwritten))
        self._health.store_fault = ""
        self._unwritten.clear()

    def _forget(self) -> None:
        if len(self._unwritten) > MOST_UNWRITTEN:
            kept = [fact for fact in self._unwritten if not isinstance(fact, EXPENDABLE)]
            self._health.count("unwritten_dropped", len(self._unwritten) - len(kept))
            self._unwritten = kept
