"""The `Control` port: what a person may ask of an engine, made events.

Whatever changes something is answered after the engine has worked out and committed all that
followed, so "ok" means: it is on disk. A refusal is an answer, not an exception.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from aitrader.engine.board import Board
from aitrader.engine.going_live import LivePlace, find_refusal, meaning
from aitrader.engine.reading import Handler, Reading, find_trader, no, no_trader, on, yes
from aitrader.model import ids
from aitrader.model.control import (
    AddTrader,
    Answer,
    AnyRequest,
    CheckTrader,
    CloseAll,
    ClosePosition,
    MoveStop,
    PauseEntries,
    RemoveTrader,
    SetMode,
    StopEngine,
    SwitchTrader,
)
from aitrader.model.errors import FilterFault, Transient
from aitrader.model.events import (
    CloseAllAsked,
    CloseAsked,
    EntriesPaused,
    Event,
    PositionUpdated,
    StopMoveAsked,
    StopMoveRefused,
    TraderRemoved,
    TraderSaved,
)
from aitrader.model.money import trimmed
from aitrader.model.ports import Clock
from aitrader.model.position import PositionStatus
from aitrader.model.trader import Mode, Trader, TraderPlan


class Checked(Protocol):
    """A trader file's text that has been checked, as `filters.traderfile` returns it."""

    @property
    def plan(self) -> TraderPlan:
        """What its constants say."""
        ...

    @property
    def warnings(self) -> Sequence[str]:
        """What its author should know, a sentence each."""
        ...


class Settler(Protocol):
    """The loop, as control needs it."""

    async def begun(self) -> None:
        """Return when what was saved is known again."""
        ...

    async def settle(self, event: Event) -> Sequence[Event]:
        """Post an event and return what followed once it is on disk; raises Transient."""
        ...


