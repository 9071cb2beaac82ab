"""The `Jobs` port: one process after the other, what came of them kept on disk.

Theory of operation. A wish becomes a row, a folder and a place in a queue. While there is work one
task takes jobs from the queue and runs each in a child process (`child.py`), so that a backtest
never shares the engine's loop, its memory or its fate; the child itself steps back for the engine
(`nice`). A job that is canceled while it waits leaves the queue. When the engine ends, its task is
canceled and the child ends with it; the next start finds the row unfinished and says so.

Invariants: at most one child lives; a row that is over never changes again; no id is used twice.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from aitrader.jobs.child import Child
from aitrader.jobs.shelf import MOST_KEPT, JobShelf
from aitrader.model.errors import Refused
from aitrader.model.job import BacktestResult, BacktestWish, JobRow, JobState, Progress
from aitrader.model.ports import Clock, Tasks

MOST_WAITING = 8


class ProcessJobs:
    """Backtests for the faces of one engine; `command` is the program that runs one."""

    def __init__(self, folder: Path, tasks: Tasks, *, clock: Clock, command: Sequence[str]) -> None:
        self._shelf = JobShelf(folder)
        self._tasks = tasks
        self._clock = clock
        self._command = tuple(command)
        self._rows: dict[str, JobRow] | None = None
        self._queue: deque[tuple[str, tuple[str, ...]]] = deque()
        self._child: tuple[str, Child] | None = None
        self._is_working = False
        self._lock = asyncio.Lock()

    async def start_backtest(self, wish: BacktestWish) -> JobRow:
        """Return the row of a job that begins as soon as those before it have ended.

        Raises:
            Refused: Too many wait already, or the disk takes nothing.
        """
        async with self._lock:
            rows = await self._known()
            if len(self._queue) >= MOST_WAITING:
                raise Refused(0, f"{MOST_WAITING} jobs wait already: cancel one, or wait")
            row = JobRow(
                job_id=await asyncio.to_thread(self._shelf.next_id),
                name=wish.name,
                state=JobState.WAITING,
                asked_ms=self._clock.now_ms(),
                text="waits for its turn",
            )
            trader = await asyncio.to_thread(self._shelf.begin, row, wish.source)
            rows[row.job_id] = row
            await self._forget_oldest(rows)
            self._queue.append((row.job_id, self._words(wish, row.job_id, trader)))
            if not self._is_working:
                self._is_working = True
                self._tasks.spawn("jobs", self._work())
        return row

    async def find(self, job_id: str) -> JobRow | None:
        """Return a job as it stands, None if there is none of that id."""
        return (await self._known()).get(job_id)

    async def newest(self) -> tuple[JobRow, ...]:
        """Return all jobs that are kept, newest first."""
        return tuple(reversed((await self._known()).values()))

    async def cancel(self, job_id: str) -> JobRow | None:
        """Return a job that will not go on; one that is over stays as it is."""
        row = (await self._known()).get(job_id)
        if row is None or row.is_over:
            return row
        canceled = await self._end(job_id, JobState.CANCELED, "canceled")
        self._queue = deque(place for place in self._queue if place[0] != job_id)
        if self._child is not None and self._child[0] == job_id:
            self._child[1].stop()
        return canceled

    async def find_report(self, job_id: str) -> str | None:
        """Return a job's report as HTML, None if it has none."""
        row = (await self._known()).get(job_id)
        return None if row is None else await asyncio.to_thread(self._shelf.find_report, row)

    async def _known(self) -> dict[str, JobRow]:
        if self._rows is None:
            found = await asyncio.to_thread(self._shelf.load)
            if self._rows is None:  # nobody else was quicker meanwhile
                self._rows = found
        return self._rows

    async def _forget_oldest(self, rows: dict[str, JobRow]) -> None:
        for job_id in [row.job_id for row in rows.values() if row.is_over][:-MOST_KEPT]:
            del rows[job_id]
            await asyncio.to_thread(self._shelf.forget, job_id)

    def _words(self, wish: BacktestWish, job_id: str, trader: Path) -> tuple[str, ...]:
        words = [*self._command, "--html", str(self._shelf.report_path(job_id))]
        for flag, at_ms in (("--from", wish.from_ms), ("--to", wish.until_ms)):
            if at_ms:
                words += [flag, datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()]
        for symbol in wish.symbols:
            words += ["--symbols", symbol]
        return (*words, str(trader))

    async def _work(self) -> None:
        """Run what waits, one after the other, until nothing does."""
        try:
            while self._queue:
                job_id, words = self._queue.popleft()
                await self._run(job_id, Child(words))
        finally:
            self._is_working = False

    async def _run(self, job_id: str, child: Child) -> None:
        self._child = job_id, child
        self._put(job_id, state=JobState.RUNNING, text="begins")
        try:
            result = await child.run(self._progress_of(job_id))
        except Refused as refusal:
            await self._end(job_id, JobState.FAILED, refusal.reason)
        else:
            await self._end(job_id, JobState.DONE, _sentence(result), result)
        finally:
            self._child = None

    def _progress_of(self, job_id: str) -> Callable[[Progress], None]:
        def note(news: Progress) -> None:
            if not self._row(job_id).is_over:
                self._put(job_id, done_ratio=min(max(news.done_ratio, 0.0), 1.0), text=news.text)

        return note

    async def _end(
        self, job_id: str, state: JobState, text: str, result: BacktestResult | None = None
    ) -> JobRow:
        """Return a row that is over for ever, on disk; whoever came first said how."""
        row = self._row(job_id)
        if row.is_over:
            return row
        ratio = 1.0 if state is JobState.DONE else row.done_ratio
        row = self._put(
            job_id,
            state=state,
            text=text,
            ended_ms=self._clock.now_ms(),
            done_ratio=ratio,
            result=result,
        )
        await asyncio.to_thread(self._shelf.save, row)
        return row

    def _row(self, job_id: str) -> JobRow:
        assert self._rows is not None
        return self._rows[job_id]

    def _put(self, job_id: str, **changes: object) -> JobRow:
        assert self._rows is not None
        row = msgspec.structs.replace(self._rows[job_id], **changes)
        self._rows[job_id] = row
        return row


def _sentence(result: BacktestResult) -> str:
    return (
        f"{result.return_pct:+,.2f} % in {result.trades} trades, "
        f"{result.max_drawdown_pct:,.2f} % at worst below a high"
    )
