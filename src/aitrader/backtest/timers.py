"""Timers in the run's own time: the next one due takes part in the jump to what happens next."""

from __future__ import annotations

import heapq
import sys

from aitrader.model.commands import StartTimer, StopTimer
from aitrader.model.events import TimerDue
from aitrader.model.ids import TimerId
from aitrader.model.ports import Clock, Inbox

NEVER_MS = sys.maxsize
"""Later than everything."""


class VirtualClock:
    """The instant the run is at, UTC epoch ms; only the run moves it."""

    def __init__(self, at_ms: int = 0) -> None:
        self.at_ms = at_ms

    def now_ms(self) -> int:
        """Return that instant."""
        return self.at_ms


class VirtualTimers:
    """One-shot alarms by id; what is due together comes in the order of (instant, id)."""

    def __init__(self, inbox: Inbox, clock: Clock) -> None:
        self._inbox = inbox
        self._clock = clock
        self._due: dict[TimerId, int] = {}
        self._heap: list[tuple[int, TimerId]] = []

    def start(self, command: StartTimer) -> None:
        """Arm or replace; the past is due at once."""
        if command.due_ms <= self._clock.now_ms():
            self._due.pop(command.timer_id, None)
            self._post(command.timer_id)
            return
        self._due[command.timer_id] = command.due_ms
        heapq.heappush(self._heap, (command.due_ms, command.timer_id))

    def stop(self, command: StopTimer) -> None:
        """Disarm; unknown ids are nothing."""
        self._due.pop(command.timer_id, None)

    def next_ms(self) -> int:
        """Return when the next timer is due, `NEVER_MS` without one."""
        heap, due = self._heap, self._due
        while heap and due.get(heap[0][1]) != heap[0][0]:
            heapq.heappop(heap)
        return heap[0][0] if heap else NEVER_MS

    def go_off(self) -> None:
        """Post the next timer; the clock is at its instant."""
        due_ms, timer_id = heapq.heappop(self._heap)
        if self._due.get(timer_id) == due_ms:
            del self._due[timer_id]
            self._post(timer_id)

    def _post(self, timer_id: TimerId) -> None:
        self._inbox.post(TimerDue(at_ms=self._clock.now_ms(), timer_id=timer_id))
