"""A live engine in this process: stages, loop and venue on the simulated exchange, its disk a list.

Quick enough for many stories, and it can be killed at any moment: what it had not written is lost,
what it had sent is at the exchange.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from tests.builders import a_plan, a_signal, a_trader, some_exits
from tests.memory_store import MemoryStore
from tests.pipeline import FixedPrices
from tests.unit.exchange.binance.account_room import AccountRoom
from tests.unit.exchange.binance.stub import until

from aitrader.engine.clock import SystemClock
from aitrader.engine.dispatch import Dispatch, Venues, on
from aitrader.engine.dump import Dumps
from aitrader.engine.engine import Engine
from aitrader.engine.health import Health
from aitrader.engine.inbox import BoundedInbox
from aitrader.engine.journal import Journal
from aitrader.engine.recover import recover
from aitrader.engine.supervisor import Supervisor
from aitrader.engine.timers import ClockTimers
from aitrader.exchange.binance.limits import WeightLimiter
from aitrader.exchange.binance.rest import BinanceRest
from aitrader.exchange.binance.venue import BinanceVenue
from aitrader.execution.risk import ExecutionSettings
from aitrader.execution.stage import ExecutionStage
from aitrader.model.account import LIVE
from aitrader.model.candle import MINUTE_MS
from aitrader.model.commands import (
    ArmBand,
    CancelOrders,
    DisarmBand,
    QueryOrder,
    StartTimer,
    StopTimer,
    SubmitOrder,
)
from aitrader.model.events import (
    CandlesClosed,
    EntryWanted,
    Event,
    InstrumentsLoaded,
    PositionClosed,
    PositionOpened,
    PositionUpdated,
    TraderSaved,
)
from aitrader.model.ids import PositionId
from aitrader.model.ports import Inbox
from aitrader.model.position import Position, PositionStatus
from aitrader.model.trader import Exits, Mode
from aitrader.positions.stage import PositionStage
from aitrader.signals.stage import SignalStage

TRADER = a_trader(plan=a_plan(interval="1m"), mode=Mode.LIVE)


class Rules:
    """As much of a market as a start asks of it: the rules of its symbols."""

    def __init__(self, url: str, inbox: Inbox, clock: SystemClock) -> None:
        self._rest = BinanceRest(url, WeightLimiter())
        self._inbox = inbox
        self._clock = clock

    async def open(self) -> None:
        rules = await self._rest.fetch_instruments()
        await self._rest.close()
        self._inbox.post(InstrumentsLoaded(at_ms=self._clock.now_ms(), instruments=rules))


class LiveEngine:
    """One life of an engine with one live account; `store` outlives it."""

    def __init__(self, room: AccountRoom, store: MemoryStore) -> None:
        self.room, self.store = room, store
        self.clock, self.prices = SystemClock(), FixedPrices()
        self._positions: dict[PositionId, Position] = {}
        health = Health()
        self.inbox, self._supervisor = BoundedInbox(health), Supervisor(health)
        self.venue = BinanceVenue(
            self.inbox, self.clock, tasks=self._supervisor, settings=room.settings
        )
        venue, timers = Venues({LIVE: self.venue}), ClockTimers(self.inbox, self.clock)
        handlers = dict(
            (
                on(SubmitOrder, venue.submit),
                on(CancelOrders, venue.cancel),
                on(QueryOrder, venue.query),
                on(StartTimer, timers.start_command),
                on(StopTimer, timers.stop_command),
                on(ArmBand, _nothing),  # no price is shown to this engine
                on(DisarmBand, _nothing),
            )
        )
        settings = ExecutionSettings(
            account=LIVE, start_cash=Decimal(0), has_shorts=False, audit_ms=5_000
        )
        self.engine = Engine(
            self.inbox,
            (
                SignalStage((LIVE,)),
                ExecutionStage(settings, self.prices),
                PositionStage(self.prices),
            ),
            journal=Journal(store, health),
            dispatch=Dispatch(handlers, self._supervisor, inbox=self.inbox, clock=self.clock),
            observers=(self,),
            dumps=Dumps(None, health),
        )

    async def start(self) -> None:
        """Recover and run until all that recovery found is worked out."""
        market = Rules(self.room.url, self.inbox, self.clock)
        saved = await recover(
            self.store,
            {LIVE: self.venue},
            market=market,  # type: ignore[arg-type] - a start asks nothing else of it
            inbox=self.inbox,
            clock=self.clock,
        )
        self._positions = {row.position_id: row for row in saved.positions}
        self._supervisor.spawn("engine", self.engine.run())
        await self.engine.begun()

    async def kill(self) -> None:
        """End it as a crash does."""
        await self._supervisor.close()
        await self.venue.close()

    # -- what happens

    def post(self, event: Event) -> None:
        self.inbox.post(event)

    async def enter(self, *, amount: str = "100", exits: Exits | None = None) -> Position:
        """Buy for so much quote, and return the position once it is open."""
        price, now_ms = await self.room.price(), self.clock.now_ms()
        plan = a_plan(interval="1m")
        limits = msgspec.structs.replace(plan.limits, value=Decimal(amount))
        trader = msgspec.structs.replace(TRADER, plan=msgspec.structs.replace(plan, limits=limits))
        self.post(TraderSaved(at_ms=now_ms, trader=trader))
        self.post(CandlesClosed(at_ms=now_ms, intervals=("1m",)))
        signal = a_signal(
            interval="1m",
            candle_open_ms=now_ms // MINUTE_MS * MINUTE_MS - MINUTE_MS,
            raised_ms=now_ms,
            price=price,
            exits=exits or some_exits(),
        )
        self.post(EntryWanted(at_ms=now_ms, signal=signal, account=LIVE))
        await until(self.positions)
        return self.positions()[0]

    # -- what is so

    def update(self, facts: Sequence[Event]) -> None:
        """Keep the positions as they are told."""
        for fact in facts:
            if isinstance(fact, PositionOpened | PositionUpdated | PositionClosed):
                self._positions[fact.position.position_id] = fact.position

    def positions(self) -> list[Position]:
        """The positions that this engine holds for open."""
        rows = self._positions.values()
        return [row for row in rows if row.status is not PositionStatus.CLOSED]

    async def orders(self, *, is_open_only: bool = False) -> list[dict[str, Any]]:
        """The orders that the exchange has had, in their order."""
        query = {"open": "true"} if is_open_only else {}
        answer = await self.room.http.get("/simulator/books", params=query)
        found: list[dict[str, Any]] = answer.json()["orders"]
        return found


def _nothing(_command: ArmBand | DisarmBand) -> None:
    pass


async def until_so(is_so: Callable[[], Awaitable[object]]) -> None:
    """Wait for something that has to be asked for."""
    async with asyncio.timeout(20):
        while not await is_so():  # noqa: ASYNC110 - it is asked of a server
            await asyncio.sleep(0.01)
