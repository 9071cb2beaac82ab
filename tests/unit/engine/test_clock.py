"""Two clocks that never go back, and their alarms."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from aitrader.engine.clock import (
    FrameClock,
    SystemClock,
    cpu_s,
    stopwatch_s,
    thread_cpu_ms,
    uptime_s,
    wall_ms,
)


class Computer:
    """The clocks of a computer, in nanoseconds, that a test sets."""

    def __init__(self) -> None:
        self.wall = 1_000_000_000
        self.steady = 50_000_000

    def a_clock(self) -> SystemClock:
        return SystemClock(wall_ns=lambda: self.wall, steady_ns=lambda: self.steady)

    def go_on(self, ms: int) -> None:
        self.wall += ms * 1_000_000
        self.steady += ms * 1_000_000


def test_the_system_clock_begins_with_the_computers_time_and_follows_the_exchange() -> None:
    computer = Computer()
    clock = computer.a_clock()
    assert clock.now_ms() == 1_000
    computer.go_on(5)
    assert clock.now_ms() == 1_005
    clock.correct(61_005)
    computer.go_on(5)
    assert clock.now_ms() == 61_010


def test_it_may_go_back_for_the_first_correction_and_stands_still_for_a_later_one() -> None:
    computer = Computer()
    computer.wall += 3_600_000_000_000
    clock = computer.a_clock()
    assert clock.now_ms() == 3_601_000
    clock.correct(1_000)
    assert clock.now_ms() == 1_000
    clock.correct(400)
    computer.go_on(500)
    assert clock.now_ms() == 1_000
    computer.go_on(200)
    assert clock.now_ms() == 1_100


def test_without_a_correction_it_is_the_computers_time() -> None:
    assert abs(SystemClock().now_ms() - wall_ms()) < 60_000


def test_whoever_sets_the_computers_clock_changes_nothing() -> None:
    computer = Computer()
    clock = computer.a_clock()
    for leap_ms in (3_600_000, -7_200_000, 3_600_000):
        before_ms = clock.now_ms()
        computer.wall += leap_ms * 1_000_000
        computer.go_on(10)
        assert clock.now_ms() == before_ms + 10


def test_the_system_clock_wakes_at_the_instant_and_not_before() -> None:
    async def story() -> int:
        clock = SystemClock()
        rung = asyncio.Event()
        due_ms = clock.now_ms() + 5
        clock.call_at(due_ms, rung.set)
        await rung.wait()
        return clock.now_ms() - due_ms

    assert asyncio.run(story()) >= 0


def test_an_alarm_of_a_clock_that_is_set_back_meanwhile_waits_again() -> None:
    async def story() -> int:
        clock = SystemClock()
        rung = asyncio.Event()
        due_ms = clock.now_ms() + 3
        clock.call_at(due_ms, rung.set)
        clock.correct(due_ms - 13)
        await rung.wait()
        return clock.now_ms() - due_ms

    assert asyncio.run(story()) >= 0


def test_a_system_alarm_can_be_called_off() -> None:
    async def story() -> list[str]:
        clock = SystemClock()
        rung: list[str] = []
        clock.call_at(clock.now_ms() + 1, lambda: rung.append("off")).cancel()
        done = asyncio.Event()
        clock.call_at(clock.now_ms() + 3, done.set)
        await done.wait()
        return rung

    assert asyncio.run(story()) == []


def test_the_frame_clock_is_what_it_was_told_and_never_less() -> None:
    clock = FrameClock(100)
    clock.advance_to(150)
    clock.advance_to(120)
    assert clock.now_ms() == 150


def test_frame_alarms_ring_in_the_order_of_their_instants() -> None:
    clock = FrameClock(0)
    rung: list[str] = []
    clock.call_at(30, lambda: rung.append("late"))
    clock.call_at(10, lambda: rung.append("early"))
    clock.call_at(99, lambda: rung.append("never"))
    clock.call_at(20, lambda: rung.append("off")).cancel()
    clock.advance_to(50)
    assert rung == ["early", "late"]


def test_an_alarm_set_by_an_alarm_for_an_instant_reached_rings_too() -> None:
    clock = FrameClock(0)
    rung: list[int] = []
    clock.call_at(10, lambda: clock.call_at(20, lambda: rung.append(clock.now_ms())) and None)
    clock.advance_to(50)
    assert rung == [50]


def test_cpu_time_only_grows() -> None:
    before = cpu_s(), thread_cpu_ms()
    assert cpu_s() >= before[0]
    assert thread_cpu_ms() >= before[1]


def test_the_process_grows_older() -> None:
    before_s = uptime_s()
    assert 0 <= before_s <= uptime_s()


def test_a_stopwatch_tells_less_than_a_millisecond() -> None:
    times_s = [stopwatch_s() for _ in range(100)]
    assert any(0 < after_s - before_s < 0.001 for before_s, after_s in pairwise(times_s))
