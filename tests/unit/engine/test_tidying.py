"""What has grown old is forgotten."""

from __future__ import annotations

import asyncio

from tests.builders import AT_MS

from aitrader.engine.clock import FrameClock
from aitrader.engine.tidying import tidy
from aitrader.model.candle import DAY_MS
from aitrader.model.errors import Transient


class Attic:
    """A store with old rows, 10 of them forgotten at a time; its disk may refuse."""

    def __init__(self, rows: int, *, refusals: int = 0) -> None:
        self.rows = rows
        self.refusals = refusals
        self.asked: list[int] = []
        self.empty = asyncio.Event()

    async def forget(self, *, before_ms: int) -> int:
        self.asked.append(before_ms)
        if self.refusals:
            self.refusals -= 1
            raise Transient("full")
        gone = min(self.rows, 10)
        self.rows -= gone
        if not gone:
            self.empty.set()
        return gone


def tidied(attic: Attic) -> Attic:
    async def story() -> None:
        async with asyncio.TaskGroup() as group:
            clock = FrameClock(AT_MS)
            work = tidy(attic, clock, keep_days=30, between_s=0.0, again_s=0.0)
            task = group.create_task(work)
            await attic.empty.wait()
            task.cancel()

    asyncio.run(asyncio.wait_for(story(), 5))
    return attic


def test_what_is_old_goes_a_little_at_a_time() -> None:
    attic = tidied(Attic(25))
    assert attic.rows == 0
    assert set(attic.asked) == {AT_MS - 30 * DAY_MS}


def test_a_disk_that_refuses_is_asked_again_another_day() -> None:
    assert tidied(Attic(5, refusals=1)).rows == 0


def test_without_a_number_of_days_nothing_is_forgotten() -> None:
    attic = Attic(5)
    asyncio.run(tidy(attic, FrameClock(AT_MS), keep_days=0))
    assert attic.asked == []
