"""Time: the only place that reads it.

Two clocks. `SystemClock` is the computer's, corrected by what the exchange says. `FrameClock`
stands still until somebody advances it, as a simulated exchange does with each frame. Neither
goes back. Both can wake somebody up, so timers and grace periods need no second mechanism.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable
from typing import Protocol

from aitrader.model.ports import Clock

LONGEST_SLEEP_MS = 30_000
"""A sleeping laptop's monotonic clock may stand still: an alarm looks at the time this often."""

_BEGAN_S = time.monotonic()


class Alarm(Protocol):
    """A wake-up that may be called off."""

    def cancel(self) -> None:
        """Forget it; after it has gone off this does nothing."""
        ...


class AlarmClock(Clock, Protocol):
    """A clock that can wake somebody up."""

    def call_at(self, at_ms: int, call: Callable[[], None]) -> Alarm:
        """Call once when the clock is at `at_ms` or later, never before this returns."""
        ...


def cpu_s() -> float:
    """Return the CPU seconds this process has used."""
    return time.process_time()


def stopwatch_s() -> float:
    """Return seconds since an arbitrary moment, wall time, fine enough for microseconds."""
    return time.perf_counter()


def uptime_s() -> float:
    """Return the seconds since this process loaded its clock, wall time."""
    return time.monotonic() - _BEGAN_S


def thread_cpu_ms() -> float:
    """Return the CPU milliseconds the calling thread has used."""
    return time.thread_time() * 1000


class SystemClock:
    """The computer's time plus what the exchange is ahead of it."""

    def __init__(self, ahead_ms: int = 0) -> None:
        self._ahead_ms = ahead_ms
        self._last_ms = 0

    def correct(self, ahead_ms: int) -> None:
        """Set how far the exchange's time is ahead of the computer's (negative: behind)."""
        self._ahead_ms = ahead_ms

    def now_ms(self) -> int:
        """Return UTC epoch milliseconds; stands still rather than go back."""
        self._last_ms = max(self._last_ms, time.time_ns() // 1_000_000 + self._ahead_ms)
        return self._last_ms

    def call_at(self, at_ms: int, call: Callable[[], None]) -> Alarm:
        """Call once when it is `at_ms` or later, on the running event loop."""
        return _SystemAlarm(self, at_ms, call)


class _SystemAlarm:
    def __init__(self, clock: SystemClock, at_ms: int, call: Callable[[], None]) -> None:
        self._clock, self._at_ms, self._call = clock, at_ms, call
        self._loop = asyncio.get_running_loop()
        self._sleep()

    def cancel(self) -> None:
        self._handle.cancel()

    def _sleep(self) -> None:
        left_ms = min(max(self._at_ms - self._clock.now_ms(), 0), LONGEST_SLEEP_MS)
        self._handle = self._loop.call_later(left_ms / 1000, self._wake)

    def _wake(self) -> None:
        if self._clock.now_ms() < self._at_ms:
            self._sleep()
        else:
            self._call()


class FrameClock:
    """Time that comes from outside: it is what `advance_to` said last."""

    def __init__(self, start_ms: int = 0) -> None:
        self._now_ms = start_ms
        self._alarms: list[tuple[int, int, _FrameAlarm]] = []
        self._made = 0

    def now_ms(self) -> int:
        """Return the instant of the newest frame, UTC epoch milliseconds."""
        return self._now_ms

    def advance_to(self, at_ms: int) -> None:
        """Move on to `at_ms` and wake who is due, earliest first; an earlier instant is nothing.

        Whoever is woken sees the clock at `at_ms`. An alarm that is set meanwhile for an instant
        already reached goes off in the same call.
        """
        self._now_ms = max(self._now_ms, at_ms)
        while self._alarms and self._alarms[0][0] <= self._now_ms:
            heapq.heappop(self._alarms)[2].go_off()

    def call_at(self, at_ms: int, call: Callable[[], None]) -> Alarm:
        """Call once when the clock is at `at_ms` or later; the past waits for the next frame."""
        self._made += 1
        alarm = _FrameAlarm(call)
        heapq.heappush(self._alarms, (at_ms, self._made, alarm))
        return alarm


class _FrameAlarm:
    def __init__(self, call: Callable[[], None]) -> None:
        self._call: Callable[[], None] | None = call

    def cancel(self) -> None:
        self._call = None

    def go_off(self) -> None:
        call, self._call = self._call, None
        if call is not None:
            call()
