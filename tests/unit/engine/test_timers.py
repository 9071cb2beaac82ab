"""Timers: one shot each, by id, in the clock's time."""

from __future__ import annotations

import asyncio

from tests.builders import AT_MS
from tests.unit.engine.fakes import ListInbox

from aitrader.engine.clock import FrameClock, SystemClock
from aitrader.engine.timers import FEW, ClockTimers
from aitrader.model.commands import StartTimer, StopTimer
from aitrader.model.events import Event, TimerDue
from aitrader.model.ids import TimerId


def due(name: str, at_ms: int) -> Event:
    return TimerDue(at_ms=at_ms, timer_id=TimerId(name))


class Bench:
    """Timers on a clock that is moved by hand."""

    def __init__(self) -> None:
        self.inbox = ListInbox()
        self.clock = FrameClock(AT_MS)
        self.timers = ClockTimers(self.inbox, self.clock)

    def start(self, name: str, after_ms: int) -> None:
        self.timers.start(TimerId(name), AT_MS + after_ms)


def test_timers_come_due_in_their_order_and_once() -> None:
    bench = Bench()
    for name, after_ms in (("b", 20), ("a", 10), ("c", 30)):
        bench.start(name, after_ms)
    bench.clock.advance_to(AT_MS + 25)
    bench.clock.advance_to(AT_MS + 26)
    assert bench.inbox.events == [due("a", AT_MS + 25), due("b", AT_MS + 25)]


def test_the_past_is_due_at_once() -> None:
    bench = Bench()
    bench.start("a", 0)
    bench.start("b", -5)
    assert bench.inbox.events == [due("a", AT_MS), due("b", AT_MS)]


def test_starting_again_replaces() -> None:
    bench = Bench()
    bench.start("a", 10)
    bench.start("a", 50)
    bench.clock.advance_to(AT_MS + 20)
    assert bench.inbox.events == []
    bench.clock.advance_to(AT_MS + 50)
    assert bench.inbox.events == [due("a", AT_MS + 50)]


def test_an_earlier_timer_does_not_wait_for_a_later_one() -> None:
    bench = Bench()
    bench.start("late", 50)
    bench.start("early", 10)
    bench.clock.advance_to(AT_MS + 10)
    assert bench.inbox.events == [due("early", AT_MS + 10)]


def test_a_stopped_timer_never_comes() -> None:
    bench = Bench()
    bench.timers.start_command(StartTimer(timer_id=TimerId("a"), due_ms=AT_MS + 10))
    bench.timers.stop_command(StopTimer(timer_id=TimerId("a")))
    bench.timers.stop(TimerId("unknown"))
    bench.clock.advance_to(AT_MS + 10)
    assert bench.inbox.events == []


def test_the_same_instant_started_twice_comes_once() -> None:
    bench = Bench()
    bench.start("a", 10)
    bench.start("a", 10)
    bench.clock.advance_to(AT_MS + 10)
    assert bench.inbox.events == [due("a", AT_MS + 10)]


def test_a_timer_that_is_moved_again_and_again_leaves_no_heap() -> None:
    bench = Bench()
    for number in range(10 * FEW):
        bench.start("moved", 1000 + number)
    bench.start("other", 1)
    bench.clock.advance_to(AT_MS + 1_000_000)
    assert bench.inbox.events == [due("other", AT_MS + 1_000_000), due("moved", AT_MS + 1_000_000)]


def test_timers_run_on_the_computers_clock_too() -> None:
    async def story() -> list[Event]:
        inbox, clock = ListInbox(), SystemClock()
        timers = ClockTimers(inbox, clock)
        timers.start(TimerId("a"), clock.now_ms() + 3)
        done = asyncio.Event()
        clock.call_at(clock.now_ms() + 8, done.set)
        await done.wait()
        return inbox.events

    assert [type(event) for event in asyncio.run(story())] == [TimerDue]
