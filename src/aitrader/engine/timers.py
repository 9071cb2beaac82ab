"""The `Timers` port: one-shot alarms by id, on any clock; each posts `TimerDue` to the inbox."""

from __future__ import annotations

import heapq

from aitrader.engine.clock import Alarm, AlarmClock
from aitrader.model.commands import StartTimer, StopTimer
from aitrader.model.events import TimerDue
from aitrader.model.ids import TimerId
from aitrader.model.ports import Inbox

FEW = 64
"""So many leftovers are not worth sweeping."""


class ClockTimers:
    """All timers of an engine on one heap, with one alarm set for the earliest.

    A replaced or stopped timer stays on the heap until its turn and is then passed over: the
    table `_due` is what counts. When most of the heap is such leftovers it is made anew.
    """

    def __init__(self, inbox: Inbox, clock: AlarmClock) -> None:
        self._inbox = inbox
        self._clock = clock
        self._due: dict[TimerId, int] = {}
        self._heap: list[tuple[int, TimerId]] = []
        self._alarm: Alarm | None = None
        self._alarm_ms = 0

    def start(self, timer_id: TimerId, due_ms: int) -> None:
        """Arm or replace; the past is due at once."""
        self._due[timer_id] = due_ms
        if due_ms <= self._clock.now_ms():
            self._go_off(timer_id)
            return
        heapq.heappush(self._heap, (due_ms, timer_id))
        if len(self._heap) > 2 * len(self._due) + FEW:
            self._heap = [(due_ms, timer_id) for timer_id, due_ms in self._due.items()]
            heapq.heapify(self._heap)
        self._set_alarm()

    def stop(self, timer_id: TimerId) -> None:
        """Disarm; unknown ids are nothing."""
        self._due.pop(timer_id, None)

    def start_command(self, command: StartTimer) -> None:
        """Do what the command says."""
        self.start(command.timer_id, command.due_ms)

    def stop_command(self, command: StopTimer) -> None:
        """Do what the command says."""
        self.stop(command.timer_id)

    def _go_off(self, timer_id: TimerId) -> None:
        del self._due[timer_id]
        self._inbox.post(TimerDue(at_ms=self._clock.now_ms(), timer_id=timer_id))

    def _set_alarm(self) -> None:
        earliest_ms = self._heap[0][0]
        if self._alarm is not None:
            if self._alarm_ms <= earliest_ms:
                return
            self._alarm.cancel()
        self._alarm_ms = earliest_ms
        self._alarm = self._clock.call_at(earliest_ms, self._wake)

    def _wake(self) -> None:
        self._alarm = None
        now_ms = self._clock.now_ms()
        while self._heap and self._heap[0][0] <= now_ms:
            due_ms, timer_id = heapq.heappop(self._heap)
            if self._due.get(timer_id) == due_ms:
                self._go_off(timer_id)
        if self._heap:
            self._set_alarm()
