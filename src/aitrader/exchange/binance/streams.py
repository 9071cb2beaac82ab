"""Stream connections that stay up: one supervised connection, and a pool of them.

Theory of operation. A `StreamConnection` keeps a set of stream names alive over one link after the
other; a link is one WebSocket. It opens a link, subscribes in batches no faster than the exchange
allows, waits for each answer, and then watches:

- A link that ends, or that brings no frame at all (pings come every 20 s), is lost: the user is
  told which names may have a gap, and a new one is opened after a jittered, growing delay, without
  end.
- A link that is old, whose server says it will shut down, or that brings pings but no data, is
  replaced while it still works: the new one is opened, subscribed and has brought data before the
  old one is closed. Both deliver meanwhile, so a user must bear a frame twice. Where the new one
  brings no data either, the market is quiet: the next doubt comes twice as late.

Invariants: at most one link is current; a name is reported subscribed only after the exchange's
answer, so that what the user fetches by REST after that leaves no hole to the stream.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from typing import Protocol

from aitrader.exchange.binance.links import Link, LinkUser, StreamTiming, wait_at_most
from aitrader.exchange.binance.sockets import Connect
from aitrader.model.errors import Transient
from aitrader.model.ports import Tasks

_LONGEST_QUIET_S = 600.0
_MOST_DOUBLINGS = 10


class StreamUser(LinkUser, Protocol):
    """Who reads the streams, on the loop's own callbacks; must not raise."""

    def on_subscribed(self, names: frozenset[str]) -> None:
        """From now on everything of these streams arrives."""
        ...

    def on_lost(self, names: frozenset[str], reason: str) -> None:
        """From now on frames of these streams may be lost."""
        ...

    def on_link(self, reason: str) -> None:
        """A connection went up or down, and why; the pool knows which are up."""
        ...


class StreamConnection:
    """A set of streams kept alive over one link after the other."""

    def __init__(
        self,
        url: str,
        user: StreamUser,
        *,
        connect: Connect,
        timing: StreamTiming,
        rng: random.Random,
    ) -> None:
        self._url = url
        self._user = user
        self._connect = connect
        self._timing = timing
        self._rng = rng
        self._link: Link | None = None
        self._wake = asyncio.Event()
        self._closed = asyncio.Event()
        self._failures = 0
        self._quiet_s = timing.data_silence_s
        self._replace_s = 0.0
        self.wanted: frozenset[str] = frozenset()
        self.opened = 0
        """How many links have been current."""

    @property
    def is_up(self) -> bool:
        """True while a link is current and alive."""
        return self._link is not None and self._link.closed_reason is None

    @property
    def is_settled(self) -> bool:
        """True while every wanted stream, and no other, is subscribed."""
        return self._link is not None and self.is_up and self._link.names == self.wanted

    @property
    def frame_s(self) -> float | None:
        """Loop time of the newest frame, None without a link."""
        return self._link.frame_s() if self._link is not None else None

    def follow(self, names: frozenset[str]) -> None:
        """Want exactly these streams from now on."""
        self.wanted = names
        self._wake.set()

    def send(self, payload: bytes) -> None:
        """Send one message past the pacing of control messages."""
        if self._link is not None:
            self._link.send(payload)

    def renew(self) -> None:
        """Drop the link and open another: time was lost, and frames with it."""
        if self._link is not None:
            self._link.close()

    def close(self) -> None:
        """End for good; `run` returns."""
        self._closed.set()
        self._wake.set()

    async def run(self) -> None:
        """Keep the streams alive until `close`."""
        while not self._closed.is_set():
            ended = await self._live()
            if not self._closed.is_set():
                await wait_at_most(self._closed, max(self._delay_s(), ended.retry_after_s or 0.0))

    async def _live(self) -> Transient:
        """Open a link, keep it or its successors going, return why the last of them ended."""
        born_s = asyncio.get_running_loop().time()
        try:
            link = await self._open()
            self._take(link, "connected")
            self._user.on_subscribed(frozenset(link.names))
            while not self._closed.is_set():
                await self._look()
            ended = Transient("we closed the connection")
        except Transient as transient:
            ended = transient
        finally:
            last, self._link = self._link, None
            if last is not None:
                last.close()
        lived_s = asyncio.get_running_loop().time() - born_s
        self._failures = 0 if lived_s >= self._timing.stable_s else self._failures + 1
        if last is not None:
            self._user.on_lost(frozenset(last.names), ended.reason)
        self._user.on_link(ended.reason)
        return ended

    async def _open(self) -> Link:
        link = Link(self._user, self._wake, self._timing)
        await link.open(self._connect, self._url, self.wanted)
        return link

    def _take(self, link: Link, reason: str) -> None:
        self._link = link
        self.opened += 1
        self._user.on_link(reason)

    async def _look(self) -> None:
        """Do what the current link needs now, or wait a moment."""
        link = self._link
        assert link is not None
        self._wake.clear()
        now_s = asyncio.get_running_loop().time()
        if link.closed_reason is not None:
            raise Transient(link.closed_reason)
        if now_s - link.frame_s() > self._timing.frame_silence_s:
            raise Transient(f"nothing came for {self._timing.frame_silence_s:.0f} s")
        if now_s >= self._replace_s and self._is_worn(link, now_s):
            await self._replace(link)
        elif link.names != self.wanted:
            await self._subscribe(link)
        else:
            await wait_at_most(self._wake, self._timing.look_s)

    def _is_worn(self, link: Link, now_s: float) -> bool:
        """Tell whether a link that works had better be replaced."""
        is_quiet = (
            self._quiet_s is not None and bool(link.names) and now_s - link.data_s() > self._quiet_s
        )
        return link.must_rotate or is_quiet or now_s - link.born_s > self._timing.rotate_s

    async def _subscribe(self, link: Link) -> None:
        """Bring the link's streams in line with what is wanted."""
        wanted = self.wanted
        await link.unsubscribe(link.names - wanted)
        fresh = wanted - link.names
        await link.subscribe(fresh)
        if fresh:
            self._user.on_subscribed(fresh)

    async def _replace(self, old: Link) -> None:
        """Make before break; when the new link fails, the old one stays and it is tried later."""
        new: Link | None = None
        try:
            new = await self._open()
            is_gapless = old.closed_reason is None
            await wait_at_most(new.first_data, self._timing.data_silence_s or self._timing.answer_s)
            if new.closed_reason is not None:
                raise Transient(new.closed_reason)
        except Transient as transient:
            delay_s = max(self._delay_s(), transient.retry_after_s or 0.0)
            self._failures += 1
            self._replace_s = asyncio.get_running_loop().time() + delay_s
            return
        except asyncio.CancelledError:
            if new is not None:
                new.close()
            raise
        self._weigh_quiet(has_data=new.first_data.is_set())
        if not is_gapless:
            self._user.on_lost(frozenset(old.names), str(old.closed_reason))
        fresh = frozenset(new.names if not is_gapless else new.names - old.names)
        self._take(new, "connected anew")
        old.close()
        if fresh:
            self._user.on_subscribed(fresh)

    def _weigh_quiet(self, *, has_data: bool) -> None:
        """Doubt silence later when a fresh link is as silent as the old one."""
        if has_data or self._quiet_s is None:
            self._quiet_s = self._timing.data_silence_s
        else:
            self._quiet_s = min(self._quiet_s * 2, _LONGEST_QUIET_S)

    def _delay_s(self) -> float:
        """Return a jittered delay that grows with each failure in a row."""
        doubled = self._timing.backoff_first_s * 2.0 ** min(self._failures, _MOST_DOUBLINGS)
        return self._rng.random() * min(self._timing.backoff_most_s, doubled)


