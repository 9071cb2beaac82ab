"""Screening in a thread."""

from __future__ import annotations

import asyncio
import threading

import pytest
from tests.builders import AT_MS
from tests.unit.engine.fakes import ListInbox

from aitrader.engine.clock import FrameClock
from aitrader.engine.health import Health
from aitrader.engine.screener import Screener
from aitrader.engine.supervisor import Supervisor
from aitrader.model.commands import Screen
from aitrader.model.events import ScreenDone


def a_round(checks: int = 5, cpu_ms: float = 0.0) -> ScreenDone:
    return ScreenDone(
        at_ms=AT_MS,
        closed_ms=AT_MS,
        matches=(),
        exit_matches=(),
        warming=(),
        faults=(),
        checks=checks,
        cpu_ms=cpu_ms,
    )


def screened(
    *commands: Screen, long_cpu_ms: float = 2000.0, now_ms: int = AT_MS
) -> tuple[list[ScreenDone], Health]:
    async def story() -> tuple[list[ScreenDone], Health]:
        inbox, health = ListInbox(), Health()
        clock = FrameClock(now_ms)
        screener = Screener(inbox, Supervisor(health), clock=clock, long_cpu_ms=long_cpu_ms)
        for command in commands:
            await screener.screen(command)
        screener.close()
        return [event for event in inbox.events if isinstance(event, ScreenDone)], health

    return asyncio.run(story())


def test_a_round_runs_beside_the_loop_and_its_answer_is_posted() -> None:
    threads: list[str] = []

    def run() -> ScreenDone:
        threads.append(threading.current_thread().name)
        return a_round()

    (done,), health = screened(Screen(closed_ms=AT_MS, run=run))
    assert (done.checks, health.errors) == (5, 0)
    assert done.cpu_ms > 0
    assert threads[0].startswith("screener")


def test_a_round_that_dies_is_answered_without_findings() -> None:
    def run() -> ScreenDone:
        raise MemoryError("too many bars")

    (first, second), health = screened(
        Screen(closed_ms=AT_MS, run=run), Screen(closed_ms=AT_MS + 1, run=a_round)
    )
    assert (first.closed_ms, first.checks, second.checks) == (AT_MS, 0, 5)
    assert health.errors == 1


def test_a_long_round_is_said(caplog: pytest.LogCaptureFixture) -> None:
    screened(Screen(closed_ms=AT_MS, run=a_round), long_cpu_ms=0.0)
    assert "for 5 checks" in caplog.text


@pytest.mark.parametrize(("now_ms", "stamp"), [(AT_MS + 700, AT_MS + 700), (AT_MS - 9, AT_MS)])
def test_an_answer_bears_the_time_it_came_and_never_one_before_its_close(
    now_ms: int, stamp: int
) -> None:
    (done,), _ = screened(Screen(closed_ms=AT_MS, run=a_round), now_ms=now_ms)
    assert (done.at_ms, done.closed_ms) == (stamp, AT_MS)
