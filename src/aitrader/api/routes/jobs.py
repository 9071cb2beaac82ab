"""Long work beside the engine: backtests, how far they are, their reports."""

from __future__ import annotations

from starlette.responses import HTMLResponse, Response

from aitrader.api.inside import Inside
from aitrader.api.outgoing_past import job_out
from aitrader.api.page import PAGE_POLICY
from aitrader.api.policy import Access
from aitrader.api.problems import Failure
from aitrader.api.router import Operation
from aitrader.api.schemas import Key
from aitrader.api.schemas_past import JobOut, Jobs, NewBacktest
from aitrader.api.tokens import Caller
from aitrader.model.control import (
    AnyRequest,
    CancelJob,
    ReadJob,
    ReadJobs,
    ReadReport,
    StartBacktest,
)

ONE = "/api/jobs/{job_id}"


class JobRoutes:
    """What concerns jobs."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    def operations(self) -> tuple[Operation, ...]:
        """Return the routes."""
        read, full = Access.READ, Access.FULL
        return (
            Operation(
                "POST", "/api/backtests", self.start_backtest,
                access=full, status=202, errors=(422,),
            ),
            Operation("GET", "/api/jobs", self.jobs, access=read),
            Operation("GET", ONE, self.job, access=read, errors=(404,)),
            Operation("DELETE", ONE, self.cancel_job, access=full, errors=(404,)),
            Operation(
                "GET", f"{ONE}/report", self.report,
                access=read, errors=(404,), media_type="text/html",
            ),
        )  # fmt: skip

    async def start_backtest(self, body: NewBacktest, caller: Caller) -> JobOut:
        """Run a trader over the candles of the data folder, in a process of its own."""
        request = StartBacktest(
            trader_id=body.trader_id or "",
            source=body.source,
            symbols=body.symbols,
            from_ms=body.from_ms,
            until_ms=body.until_ms,
        )
        return await self._job(caller, request, status=422)

    async def jobs(self, caller: Caller) -> Jobs:
        """The jobs that are kept, newest first."""
        answer = await self._inside.ask(caller, ReadJobs())
        return Jobs(tuple(map(job_out, answer.jobs)))

    async def job(self, job_id: Key, caller: Caller) -> JobOut:
        """How far a job has come, and what came of it."""
        return await self._job(caller, ReadJob(job_id), status=404)

    async def cancel_job(self, job_id: Key, caller: Caller) -> JobOut:
        """End a job that waits or runs; one that is over stays as it is."""
        return await self._job(caller, CancelJob(job_id), status=404)

    async def report(self, job_id: Key, caller: Caller) -> Response:
        """The report of a job that is done, as a page that needs nothing else."""
        answer = await self._inside.ask(caller, ReadReport(job_id))
        if not answer.is_ok:
            raise Failure(404, answer.text)
        return HTMLResponse(answer.text, headers={"content-security-policy": PAGE_POLICY})

    async def _job(self, caller: Caller, request: AnyRequest, *, status: int) -> JobOut:
        answer = await self._inside.ask(caller, request)
        if not answer.is_ok or answer.job is None:
            raise Failure(status, answer.text)
        return job_out(answer.job)
