"""Tells a person what happens, never faster than bearable, and never at the cost of trading.

Theory of operation. The engine tells facts, as it tells the view; a fact becomes a line in a
bounded queue and nothing more happens in the engine's call. A task of its own sends what waits, all
lines in one message, to every channel side by side, then rests `REST_S`: at most 20 messages a
minute however much happens. A channel that does not take a message is tried a few times; then the
message is lost and said so in the log. When more waits than fits, the oldest lines go. In the
quiet hours (UTC) only trouble is told.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Collection, Sequence

import httpx2
import msgspec

from aitrader.model.candle import DAY_MS
from aitrader.model.events import DecisionMade, Event
from aitrader.model.ports import Clock
from aitrader.notify.channels import MOST_CHARS, Channel
from aitrader.notify.wishes import Wishes
from aitrader.notify.wording import Topic, told_of

log = logging.getLogger(__name__)

MOST_WAITING = 200
HOUR_MS = 3_600_000


class Manners(msgspec.Struct, frozen=True, kw_only=True):
    """When and how often; `quiet` is (first hour, hour that is loud again) UTC, None: never."""

    topics: Collection[Topic] = frozenset(Topic)
    quiet: tuple[int, int] | None = None
    rest_s: float = 3.0
    timeout_s: float = 10.0
    attempts: int = 3


class Notifier:
    """An observer of the engine's facts that passes some of them on; somebody must `run` it."""

    def __init__(self, channels: Sequence[Channel], clock: Clock, manners: Manners) -> None:
        self._channels = tuple(channels)
        self._clock = clock
        self._manners = manners
        self._lines: deque[str] = deque(maxlen=MOST_WAITING)
        self._news = asyncio.Event()
        self._wishes = Wishes()

    def update(self, facts: Sequence[Event]) -> None:
        """Take note of what a person wants to be told."""
        for fact in facts:
            self._wishes.learn(fact)
            if isinstance(fact, DecisionMade):
                told = self._wishes.find_analysis(fact)
            else:
                told = told_of(fact)
            if told is not None and self._is_wanted(told[0], self._wishes.find(fact)):
                self._lines.append(told[1])
                self._news.set()

    async def run(self) -> None:
        """Send what waits, for ever."""
        async with httpx2.AsyncClient(timeout=self._manners.timeout_s, trust_env=False) as client:
            while True:
                await self._news.wait()
                self._news.clear()
                text = self._take()
                await asyncio.gather(*(self._send(client, each, text) for each in self._channels))
                await asyncio.sleep(self._manners.rest_s)

    def _is_wanted(self, topic: Topic, own: tuple[str, ...] | None) -> bool:
        """Return whether a topic is told now; `own` is what the trader's file says, if it does."""
        if not (topic in self._manners.topics if own is None else topic.value in own):
            return False
        return topic is Topic.TROUBLE or not self._is_quiet()

    def _is_quiet(self) -> bool:
        if self._manners.quiet is None:
            return False
        first, last = self._manners.quiet
        hour = self._clock.now_ms() % DAY_MS // HOUR_MS
        return first <= hour < last if first <= last else hour >= first or hour < last

    def _take(self) -> str:
        """Return the lines that fit into one message; what is left keeps its place."""
        lines: list[str] = []
        size = 0
        while self._lines and (not lines or size + len(self._lines[0]) < MOST_CHARS):
            lines.append(self._lines.popleft()[:MOST_CHARS])
            size += len(lines[-1]) + 1
        if self._lines:
            self._news.set()
        return "\n".join(lines)

    async def _send(self, client: httpx2.AsyncClient, channel: Channel, text: str) -> None:
        refusal = await channel.send(client, text)
        for attempt in range(1, self._manners.attempts):
            if refusal is None or refusal.is_final:
                break
            await asyncio.sleep(self._manners.rest_s * attempt)
            refusal = await channel.send(client, text)
        if refusal is not None:
            log.warning("a notice did not reach %s: %s", channel.name, refusal.reason)
