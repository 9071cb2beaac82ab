"""The one door into the engine: a bounded queue that never loses what matters.

When it is full, news of which only the newest counts takes the place of older news of its kind
(a candle close that is overtaken is not screened any more, which is counted and said). Orders,
fills, exits, timers and the person's wishes are always taken, however many there are.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque

from aitrader.engine.health import Health
from aitrader.model.events import (
    CandlesClosed,
    Event,
    FeedChanged,
    InstrumentsLoaded,
    MarketRanked,
)

log = logging.getLogger(__name__)

MERGED: tuple[type[Event], ...] = (CandlesClosed, FeedChanged, InstrumentsLoaded, MarketRanked)
CAPACITY = 10_000
"""Events. The engine takes about 10,000 a second, so more than this is a second of lateness."""


class BoundedInbox:
    """The `Inbox` port, used from the loop's own thread only."""

    def __init__(self, health: Health, *, capacity: int = CAPACITY) -> None:
        self._health = health
        self._capacity = capacity
        self._events: deque[Event] = deque()
        self._arrival = asyncio.Event()

    def __len__(self) -> int:
        return len(self._events)

    def post(self, event: Event) -> None:
        """Put an event in; a full inbox merges news and takes everything else."""
        if len(self._events) >= self._capacity and isinstance(event, MERGED):
            self._merge(event)
        else:
            self._events.append(event)
        self._arrival.set()

    async def take(self) -> Event | None:
        """Return the oldest event, waiting for one; None when there is none after a `wake`."""
        if not self._events:
            self._arrival.clear()
            await self._arrival.wait()
        return self._events.popleft() if self._events else None

    def wake(self) -> None:
        """Let a waiting `take` return though nothing has come."""
        self._arrival.set()

    def _merge(self, event: Event) -> None:
        self._health.count_error("inbox_full")
        log.error("the engine is %d events late: %s merged", len(self), type(event).__name__)
        older = next((e for e in self._events if type(e) is type(event)), None)
        if older is not None:
            self._events.remove(older)
        self._events.append(event)