class StreamPool:
    """All stream names, spread over as many connections as they need."""

    def __init__(
        self,
        url: str,
        user: StreamUser,
        *,
        tasks: Tasks,
        connect: Connect,
        timing: StreamTiming,
        rng: random.Random,
    ) -> None:
        """Open nothing yet; `follow` does. `url` is the combined stream's, without names."""
        self._url = url
        self._user = user
        self._tasks = tasks
        self._connect = connect
        self._timing = timing
        self._rng = rng
        self._connections: list[StreamConnection] = []
        self._made = 0
        self._opened_before = 0

    @property
    def is_up(self) -> bool:
        """True while every connection is up."""
        return bool(self._connections) and all(one.is_up for one in self._connections)

    @property
    def is_settled(self) -> bool:
        """True while every wanted stream, and no other, is subscribed."""
        return bool(self._connections) and all(one.is_settled for one in self._connections)

    @property
    def opened(self) -> int:
        """How many links there have been in all."""
        return self._opened_before + sum(one.opened for one in self._connections)

    @property
    def connections(self) -> int:
        """How many connections there are."""
        return len(self._connections)

    def frame_age_s(self) -> float | None:
        """Return the seconds since the newest frame of the quietest connection."""
        seen = [one.frame_s for one in self._connections]
        times = [frame_s for frame_s in seen if frame_s is not None]
        if not times or len(times) < len(seen):
            return None
        return asyncio.get_running_loop().time() - min(times)

    def follow(self, names: Iterable[str]) -> None:
        """Keep exactly these streams; what stays wanted stays on its connection."""
        rest = dict.fromkeys(names)
        kept: list[set[str]] = []
        for one in self._connections:
            kept.append({name for name in one.wanted if name in rest})
            for name in kept[-1]:
                del rest[name]
        for name in rest:
            self._place(kept, name)
        while len(self._connections) < max(1, len(kept)):
            self._add()
        for one, wanted in zip(self._connections, kept, strict=False):
            if wanted != one.wanted:
                one.follow(frozenset(wanted))
        self._prune()

    def _place(self, kept: list[set[str]], name: str) -> None:
        for names in kept:
            if len(names) < self._timing.names_per_connection:
                names.add(name)
                return
        kept.append({name})

    def _add(self) -> None:
        self._made += 1
        one = StreamConnection(
            self._url, self._user, connect=self._connect, timing=self._timing, rng=self._rng
        )
        self._connections.append(one)
        self._tasks.spawn(f"market stream {self._made}", one.run())

    def _prune(self) -> None:
        """Close connections that carry nothing, but keep one."""
        for one in self._connections[1:]:
            if not one.wanted:
                self._connections.remove(one)
                self._opened_before += one.opened
                one.close()

    def send(self, payload: bytes) -> None:
        """Send one message on the first connection."""
        self._connections[0].send(payload)

    def renew(self) -> None:
        """Drop every link and open it again."""
        for one in self._connections:
            one.renew()

    def close(self) -> None:
        """End all connections."""
        for one in self._connections:
            one.close()
