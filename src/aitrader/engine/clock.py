"""Time: the only place that reads it.

Two clocks. `SystemClock` begins with the computer's time, goes on by a clock that nobody sets, and
is corrected by what the exchange says: whoever sets the computer's clock meanwhile makes no wait
longer or shorter. `FrameClock` stands still until somebody advances it, as a simulated exchange
does with each frame. Neither goes back. Both can wake somebody up, so timers and grace periods need
no second mechanism.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable
from functools import partial
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


def _find_steady_ns() -> Callable[[], int]:
    """Return the clock that nobody sets and that goes on while the computer sleeps, if it can."""
    for name in ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC"):
        if hasattr(time, name):
            return partial(time.clock_gettime_ns, getattr(time, name))
    return time.monotonic_ns  # pragma: no cover - only Windows has neither of them


STEADY_NS = _find_steady_ns()


def wall_ms() -> int:
    """Return the computer's time as it is set now, for what is agreed on with people."""
    return time.time_ns() // 1_000_000


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
    """UTC from what the computer said as this began, put right by the exchange."""

    def __init__(
        self, *, wall_ns: Callable[[], int] = time.time_ns, steady_ns: Callable[[], int] = STEADY_NS
    ) -> None:
        """`wall_ns`: the computer's time, asked once; `steady_ns`: what nobody sets."""
        self._steady_ns = steady_ns
        self._zero_ns = wall_ns() - steady_ns()
        self._last_ms = 0
        self._is_corrected = False

    def correct(self, at_ms: int) -> None:
        """Take it that it is `at_ms` now; only the first time may it go back for that.

        Until then nothing has been planned by it, and a computer may be hours ahead.
        """
        if not self._is_corrected:
            self._is_corrected, self._last_ms = True, 0
        self._zero_ns = at_ms * 1_000_000 - self._steady_ns()

    def now_ms(self) -> int:
        """Return UTC epoch milliseconds; stands still rather than go back."""
        self._last_ms = max(self._last_ms, (self._zero_ns + self._steady_ns()) // 1_000_000)
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
