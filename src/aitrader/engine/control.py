"""The `Control` port: what a person may ask of an engine, made events.

Whatever changes something is answered after the engine has worked out and committed all that
followed, so "ok" means: it is on disk. A refusal is an answer, not an exception.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, TypeVar, cast

import msgspec

from aitrader.engine.board import Board
from aitrader.model import ids
from aitrader.model.candle import INTERVAL_MS, Candle
from aitrader.model.control import (
    AddTrader,
    Answer,
    AnyRequest,
    CheckTrader,
    CloseAll,
    ClosePosition,
    ExplainTrader,
    ExplanationRow,
    PauseEntries,
    ReadCandles,
    ReadSignal,
    ReadTrader,
    RemoveTrader,
    StopEngine,
    SwitchTrader,
)
from aitrader.model.errors import FilterFault, Transient
from aitrader.model.events import (
    CloseAsked,
    EntriesPaused,
    Event,
    TraderRemoved,
    TraderSaved,
)
from aitrader.model.ports import Clock
from aitrader.model.position import PositionStatus
from aitrader.model.trader import Mode, Trader, TraderPlan

MOST_BARS = 1000

Handler = Callable[[AnyRequest], Awaitable[Answer]]
Q = TypeVar("Q")


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


class CandleReader(Protocol):
    """Closed candles of watched symbols, read in memory."""

    def candles(self, symbol: str, interval: str, bars: int) -> Sequence[Candle]:
        """Return the newest closed ones, oldest first; none where the symbol is not watched."""
        ...


class Explainer(Protocol):
    """Who says why a trader did not signal."""

    async def explain(
        self, trader: Trader, symbols: Sequence[str], now_ms: int
    ) -> tuple[ExplanationRow, ...]:
        """Return a row per symbol that is watched; raises FilterFault."""
        ...


class EngineControl:
    """Answers requests; `stopped` is set when the person ends the engine."""

    def __init__(
        self,
        engine: Settler,
        board: Board,
        *,
        clock: Clock,
        candles: CandleReader,
        compile_trader: Callable[[str], Checked],
        explainer: Explainer,
    ) -> None:
        self._engine = engine
        self._board = board
        self._clock = clock
        self._candles = candles
        self._compile = compile_trader
        self._explainer = explainer
        self._trader_lock = asyncio.Lock()
        self.stopped = asyncio.Event()
        self._table: Mapping[type, Handler] = dict(
            (
                _on(AddTrader, self._add_trader),
                _on(CheckTrader, self._check_trader),
                _on(RemoveTrader, self._remove_trader),
                _on(SwitchTrader, self._switch_trader),
                _on(PauseEntries, self._pause_entries),
                _on(ClosePosition, self._close_position),
                _on(CloseAll, self._close_all),
                _on(StopEngine, self._stop_engine),
                _on(ReadTrader, self._read_trader),
                _on(ReadCandles, self._read_candles),
                _on(ReadSignal, self._read_signal),
                _on(ExplainTrader, self._explain_trader),
            )
        )

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
            return _no(f"not on disk yet: {exc.reason}")

    async def _add_trader(self, request: AddTrader) -> Answer:
        try:
            compiled = await asyncio.to_thread(self._compile, request.source)
        except FilterFault as exc:
            return _no(str(exc))
        async with self._trader_lock:
            name = compiled.plan.name
            known = next((t for t in self._board.traders.values() if t.plan.name == name), None)
            refusal = _refusal(request, name, known)
            if refusal:
                return _no(refusal)
            if known is None:
                trader = self._new_trader(request.source, compiled)
                text = f"{name} is watching"
            elif known.source == request.source:
                return _yes(f"{name} is as it was")
            else:
                trader = msgspec.structs.replace(
                    known, source=request.source, plan=compiled.plan, version=known.version + 1
                )
                text = f"{name} is now version {trader.version}"
            await self._save(trader)
        return _yes("; ".join((text, *compiled.warnings)))

    async def _check_trader(self, request: CheckTrader) -> Answer:
        try:
            compiled = await asyncio.to_thread(self._compile, request.source)
        except FilterFault as exc:
            return _no(str(exc))
        plan = compiled.plan
        text = f"{plan.name} is sound: {plan.side.value} on {plan.interval} candles"
        return _yes("; ".join((text, *compiled.warnings)))

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
            trader = self._find_trader(request.trader_id)
            if trader is None:
                return self._no_trader(request.trader_id)
            await self._engine.settle(
                TraderRemoved(at_ms=self._clock.now_ms(), trader_id=trader.trader_id)
            )
        return _yes(f"{trader.plan.name} is removed; its open positions stay guarded")

    async def _switch_trader(self, request: SwitchTrader) -> Answer:
        async with self._trader_lock:
            trader = self._find_trader(request.trader_id)
            if trader is None:
                return self._no_trader(request.trader_id)
            if trader.is_enabled is not request.is_enabled:
                await self._save(
                    msgspec.structs.replace(
                        trader, is_enabled=request.is_enabled, version=trader.version + 1
                    )
                )
        return _yes(f"{trader.plan.name} is {'on' if request.is_enabled else 'off'}")

    async def _pause_entries(self, request: PauseEntries) -> Answer:
        await self._engine.settle(
            EntriesPaused(at_ms=self._clock.now_ms(), is_paused=request.is_paused)
        )
        return _yes("no new entries; exits go on" if request.is_paused else "entries again")

    async def _close_position(self, request: ClosePosition) -> Answer:
        position = self._board.positions.get(ids.PositionId(request.position_id))
        if position is None or position.status is PositionStatus.CLOSED:
            return _no(f"there is no open position {request.position_id}")
        await self._engine.settle(
            CloseAsked(at_ms=self._clock.now_ms(), position_id=position.position_id)
        )
        return _yes(f"{position.symbol} is being closed at market")

    async def _close_all(self, _: CloseAll) -> Answer:
        now_ms = self._clock.now_ms()
        positions = self._board.open_positions()
        wishes: list[Event] = [EntriesPaused(at_ms=now_ms, is_paused=True)]
        wishes += [CloseAsked(at_ms=now_ms, position_id=p.position_id) for p in positions]
        # all are posted before the first is waited for: a disk that refuses must not stop exits
        await asyncio.gather(*[self._engine.settle(wish) for wish in wishes])
        return _yes(f"no new entries; closing {len(positions)} positions at market")

    async def _stop_engine(self, _: StopEngine) -> Answer:
        self.stopped.set()
        return _yes("the engine ends; what rests at the venue stays")

    async def _read_trader(self, request: ReadTrader) -> Answer:
        trader = self._find_trader(request.trader_id)
        return self._no_trader(request.trader_id) if trader is None else _yes(trader.source)

    async def _read_candles(self, request: ReadCandles) -> Answer:
        if request.interval not in INTERVAL_MS:
            return _no(
                f"interval: expected one of {' '.join(INTERVAL_MS)}, found {request.interval}"
            )
        if not 1 <= request.bars <= MOST_BARS:
            return _no(f"bars: expected 1 to {MOST_BARS}, found {request.bars}")
        candles = self._candles.candles(request.symbol, request.interval, request.bars)
        if not candles:
            return _no(f"{request.symbol} {request.interval} is not watched or has no candles yet")
        return Answer(ask_id=0, is_ok=True, text="", candles=tuple(candles))

    async def _read_signal(self, request: ReadSignal) -> Answer:
        signal = self._board.signals.get(ids.SignalId(request.signal_id))
        if signal is None:
            return _no(f"signal {request.signal_id} is too old: it is in the database alone")
        return Answer(ask_id=0, is_ok=True, text="", signal=signal)

    async def _explain_trader(self, request: ExplainTrader) -> Answer:
        trader = self._find_trader(request.trader_id)
        if trader is None:
            return self._no_trader(request.trader_id)
        symbols = request.symbols or self._board.symbols_of(trader)
        try:
            rows = await self._explainer.explain(trader, symbols, self._clock.now_ms())
        except FilterFault as exc:
            return _no(str(exc))
        if not rows:
            return _no(f"{trader.plan.name} has no candles to look at yet")
        return Answer(ask_id=0, is_ok=True, text="", explanations=rows)

    def _find_trader(self, trader_id: str) -> Trader | None:
        return self._board.traders.get(ids.TraderId(trader_id))

    def _no_trader(self, trader_id: str) -> Answer:
        known = " ".join(self._board.traders) or "none"
        return _no(f"there is no trader {trader_id}; there are: {known}")


def _refusal(request: AddTrader, name: str, known: Trader | None) -> str:
    """Return why a change is not one of the trader, or of its version, that was meant; or ""."""
    if request.trader_id and (known is None or known.trader_id != request.trader_id):
        return f"NAME is {name}, which is not the trader {request.trader_id}"
    if request.version and known is not None and known.version != request.version:
        return f"{name} is at version {known.version}, this was made from {request.version}"
    return ""


def _yes(text: str) -> Answer:
    return Answer(ask_id=0, is_ok=True, text=text)


def _no(text: str) -> Answer:
    return Answer(ask_id=0, is_ok=False, text=text)


def _on(kind: type[Q], handle: Callable[[Q], Awaitable[Answer]]) -> tuple[type, Handler]:
    return kind, cast(Handler, handle)
