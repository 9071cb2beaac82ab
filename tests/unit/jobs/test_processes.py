"""Jobs one after the other, canceled, kept, forgotten."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
from tests.builders import AT_MS, a_job, a_result

from aitrader.engine.clock import FrameClock
from aitrader.engine.health import Health
from aitrader.engine.supervisor import Supervisor
from aitrader.jobs.processes import MOST_WAITING, ProcessJobs
from aitrader.jobs.shelf import MOST_KEPT, JobShelf
from aitrader.model.errors import Refused
from aitrader.model.job import BacktestWish, JobRow, JobState, Progress

PROGRAM = f"""
import sys, pathlib
source = pathlib.Path(sys.argv[-1]).read_text()
print({msgspec.json.encode(Progress(1.5, "runs")).decode()!r}, flush=True)
if source == "wait":
    sys.stdin.read()
if source == "fail":
    sys.exit("aitrader: " + " ".join(sys.argv[3:-1]))
pathlib.Path(sys.argv[sys.argv.index("--html") + 1]).write_text("<p>done</p>")
print({msgspec.json.encode(a_result()).decode()!r})
"""


class Bench:
    """Jobs whose program is the one above."""

    def __init__(self, folder: Path) -> None:
        self.supervisor = Supervisor(Health())
        self.jobs = ProcessJobs(
            folder,
            self.supervisor,
            clock=FrameClock(AT_MS),
            command=(sys.executable, "-S", "-c", PROGRAM),
        )

    async def begin(self, source: str, **more: object) -> JobRow:
        return await self.jobs.start_backtest(BacktestWish("Dip", source, **more))  # type: ignore[arg-type]

    async def until(self, job_id: str, is_it: Callable[[JobRow], bool]) -> JobRow:
        while True:
            row = await self.jobs.find(job_id)
            assert row is not None
            if is_it(row):
                return row
            await asyncio.sleep(0.002)

    async def over(self, job_id: str) -> JobRow:
        return await self.until(job_id, lambda row: row.is_over)


@pytest.fixture
def tell(tmp_path: Path) -> Callable[[Callable[[Bench], Awaitable[None]]], None]:
    def told(story: Callable[[Bench], Awaitable[None]]) -> None:
        async def whole() -> None:
            bench = Bench(tmp_path / "jobs")
            try:
                async with asyncio.timeout(30):
                    await story(bench)
            finally:
                await bench.supervisor.close()

        asyncio.run(whole())

    return told


Tell = Callable[[Callable[[Bench], Awaitable[None]]], None]


def test_a_job_is_done_and_kept_with_its_report(tell: Tell, tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        row = await bench.begin("quick")
        assert (row.state, row.asked_ms) == (JobState.WAITING, AT_MS)
        done = await bench.over(row.job_id)
        assert (done.state, done.done_ratio, done.ended_ms) == (JobState.DONE, 1.0, AT_MS)
        assert done.result == a_result()
        assert done.text == "+12.50 % in 40 trades, 6.25 % at worst below a high"
        assert await bench.jobs.find_report(row.job_id) == "<p>done</p>"
        again = Bench(tmp_path / "jobs")
        assert await again.jobs.newest() == (done,)
        assert (await again.begin("quick")).job_id == "job-2"
        await again.over("job-2")
        await again.supervisor.close()

    tell(story)


def test_what_was_wished_reaches_the_program(tell: Tell) -> None:
    async def story(bench: Bench) -> None:
        row = await bench.begin("fail", symbols=("AUSDT",), from_ms=AT_MS, until_ms=AT_MS + 60_000)
        failed = await bench.over(row.job_id)
        assert failed.state is JobState.FAILED
        assert failed.text == (
            "--from 2025-01-01T00:00:00+00:00 --to 2025-01-01T00:01:00+00:00 --symbols AUSDT"
        )
        assert await bench.jobs.find_report(row.job_id) is None

    tell(story)


def test_one_runs_and_the_next_waits_for_it(tell: Tell) -> None:
    async def story(bench: Bench) -> None:
        first, second = await bench.begin("wait"), await bench.begin("quick")
        running = await bench.until(first.job_id, lambda row: row.text == "runs")
        assert (running.state, running.done_ratio) == (JobState.RUNNING, 1.0)
        waiting = await bench.jobs.find(second.job_id)
        assert waiting is not None
        assert waiting.state is JobState.WAITING
        canceled = await bench.jobs.cancel(first.job_id)
        assert canceled is not None
        assert (canceled.state, canceled.ended_ms) == (JobState.CANCELED, AT_MS)
        assert (await bench.over(second.job_id)).state is JobState.DONE
        assert await bench.jobs.find(first.job_id) == canceled
        assert await bench.jobs.cancel(first.job_id) == canceled

    tell(story)


def test_too_many_that_wait_are_refused_and_canceling_one_makes_room(tell: Tell) -> None:
    async def story(bench: Bench) -> None:
        first = await bench.begin("wait")
        await bench.until(first.job_id, lambda row: row.state is JobState.RUNNING)
        rows = [await bench.begin("quick") for _ in range(MOST_WAITING)]
        with pytest.raises(Refused, match="jobs wait already"):
            await bench.begin("quick")
        await bench.jobs.cancel(rows[0].job_id)
        await bench.begin("quick")

    tell(story)


def test_there_is_nothing_of_a_job_that_nobody_began(tell: Tell) -> None:
    async def story(bench: Bench) -> None:
        found = await asyncio.gather(bench.jobs.find("job-7"), bench.jobs.cancel("job-7"))
        assert found == [None, None]
        assert await bench.jobs.find_report("job-7") is None

    tell(story)


def test_the_oldest_that_are_over_are_forgotten(tell: Tell, tmp_path: Path) -> None:
    shelf = JobShelf(tmp_path / "jobs")
    for number in range(1, MOST_KEPT + 2):
        shelf.begin(a_job(job_id=f"job-{number}", state=JobState.DONE), "")

    async def story(bench: Bench) -> None:
        row = await bench.begin("wait")
        assert len(await bench.jobs.newest()) == MOST_KEPT + 1
        assert await bench.jobs.find("job-1") is None
        assert row.job_id == f"job-{MOST_KEPT + 2}"

    tell(story)
    assert not (tmp_path / "jobs" / "job-1").exists()


def test_an_engine_that_ends_takes_its_job_along(tell: Tell, tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        row = await bench.begin("wait")
        await bench.until(row.job_id, lambda row: row.text == "runs")
        await bench.supervisor.close()

    tell(story)
    (row,) = JobShelf(tmp_path / "jobs").load().values()
    assert row.state is JobState.FAILED
