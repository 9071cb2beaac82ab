"""Tells a person what happens, never faster than bearable, and never at the cost of trading.

Theory of operation. The engine tells facts, as it tells the view; a fact becomes a line in each
channel's own bounded queue and nothing more happens in the engine's call. A channel sends what
waits for it, all lines in one message, then rests `rest_s`: at most 20 messages a minute however
much happens, and a channel that is slow or gone delays no other. One that does not take a message
is tried a few times; then the message is lost and said so in the log. When more waits than fits,
the oldest lines go. In the quiet hours (UTC) only trouble is told.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection, Sequence

import httpx2
import msgspec

from aitrader.model.candle import DAY_MS
from aitrader.model.events import DecisionMade, Event
from aitrader.model.ports import Clock
from aitrader.notify.channels import MOST_CHARS, Channel
from aitrader.notify.wishes import Wishes
from aitrader.notify.wording import Topic, disk, told_of

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
        self._boxes = tuple(_Box(channel, manners) for channel in channels)
        self._clock = clock
        self._manners = manners
        self._wishes = Wishes()
        self._find_fault: Callable[[], str] = lambda: ""
        self._fault = ""

    def watch(self, find_fault: Callable[[], str]) -> None:
        """Tell it too when the disk begins to refuse, and when it takes facts again.

        Args:
            find_fault: Says why the disk takes nothing now, "" while it does.
        """
        self._find_fault = find_fault

    def update(self, facts: Sequence[Event]) -> None:
        """Take note of what a person wants to be told."""
        for fact in facts:
            self._wishes.learn(fact)
            if isinstance(fact, DecisionMade):
                told = self._wishes.find_analysis(fact)
            else:
                told = told_of(fact)
            if told is not None and self._is_wanted(told[0], self._wishes.find(fact)):
                self._tell(told[1])
        fault, before = self._find_fault(), self._fault
        self._fault = fault
        if bool(fault) != bool(before) and self._is_wanted(Topic.TROUBLE, None):
            self._tell(disk(fault))

    async def run(self) -> None:
        """Send what waits, for ever."""
        async with (
            httpx2.AsyncClient(timeout=self._manners.timeout_s, trust_env=False) as client,
            asyncio.TaskGroup() as group,
        ):
            for box in self._boxes:
                group.create_task(box.run(client), name=f"notices for {box.name}")

    def _tell(self, line: str) -> None:
        for box in self._boxes:
            box.put(line)

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


class _Box:
    """What waits for one channel."""

    def __init__(self, channel: Channel, manners: Manners) -> None:
        self._channel = channel
        self._manners = manners
        self._lines: deque[str] = deque(maxlen=MOST_WAITING)
        self._news = asyncio.Event()

    @property
    def name(self) -> str:
        """The channel's."""
        return self._channel.name

    def put(self, line: str) -> None:
        """Let a line wait."""
        self._lines.append(line)
        self._news.set()

    async def run(self, client: httpx2.AsyncClient) -> None:
        """Send what waits, for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            await self._send(client, self._take())
            await asyncio.sleep(self._manners.rest_s)

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

    async def _send(self, client: httpx2.AsyncClient, text: str) -> None:
        refusal = await self._channel.send(client, text)
        for attempt in range(1, self._manners.attempts):
            if refusal is None or refusal.is_final:
                break
            await asyncio.sleep(self._manners.rest_s * attempt)
            refusal = await self._channel.send(client, text)
        if refusal is not None:
            log.warning("a notice did not reach %s: %s", self.name, refusal.reason)
