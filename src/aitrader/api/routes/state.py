"""How the engine is and what the markets do: `/health`, `/status`, markets, candles, the log."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

import aitrader
from aitrader.api import outgoing, schemas
from aitrader.api.inside import Inside
from aitrader.api.policy import Access, Budget
from aitrader.api.problems import Failure
from aitrader.api.router import Operation
from aitrader.api.schemas import Candles, Done, Health, Logs, Markets, Pause, StatusOut
from aitrader.api.tokens import Caller
from aitrader.model.candle import INTERVAL_MS
from aitrader.model.control import CloseAll, PauseEntries, ReadCandles
from aitrader.model.view import Frame

Bars = Annotated[int, Meta(ge=1, le=1000)]
Interval = Annotated[str, Meta(pattern="^(" + "|".join(INTERVAL_MS) + ")$")]


class StateRoutes:
    """What concerns the whole engine."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside
        self._markets: tuple[Frame, Markets] | None = None

    def operations(self) -> tuple[Operation, ...]:
        """Return the routes."""
        read, full = Access.READ, Access.FULL
        return (
            Operation(
                "GET", "/health", self.health,
                access=Access.PUBLIC, budget=Budget.NONE, errors=(503,), is_shared=True,
            ),
            Operation("GET", "/status", self.status, access=read, errors=(503,), is_shared=True),
            Operation(
                "GET", "/api/markets", self.markets, access=read, errors=(503,), is_shared=True
            ),
            Operation(
                "GET", "/api/candles/{symbol}/{interval}", self.candles, access=read, errors=(404,)
            ),
            Operation("GET", "/api/logs", self.logs, access=read, errors=(503,)),
            Operation(
                "POST", "/api/pause", self.pause,
                access=full, budget=Budget.NONE, errors=(422,),
            ),
            Operation(
                "POST", "/api/close-all", self.close_all,
                access=full, budget=Budget.NONE, errors=(422,),
            ),
        )  # fmt: skip

    async def health(self) -> Health:
        """Whether the engine lives, and how its parts are. Needs no token and tells no more."""
        status = (await self._inside.frame()).status
        is_stored = not self._inside.vitals.store_fault
        parts = schemas.Components(
            engine="ok", market=status.feed, store="ok" if is_stored else "failing"
        )
        is_well = is_stored and status.feed == "live"
        return Health("ok" if is_well else "degraded", aitrader.__version__, status.now_ms, parts)

    async def status(self) -> StatusOut:
        """What runs, on what, the account's money and the counters since the start."""
        status = (await self._inside.frame()).status
        cost = self._inside.vitals.cost()
        return StatusOut(
            version=aitrader.__version__,
            mode=status.mode,
            market=status.market,
            account=status.account,
            quote=status.quote,
            equity=status.equity,
            cash=status.cash,
            day_pnl=status.day_pnl,
            total_pnl=status.total_pnl,
            timestamp=status.now_ms,
            feed=status.feed,
            feed_age_ms=status.feed_age_ms,
            messages_per_s=round(status.messages_per_s, 1),
            is_paused=status.is_paused,
            candles=status.candles,
            checks=status.checks,
            signals=status.signals,
            orders=status.orders,
            positions_opened=status.positions_opened,
            positions_closed=status.positions_closed,
            open_positions=status.open_positions,
            errors=status.errors,
            notice=status.notice,
            memory_mb=round(cost.rss_mb, 1),
            cpu_s=round(cost.cpu_s, 2),
            accounts=tuple(map(outgoing.account_out, status.accounts)),
        )

    async def markets(self) -> Markets:
        """Every symbol that is followed."""
        frame = await self._inside.frame()
        if self._markets is None or self._markets[0] is not frame:
            rows = tuple(map(outgoing.market_out, frame.markets))
            self._markets = frame, Markets(rows, frame.status.now_ms)
        return self._markets[1]

    async def candles(
        self, symbol: schemas.Symbol, interval: Interval, caller: Caller, bars: Bars = 200
    ) -> Candles:
        """The newest closed candles of a symbol that is followed."""
        answer = await self._inside.ask(caller, ReadCandles(symbol, interval, bars))
        if not answer.is_ok:
            raise Failure(404, answer.text)
        return Candles(symbol, interval, tuple(map(outgoing.candle_out, answer.candles)))

    async def logs(self, limit: schemas.Limit = 100) -> Logs:
        """The newest lines of the log."""
        frame = await self._inside.frame()
        rows = frame.logs[-limit:]
        return Logs(tuple(map(outgoing.log_out, rows)), frame.status.now_ms)

    async def pause(self, body: Pause, caller: Caller) -> Done:
        """Hold new entries of all traders back, or let them in again; exits go on."""
        return await self._done(caller, PauseEntries(body.paused))

    async def close_all(self, caller: Caller) -> Done:
        """The kill switch: close every position at market and hold new entries back."""
        return await self._done(caller, CloseAll())

    async def _done(self, caller: Caller, request: PauseEntries | CloseAll) -> Done:
        answer = await self._inside.ask(caller, request)
        if not answer.is_ok:
            raise Failure(422, answer.text)
        return Done(answer.text)
