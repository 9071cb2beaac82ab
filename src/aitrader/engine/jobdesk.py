"""Requests about jobs: what a face may have done beside the engine, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import msgspec

from aitrader.engine.board import Board
from aitrader.engine.control import Checked
from aitrader.engine.reading import Handler, find_trader, no, no_trader, on, yes
from aitrader.model.control import (
    Answer,
    CancelJob,
    ReadJob,
    ReadJobs,
    ReadReport,
    StartBacktest,
)
from aitrader.model.errors import FilterFault, Refused
from aitrader.model.job import BacktestWish, JobRow
from aitrader.model.ports import Jobs

MOST_SYMBOLS = 1000
LAST_MS = 253_402_300_799_999
"""The end of the year 9999, after which no calendar goes on."""


class JobDesk:
    """Answers what concerns jobs; `handlers` has one per request."""

    def __init__(
        self, jobs: Jobs, board: Board, *, compile_trader: Callable[[str], Checked]
    ) -> None:
        self._jobs = jobs
        self._board = board
        self._compile = compile_trader
        self.handlers: Mapping[type, Handler] = dict(
            (
                on(StartBacktest, self._start_backtest),
                on(ReadJob, self._read_job),
                on(ReadJobs, self._read_jobs),
                on(ReadReport, self._read_report),
                on(CancelJob, self._cancel_job),
            )
        )

    async def _start_backtest(self, request: StartBacktest) -> Answer:
        source = request.source
        if bool(source) == bool(request.trader_id):
            return no("expected a trader or the text of a trader file, and only one of them")
        if request.trader_id:
            trader = find_trader(self._board, request.trader_id)
            if trader is None:
                return no_trader(self._board, request.trader_id)
            source = trader.source
        refusal = _refusal(request)
        if refusal:
            return no(refusal)
        try:
            checked = await asyncio.to_thread(self._compile, source)
            row = await self._jobs.start_backtest(
                BacktestWish(
                    name=checked.plan.name,
                    source=source,
                    symbols=request.symbols,
                    from_ms=request.from_ms,
                    until_ms=request.until_ms,
                )
            )
        except FilterFault as fault:
            return no(str(fault))
        except Refused as refused:
            return no(refused.reason)
        return _with(row, f"{row.name} is run over past candles: {row.job_id}")

    async def _read_job(self, request: ReadJob) -> Answer:
        row = await self._jobs.find(request.job_id)
        return _no_job(request.job_id) if row is None else _with(row, row.text)

    async def _read_jobs(self, _: ReadJobs) -> Answer:
        return msgspec.structs.replace(yes(""), jobs=await self._jobs.newest())

    async def _read_report(self, request: ReadReport) -> Answer:
        page = await self._jobs.find_report(request.job_id)
        return no(f"{request.job_id} has no report") if page is None else yes(page)

    async def _cancel_job(self, request: CancelJob) -> Answer:
        row = await self._jobs.cancel(request.job_id)
        if row is None:
            return _no_job(request.job_id)
        return _with(row, f"{row.job_id} is {row.state.value.lower()}")


def _refusal(request: StartBacktest) -> str:
    """Return what is wrong with a wish, "" if nothing is."""
    if not (0 <= request.from_ms <= LAST_MS and 0 <= request.until_ms <= LAST_MS):
        return "from_ms and until_ms: expected UTC epoch milliseconds before the year 10000, or 0"
    if request.until_ms and request.from_ms >= request.until_ms:
        return "from_ms must be before until_ms"
    odd = [name for name in request.symbols if not (name.isascii() and name.isalnum())]
    if odd or len(request.symbols) > MOST_SYMBOLS:
        return f"symbols: expected at most {MOST_SYMBOLS} such as BTCUSDT" + (
            f", found {odd[0][:40]!r}" if odd else ""
        )
    return ""


def _with(row: JobRow, text: str) -> Answer:
    return msgspec.structs.replace(yes(text), job=row)


def _no_job(job_id: str) -> Answer:
    return no(f"there is no job {job_id[:60]}")
