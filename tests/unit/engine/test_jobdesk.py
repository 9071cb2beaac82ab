"""What a face may ask about jobs."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from tests.builders import AT_MS, TRADER, a_job, a_trader
from tests.unit.engine.test_control import check

from aitrader.engine.board import Board
from aitrader.engine.jobdesk import JobDesk
from aitrader.model.control import (
    Answer,
    AnyRequest,
    CancelJob,
    ReadJob,
    ReadJobs,
    ReadReport,
    StartBacktest,
)
from aitrader.model.errors import Refused
from aitrader.model.events import TraderSaved
from aitrader.model.job import BacktestWish, JobRow, JobState


class OneJob:
    """Jobs that has one at most."""

    def __init__(self) -> None:
        self.wishes: list[BacktestWish] = []
        self.refusal = ""

    async def start_backtest(self, wish: BacktestWish) -> JobRow:
        if self.refusal:
            raise Refused(0, self.refusal)
        self.wishes.append(wish)
        return a_job(name=wish.name, text="waits for its turn")

    async def find(self, job_id: str) -> JobRow | None:
        return a_job(text="runs") if job_id == "job-1" else None

    async def newest(self) -> tuple[JobRow, ...]:
        return (a_job(),)

    async def cancel(self, job_id: str) -> JobRow | None:
        return a_job(state=JobState.CANCELED) if job_id == "job-1" else None

    async def find_report(self, job_id: str) -> str | None:
        return "<p>" if job_id == "job-1" else None


def ask(request: AnyRequest, jobs: OneJob | None = None) -> Answer:
    board = Board(Decimal(10_000))
    board.update([TraderSaved(at_ms=AT_MS, trader=a_trader(source="Dip\n"))])
    desk = JobDesk(jobs or OneJob(), board, compile_trader=check)

    async def story() -> Answer:
        return await desk.handlers[type(request)](request)

    return asyncio.run(story())


def test_a_trader_is_run_over_past_candles() -> None:
    jobs = OneJob()
    answer = ask(StartBacktest(TRADER, symbols=("BTCUSDT",), from_ms=5, until_ms=9), jobs)
    assert (answer.is_ok, answer.text) == (True, "Dip is run over past candles: job-1")
    assert answer.job == a_job(name="Dip", text="waits for its turn")
    assert jobs.wishes == [BacktestWish("Dip", "Dip\n", ("BTCUSDT",), 5, 9)]


def test_a_text_that_is_no_trader_yet_is_run_too() -> None:
    jobs = OneJob()
    assert ask(StartBacktest(source="New\n"), jobs).is_ok
    assert jobs.wishes == [BacktestWish("New", "New\n")]


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (StartBacktest(), "only one of them"),
        (StartBacktest(TRADER, source="New\n"), "only one of them"),
        (StartBacktest("nobody"), "there is no trader nobody"),
        (StartBacktest(TRADER, from_ms=-1), "expected UTC epoch milliseconds"),
        (StartBacktest(TRADER, from_ms=2**53), "before the year 10000"),
        (StartBacktest(TRADER, until_ms=2**63), "before the year 10000"),
        (StartBacktest(TRADER, from_ms=9, until_ms=9), "from_ms must be before until_ms"),
        (StartBacktest(TRADER, symbols=("--html",)), "found '--html'"),
        (StartBacktest(TRADER, symbols=("BTCUSDT",) * 1001), "at most 1000"),
        (StartBacktest(source="bad\n"), "line 3: unknown name 'rsj'"),
        (ReadJob("job-9"), "there is no job job-9"),
        (CancelJob("job-9"), "there is no job job-9"),
        (ReadReport("job-9"), "job-9 has no report"),
    ],
)
def test_what_cannot_be_done_is_said(request_: AnyRequest, reason: str) -> None:
    answer = ask(request_)
    assert not answer.is_ok
    assert reason in answer.text


def test_jobs_that_cannot_begin_say_why() -> None:
    jobs = OneJob()
    jobs.refusal = "8 jobs wait already"
    answer = ask(StartBacktest(TRADER), jobs)
    assert (answer.is_ok, answer.text) == (False, "8 jobs wait already")


def test_jobs_are_read_and_canceled() -> None:
    assert ask(ReadJob("job-1")).job == a_job(text="runs")
    assert ask(ReadJobs()).jobs == (a_job(),)
    assert ask(ReadReport("job-1")).text == "<p>"
    answer = ask(CancelJob("job-1"))
    assert answer.text == "job-1 is canceled"
    assert answer.job == a_job(state=JobState.CANCELED)
