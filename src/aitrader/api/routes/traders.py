"""Traders: list, read, check, add, change, switch, remove."""

from __future__ import annotations

from aitrader.api import outgoing
from aitrader.api.inside import Inside
from aitrader.api.policy import Access
from aitrader.api.problems import Failure
from aitrader.api.router import Operation
from aitrader.api.schemas import (
    ChangedTrader,
    Done,
    Explanations,
    Key,
    MaybeSymbol,
    Money,
    NewTrader,
    Switch,
    TraderFile,
    Traders,
)
from aitrader.api.tokens import Caller
from aitrader.model.control import (
    AddTrader,
    AnyRequest,
    CheckTrader,
    ExplainTrader,
    ReadTrader,
    RemoveTrader,
    SetMode,
    SwitchTrader,
)
from aitrader.model.view import TraderRow

PATH = "/api/traders"
ONE = "/api/traders/{trader_id}"


class TraderRoutes:
    """What concerns traders."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    def operations(self) -> tuple[Operation, ...]:
        """Return the routes."""
        read, full = Access.READ, Access.FULL
        return (
            Operation("GET", PATH, self.traders, access=read, errors=(503,), is_shared=True),
            Operation("POST", PATH, self.add_trader, access=full, status=201, errors=(422, 503)),
            Operation("POST", "/api/check", self.check_trader, access=read, errors=(422,)),
            Operation("GET", ONE, self.trader, access=read, errors=(404, 503)),
            Operation(
                "GET", f"{ONE}/explanation", self.explain_trader,
                access=read, errors=(404, 422, 503),
            ),
            Operation("PUT", ONE, self.change_trader, access=full, errors=(404, 409, 422, 503)),
            Operation("PATCH", ONE, self.switch_trader, access=full, errors=(404, 422, 503)),
            Operation("PUT", f"{ONE}/mode", self.set_mode, access=full, errors=(404, 422, 503)),
            Operation(
                "DELETE", ONE, self.remove_trader, access=full, status=204, errors=(404, 422, 503)
            ),
        )  # fmt: skip

    async def traders(self) -> Traders:
        """All traders and what they have done."""
        frame = await self._inside.frame()
        return Traders(tuple(map(outgoing.trader_out, frame.traders)), frame.status.now_ms)

    async def trader(self, trader_id: Key, caller: Caller) -> TraderFile:
        """One trader and its file."""
        row = await self._find(trader_id)
        answer = await self._inside.ask(caller, ReadTrader(trader_id))
        if not answer.is_ok:
            raise Failure(404, answer.text)
        return TraderFile(outgoing.trader_out(row), answer.text)

    async def explain_trader(
        self, trader_id: Key, caller: Caller, symbol: MaybeSymbol = ""
    ) -> Explanations:
        """Why a trader did or did not signal on the newest closed candle of its symbols."""
        await self._find(trader_id)
        symbols = (symbol,) if symbol else ()
        answer = await self._inside.ask(caller, ExplainTrader(trader_id, symbols))
        if not answer.is_ok:
            raise Failure(422, answer.text)
        return Explanations(tuple(map(outgoing.explanation_out, answer.explanations)))

    async def check_trader(self, body: NewTrader, caller: Caller) -> Done:
        """Say whether a trader file is sound, and change nothing."""
        return await self._do(caller, CheckTrader(body.source))

    async def add_trader(self, body: NewTrader, caller: Caller) -> Done:
        """Check a trader file and start it on paper; a known name is a new version of it."""
        return await self._do(caller, AddTrader(body.source))

    async def change_trader(self, trader_id: Key, body: ChangedTrader, caller: Caller) -> Done:
        """Change a trader's file, if it is still at the version the change was made from."""
        row = await self._find(trader_id)
        if row.version == body.version:
            answer = await self._inside.ask(
                caller, AddTrader(body.source, trader_id=trader_id, version=body.version)
            )
            if answer.is_ok:
                return Done(answer.text)
            row = await self._find(trader_id)
            if row.version == body.version:
                raise Failure(422, answer.text)
        raise Failure(
            409, f"it is at version {row.version}, the change was made from {body.version}"
        )

    async def switch_trader(self, trader_id: Key, body: Switch, caller: Caller) -> Done:
        """Start or stop looking for entries with one trader."""
        await self._find(trader_id)
        return await self._do(caller, SwitchTrader(trader_id, body.enabled))

    async def set_mode(self, trader_id: Key, body: Money, caller: Caller) -> Done:
        """Have a trader enter with paper or live money; not sure of LIVE, it says what it means."""
        await self._find(trader_id)
        return await self._do(caller, SetMode(trader_id, body.mode, body.sure))

    async def remove_trader(self, trader_id: Key, caller: Caller) -> None:
        """Forget a trader; its open positions stay guarded."""
        await self._find(trader_id)
        await self._do(caller, RemoveTrader(trader_id))

    async def _do(self, caller: Caller, request: AnyRequest) -> Done:
        answer = await self._inside.ask(caller, request)
        if not answer.is_ok:
            raise Failure(422, answer.text)
        return Done(answer.text)

    async def _find(self, trader_id: str) -> TraderRow:
        frame = await self._inside.frame()
        for row in frame.traders:
            if row.trader_id == trader_id:
                return row
        raise Failure(404, f"there is no trader {trader_id}")
