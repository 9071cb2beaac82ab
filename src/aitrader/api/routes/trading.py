"""What was found, held and ordered: signals, positions, orders and fills, now and in the past."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from aitrader.api import outgoing
from aitrader.api.inside import END_OF_TIME_MS, Inside
from aitrader.api.policy import Access, Budget
from aitrader.api.problems import Failure
from aitrader.api.router import Operation
from aitrader.api.schemas import (
    Done,
    Fills,
    Key,
    Limit,
    Millis,
    NewStop,
    Orders,
    PastPositions,
    PastSignals,
    PositionOut,
    Positions,
    SignalDetail,
    Signals,
)
from aitrader.api.tokens import Caller
from aitrader.model.control import ClosePosition, MoveStop, ReadSignal
from aitrader.model.view import PositionRow

Which = Literal["open", "closed", "all"]
CLOSED = "CLOSED"


class TradingRoutes:
    """What concerns money."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    def operations(self) -> tuple[Operation, ...]:
        """Return the routes."""
        read = Access.READ
        one = "/api/positions/{position_id}"
        return (
            Operation(
                "GET", "/api/signals", self.signals, access=read, errors=(503,), is_shared=True
            ),
            Operation("GET", "/api/signals/{signal_id}", self.signal, access=read, errors=(404,)),
            Operation(
                "GET", "/api/positions", self.positions, access=read, errors=(503,), is_shared=True
            ),
            Operation("GET", one, self.position, access=read, errors=(404, 503)),
            Operation(
                "POST",
                f"{one}/close",
                self.close_position,
                access=Access.FULL,
                budget=Budget.ORDERS,
                status=202,
                errors=(404, 422, 503),
            ),
            Operation(
                "POST", f"{one}/stop", self.move_stop,
                access=Access.FULL, budget=Budget.ORDERS, status=202, errors=(404, 422, 503),
            ),
            Operation("GET", "/api/history/signals", self.past_signals, access=read),
            Operation("GET", "/api/history/positions", self.past_positions, access=read),
            Operation("GET", "/api/orders", self.orders, access=read),
            Operation("GET", "/api/fills", self.fills, access=read),
        )  # fmt: skip

    async def signals(
        self, limit: Limit = 100, trader: str = "", symbol: str = "", status: str = ""
    ) -> Signals:
        """The newest signals since the start, those of a trader (by name), symbol or status."""
        frame = await self._inside.frame()
        rows = [
            row
            for row in sorted(frame.signals, key=lambda row: row.at_ms, reverse=True)
            if trader in ("", row.trader)
            and symbol in ("", row.symbol)
            and status in ("", row.status)
        ]
        return Signals(tuple(map(outgoing.signal_out, rows[:limit])), frame.status.now_ms)

    async def signal(self, signal_id: Key, caller: Caller) -> SignalDetail:
        """One signal with the values behind its conditions."""
        answer = await self._inside.ask(caller, ReadSignal(signal_id))
        if not answer.is_ok or answer.signal is None:
            raise Failure(404, f"there is no signal {signal_id}")
        return outgoing.signal_detail(answer.signal)

    async def positions(
        self, limit: Limit = 100, which: Which = "open", trader: str = "", symbol: str = ""
    ) -> Positions:
        """Positions that are open, or were closed lately, those of a trader or symbol."""
        frame = await self._inside.frame()
        rows = [
            row
            for row in sorted(frame.positions, key=lambda row: row.opened_ms, reverse=True)
            if which in ("all", "closed" if row.status == CLOSED else "open")
            and trader in ("", row.trader)
            and symbol in ("", row.symbol)
        ]
        return Positions(tuple(map(outgoing.position_out, rows[:limit])), frame.status.now_ms)

    async def position(self, position_id: Key) -> PositionOut:
        """One position that is open or was closed lately."""
        return outgoing.position_out(await self._find(position_id))

    async def close_position(self, position_id: Key, caller: Caller) -> Done:
        """Take a position's protection off and sell what is left at market."""
        await self._find(position_id)
        answer = await self._inside.ask(caller, ClosePosition(position_id))
        if not answer.is_ok:
            raise Failure(422, answer.text)
        return Done(answer.text)

    async def move_stop(self, position_id: Key, body: NewStop, caller: Caller) -> Done:
        """Move the stop loss of an open position to a price, tighter or looser."""
        await self._find(position_id)
        answer = await self._inside.ask(caller, MoveStop(position_id, Decimal(body.price)))
        if not answer.is_ok:
            raise Failure(422, answer.text)
        return Done(answer.text)

    async def past_signals(
        self, limit: Limit = 100, before_ms: Millis = END_OF_TIME_MS
    ) -> PastSignals:
        """Every signal there ever was, a page at a time."""
        rows = await self._inside.archive.signals(limit, before_ms=before_ms)
        next_ms = next_before([row.raised_ms for row in rows], limit)
        return PastSignals(tuple(map(outgoing.past_signal, rows)), next_ms)

    async def past_positions(
        self, limit: Limit = 100, before_ms: Millis = END_OF_TIME_MS
    ) -> PastPositions:
        """Every position there ever was, a page at a time."""
        rows = await self._inside.archive.positions(limit, before_ms=before_ms)
        next_ms = next_before([row.opened_ms for row in rows], limit)
        return PastPositions(tuple(map(outgoing.past_position, rows)), next_ms)

    async def orders(self, limit: Limit = 100, before_ms: Millis = END_OF_TIME_MS) -> Orders:
        """Every order there ever was, a page at a time."""
        rows = await self._inside.archive.orders(limit, before_ms=before_ms)
        next_ms = next_before([row.planned_ms for row in rows], limit)
        return Orders(tuple(map(outgoing.order_out, rows)), next_ms)

    async def fills(self, limit: Limit = 100, before_ms: Millis = END_OF_TIME_MS) -> Fills:
        """The fills of every order there ever was, a page of orders at a time."""
        rows = await self._inside.archive.orders(limit, before_ms=before_ms)
        next_ms = next_before([row.planned_ms for row in rows], limit)
        fills = [fill for row in rows for fill in outgoing.fills_out(row)]
        return Fills(tuple(fills), next_ms)

    async def _find(self, position_id: str) -> PositionRow:
        frame = await self._inside.frame()
        for row in frame.positions:
            if row.position_id == position_id:
                return row
        raise Failure(404, f"there is no position {position_id}")


def next_before(times_ms: Sequence[int], limit: int) -> int | None:
    """Return before which instant the next page is, None if this was the last.

    All rows of an instant are on one page, which is longer than `limit` where there are too many.
    """
    return None if len(times_ms) < limit else times_ms[-1]