class EngineControl:
    """Answers requests; `stopped` is set when the person ends the engine."""

    def __init__(
        self,
        engine: Settler,
        board: Board,
        *,
        clock: Clock,
        compile_trader: Callable[[str], Checked],
        reading: Reading,
        live: LivePlace | None = None,
    ) -> None:
        """Answer for an engine; `live`: where live orders go, None where none do."""
        self._live = live
        self._engine = engine
        self._board = board
        self._clock = clock
        self._compile = compile_trader
        self._trader_lock = asyncio.Lock()
        self.stopped = asyncio.Event()
        self._table: dict[type, Handler] = dict(
            (
                on(AddTrader, self._add_trader),
                on(CheckTrader, self._check_trader),
                on(RemoveTrader, self._remove_trader),
                on(SwitchTrader, self._switch_trader),
                on(SetMode, self._set_mode),
                on(PauseEntries, self._pause_entries),
                on(ClosePosition, self._close_position),
                on(MoveStop, self._move_stop),
                on(CloseAll, self._close_all),
                on(StopEngine, self._stop_engine),
                *reading.handlers.items(),
            )
        )

    def join(self, handlers: Mapping[type, Handler]) -> None:
        """Have these answer their kinds of requests."""
        self._table.update(handlers)

    async def ask(self, request: AnyRequest) -> Answer:
        """Return what came of a request; never raises for a refusal.

        What is asked of an engine that is still starting waits until it knows what was saved:
        before that a pause would be forgotten and every trader be a new one.
        """
        if not isinstance(request, StopEngine):
            await self._engine.begun()
        try:
            return await self._table[type(request)](request)
        except Transient as exc:
            return no(f"not on disk yet: {exc.reason}")

    async def _add_trader(self, request: AddTrader) -> Answer:
        try:
            compiled = await asyncio.to_thread(self._compile, request.source)
        except FilterFault as exc:
            return no(str(exc))
        async with self._trader_lock:
            name = compiled.plan.name
            known = next((t for t in self._board.traders.values() if t.plan.name == name), None)
            refusal = _refusal(request, name, known)
            if refusal:
                return no(refusal)
            if known is None:
                trader = self._new_trader(request.source, compiled)
                text = f"{name} is watching"
            elif known.source == request.source:
                return yes(f"{name} is as it was")
            else:
                trader = msgspec.structs.replace(
                    known, source=request.source, plan=compiled.plan, version=known.version + 1
                )
                text = f"{name} is now version {trader.version}"
            await self._save(trader)
        return yes("; ".join((text, *compiled.warnings)))

    async def _check_trader(self, request: CheckTrader) -> Answer:
        try:
            compiled = await asyncio.to_thread(self._compile, request.source)
        except FilterFault as exc:
            return no(str(exc))
        plan = compiled.plan
        text = f"{plan.name} is sound: {plan.side.value} on {plan.interval} candles"
        return yes("; ".join((text, *compiled.warnings)))

    def _new_trader(self, source: str, compiled: Checked) -> Trader:
        traders = self._board.traders
        return Trader(
            trader_id=ids.trader_id(compiled.plan.name, frozenset(traders)),
            source=source,
            plan=compiled.plan,
            mode=Mode.PAPER,
            is_enabled=True,
            rank=1 + max((trader.rank for trader in traders.values()), default=0),
            version=1,
            created_ms=self._clock.now_ms(),
        )

    async def _save(self, trader: Trader) -> None:
        await self._engine.settle(TraderSaved(at_ms=self._clock.now_ms(), trader=trader))

    async def _remove_trader(self, request: RemoveTrader) -> Answer:
        async with self._trader_lock:
            trader = find_trader(self._board, request.trader_id)
            if trader is None:
                return no_trader(self._board, request.trader_id)
            await self._engine.settle(
                TraderRemoved(at_ms=self._clock.now_ms(), trader_id=trader.trader_id)
            )
        return yes(f"{trader.plan.name} is removed; its open positions stay guarded")

    async def _switch_trader(self, request: SwitchTrader) -> Answer:
        async with self._trader_lock:
            trader = find_trader(self._board, request.trader_id)
            if trader is None:
                return no_trader(self._board, request.trader_id)
            if trader.is_enabled is not request.is_enabled:
                await self._save(
                    msgspec.structs.replace(
                        trader, is_enabled=request.is_enabled, version=trader.version + 1
                    )
                )
        return yes(f"{trader.plan.name} is {'on' if request.is_enabled else 'off'}")

    async def _set_mode(self, request: SetMode) -> Answer:
        async with self._trader_lock:
            trader = find_trader(self._board, request.trader_id)
            if trader is None:
                return no_trader(self._board, request.trader_id)
            name, mode = trader.plan.name, request.mode
            if trader.mode is mode:
                return yes(f"{name} is {mode.value} already")
            if mode is Mode.LIVE:
                refusal = find_refusal(trader, self._live)
                if refusal or self._live is None:
                    return no(refusal)
                if not request.is_sure:
                    symbols = len(self._board.symbols_of(trader))
                    return yes(meaning(trader, self._live, symbols=symbols))
            await self._save(msgspec.structs.replace(trader, mode=mode, version=trader.version + 1))
        return yes(f"{name} is {mode.value} from now on; what is open stays where it was opened")

    async def _pause_entries(self, request: PauseEntries) -> Answer:
        await self._engine.settle(
            EntriesPaused(at_ms=self._clock.now_ms(), is_paused=request.is_paused)
        )
        return yes("no new entries; exits go on" if request.is_paused else "entries again")

    async def _close_position(self, request: ClosePosition) -> Answer:
        position = self._board.positions.get(ids.PositionId(request.position_id))
        if position is None or position.status is PositionStatus.CLOSED:
            return no(f"there is no open position {request.position_id}")
        await self._engine.settle(
            CloseAsked(at_ms=self._clock.now_ms(), position_id=position.position_id)
        )
        return yes(f"{position.symbol} is being closed at market")

    async def _move_stop(self, request: MoveStop) -> Answer:
        position_id = ids.PositionId(request.position_id)
        facts = await self._engine.settle(
            StopMoveAsked(at_ms=self._clock.now_ms(), position_id=position_id, price=request.price)
        )
        for fact in facts:
            if isinstance(fact, StopMoveRefused):
                return no(fact.reason)
            if isinstance(fact, PositionUpdated) and fact.position.stop_price is not None:
                return yes(
                    f"{fact.position.symbol}: the stop moves to {trimmed(fact.position.stop_price)}"
                )
        return no(f"the stop of {position_id} could not be moved")

    async def _close_all(self, _: CloseAll) -> Answer:
        count = len(self._board.open_positions())
        # one event: a crash leaves either all of it on disk or nothing
        await self._engine.settle(CloseAllAsked(at_ms=self._clock.now_ms()))
        return yes(f"no new entries; closing {count} positions at market")

    async def _stop_engine(self, _: StopEngine) -> Answer:
        self.stopped.set()
        return yes("the engine ends; what rests at the venue stays")


def _refusal(request: AddTrader, name: str, known: Trader | None) -> str:
    """Return why a change is not one of the trader, or of its version, that was meant; or ""."""
    if request.trader_id and (known is None or known.trader_id != request.trader_id):
        return f"NAME is {name}, which is not the trader {request.trader_id}"
    if request.version and known is not None and known.version != request.version:
        return f"{name} is at version {known.version}, this was made from {request.version}"
    return ""
